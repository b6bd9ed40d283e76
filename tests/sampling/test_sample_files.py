import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdiff.sampling.files import Samples, read_samples, write_samples


def make(x, **changes):
    n = len(x)
    columns = {
        "x": x,
        "label": ["4/9"] * (n - 1) + ["4"],
        "role": ["hybrid"] * (n - 1) + ["sample"],
        "origin": [""] * (n - 1) + ["4/9"],
        "time": [0.35] * (n - 1) + [0.0],
        "index": [*range(n - 1), 0],
        "meta": {"seed": 3, "solver": {"name": "ddim", "steps": 5}},
    }
    return Samples(**{**columns, **changes})


@pytest.mark.parametrize("shape", [(1, 8, 8), (16,), (1, 1, 1)])
def test_files_give_back_what_was_written(tmp_path, shape):
    x = np.random.default_rng(0).standard_normal((5, *shape)).astype(np.float32)
    write_samples(make(x), tmp_path / "s.parquet")
    back = read_samples(tmp_path / "s.parquet")
    assert (back.x == x).all()
    assert back.x.shape == x.shape
    assert back.x.dtype == np.float32
    assert back.label.tolist() == ["4/9"] * 4 + ["4"]
    assert back.origin.tolist() == [""] * 4 + ["4/9"]
    assert back.time.tolist() == [0.35] * 4 + [0.0]
    assert back.index.tolist() == [0, 1, 2, 3, 0]
    assert back.meta["solver"] == {"name": "ddim", "steps": 5}
    assert back.meta["shape"] == list(shape)


def test_files_are_named_for_what_they_hold(tmp_path):
    with pytest.raises(ValueError, match=r"s\.csv: .* format of \.parquet; call it 's\.parquet'"):
        write_samples(make(np.zeros((3, 2))), tmp_path / "s.csv")
    assert not list(tmp_path.iterdir())


def test_columns_are_what_the_schema_promises(tmp_path):
    write_samples(make(np.zeros((3, 16))), tmp_path / "s.parquet")
    schema = pq.read_schema(tmp_path / "s.parquet")
    assert schema.field("x").type == pa.list_(pa.float32(), 16)
    assert schema.field("index").type == pa.int32()
    assert all(pa.types.is_dictionary(schema.field(n).type) for n in ("label", "role", "origin"))


def test_an_empty_file_keeps_its_shape(tmp_path):
    empty = Samples(np.zeros((0, 1, 8, 8)), label=[], role=[], origin=[], time=[], index=[])
    write_samples(empty, tmp_path / "s.parquet")
    assert read_samples(tmp_path / "s.parquet").x.shape == (0, 1, 8, 8)


def test_where_is_in_the_order_of_the_index():
    samples = make(np.arange(4.0)[:, None], index=[2, 0, 1, 0])
    assert samples.where(label="4/9", role="hybrid").ravel().tolist() == [1, 2, 0]
    assert samples.where(origin="4/9").ravel().tolist() == [3]
    assert samples.where(label="9").shape == (0, 1)


def test_values_that_are_not_finite_are_refused_and_nothing_is_written(tmp_path):
    x = np.zeros((4, 2))
    x[2, 1], x[3, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match=r"2 of 4 objects .* number 2 of class '4/9' \(hybrid\)"):
        write_samples(make(x), tmp_path / "s.parquet")
    assert not list(tmp_path.iterdir())


def test_columns_of_different_length_and_unknown_roles_are_refused():
    with pytest.raises(ValueError, match="one value per object"):
        make(np.zeros((3, 2)), time=[0.0])
    with pytest.raises(ValueError, match=r"unknown roles \['made'\]"):
        make(np.zeros((2, 2)), role=["made", "sample"])


def test_parquet_of_another_kind_is_refused(tmp_path):
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="expected samples"):
        read_samples(tmp_path / "other.parquet")
