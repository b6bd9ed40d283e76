"""The data set and its file: what goes in comes out, and what is wrong is named."""

import errno
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdiff.data.dataset import Dataset, read_dataset, read_facts, write_dataset


def make(shape=(3,), **changes):
    rng = np.random.default_rng(0)
    facts = {
        "x": rng.normal(size=(12, *shape)).astype(np.float32),
        "labels": np.arange(12) % 3,
        "classes": ("Shirt", "Ankle boot", "Bag"),
        "split": ["train"] * 9 + ["test"] * 3,
        "name": "tiny",
        "title": "Tiny (3×3)",
        "scaling": {"kind": "none"},
        "source": {"sha256": "ab"},
    }
    return Dataset(**facts | changes)


@pytest.mark.parametrize("shape", [(3,), (1, 4, 5)])
def test_file_gives_back_what_was_written(tmp_path, shape):
    names = ("a", "b", "c") if shape == (3,) else ()
    dataset = make(shape, feature_names=names)
    write_dataset(dataset, tmp_path / "new folder" / "tiny.parquet")
    again = read_dataset(tmp_path / "new folder" / "tiny.parquet")
    for key in ("x", "labels", "split"):
        np.testing.assert_array_equal(getattr(again, key), getattr(dataset, key))
    for key in ("classes", "name", "title", "feature_names", "scaling", "source", "shape"):
        assert getattr(again, key) == getattr(dataset, key)
    assert again.x.dtype == np.float32
    assert again.x.flags.writeable


def test_columns_are_those_of_the_contract(tmp_path):
    write_dataset(make(), tmp_path / "tiny.parquet")
    schema = pq.read_schema(tmp_path / "tiny.parquet")
    assert schema.names == ["x", "label", "split"]
    assert pa.types.is_fixed_size_list(schema.field("x").type)
    assert schema.field("x").type.value_type == pa.float32()
    assert pa.types.is_dictionary(schema.field("label").type)
    assert pq.read_table(tmp_path / "tiny.parquet")["label"][1].as_py() == "Ankle boot"


def test_same_data_give_the_same_bytes(tmp_path):
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    for path in (one, two):
        write_dataset(make(), path)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", ["d.csv", "d", "d.parquet.gz"])
def test_files_are_named_for_what_they_hold(tmp_path, name):
    fix = re.escape(f"call it {Path(name).stem + '.parquet'!r}")
    with pytest.raises(ValueError, match=rf"{name}: .* the format of \.parquet; {fix}"):
        write_dataset(make(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_classes_are_known_by_name():
    dataset = make()
    np.testing.assert_array_equal(dataset.of("Bag"), dataset.x[2::3])
    np.testing.assert_array_equal(dataset.of("Bag", "test"), dataset.x[11:])
    assert len(dataset.select("train")) == 9


def test_keep_classes_codes_in_the_order_given():
    kept = make().keep_classes(["Bag", "Shirt"])
    assert kept.classes == ("Bag", "Shirt")
    for name in kept.classes:
        np.testing.assert_array_equal(kept.of(name), make().of(name))
    assert len(kept) == 8


def test_covariates_stay_with_their_objects(tmp_path):
    donor = np.array([f"donor {number}" for number in range(12)])
    dataset = make(covariates={"donor": donor.tolist(), "état": ["healthy", "ill"] * 6})
    write_dataset(dataset, tmp_path / "tiny.parquet")
    assert pq.read_schema(tmp_path / "tiny.parquet").names[3:] == [
        "covariate:donor",
        "covariate:état",
    ]
    for rows in (dataset, read_dataset(tmp_path / "tiny.parquet")):
        assert list(rows.covariates) == ["donor", "état"]
        np.testing.assert_array_equal(rows.covariates["donor"], donor)
        np.testing.assert_array_equal(rows.select("test").covariates["donor"], donor[9:])
        kept = rows.keep_classes(["Bag", "Shirt"])
        np.testing.assert_array_equal(kept.covariates["donor"], donor[np.arange(12) % 3 != 1])


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        ({"donor": ["a"] * 11}, "the covariate 'donor' has 11"),
        ({"donor": ["a", None, "b", " "] * 3}, "missing or no text in 6 of 12 .* None in row 1"),
        ({"donor": [1.0, float("nan")] * 6}, "missing or no text in 12 of 12 rows; the first is 1"),
        ({"": ["a"] * 12}, "called ''; give it a name"),
        ({"donor": [["a", "b"]] * 12}, r"has the shape \(12, 2\)"),
    ],
)
def test_covariates_that_do_not_fit_are_refused(covariates, message):
    with pytest.raises(ValueError, match=message):
        make(covariates=covariates)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.arange(11) % 3}, "x has 12, labels has 11"),
        ({"split": ["train"] * 5}, "split has 5"),
        ({"labels": np.arange(12)}, "run from 0 to 11; codes into 3 class names"),
        ({"labels": ["Bag"] * 12}, "from_arrays"),
        ({"classes": ("Bag", "Bag", "Shirt")}, "appear twice: Bag"),
        ({"split": ["valid"] * 12}, "unknown splits"),
        ({"x": np.zeros(12)}, "expected \\(N, \\*shape\\)"),
        ({"feature_names": ("a",)}, "1 feature names were given for 3 features"),
    ],
)
@pytest.mark.fault("F18")
def test_data_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.fault("F18")
def test_values_that_are_not_finite_are_named(value):
    x = np.zeros((12, 3))
    x[4, 1] = x[7, 1] = value
    message = f"2 values .* 1 columns and 2 rows; the first is {value} in 'height', row 4"
    with pytest.raises(ValueError, match=message):
        make(x=x, feature_names=("width", "height", "depth"))


@pytest.mark.fault("F18")
def test_unknown_class_lists_the_nearest_and_the_valid():
    for ask in (make().of, lambda name: make().keep_classes([name])):
        with pytest.raises(ValueError, match="Shirt, Ankle boot, Bag; did you mean 'Ankle boot'"):
            ask("ankle boots")


@pytest.mark.parametrize("x", [np.zeros((4, 2)), np.zeros(2), np.zeros((3, 1))])
def test_objects_of_another_shape_have_no_raw_units(x):
    with pytest.raises(ValueError, match=r"expected \(N, \*\(3,\)\), objects as those .* 'tiny'"):
        make().unscale(x)


def test_files_of_older_versions_are_read_but_have_no_raw_units(tmp_path):
    old = make(scaling={"kind": "standardised", "mean": [0, 0, 0], "sd": [1, 1, 1]})
    write_dataset(old, tmp_path / "old.parquet")
    again = read_dataset(tmp_path / "old.parquet")
    np.testing.assert_array_equal(again.x, old.x)
    with pytest.raises(ValueError, match="not known; make the data set again"):
        again.unscale(again.x)


def test_class_with_one_training_object_is_not_written(tmp_path):
    lonely = make(labels=[0] * 6 + [1] * 5 + [2], split=["train"] * 12)
    with pytest.raises(ValueError, match="'Bag' has 1"):
        write_dataset(lonely, tmp_path / "tiny.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
@pytest.mark.fault("F7")
def test_file_cut_off_is_refused(tmp_path, share):
    path = tmp_path / "tiny.parquet"
    write_dataset(make(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    for read in (read_dataset, read_facts):
        with pytest.raises(ValueError, match=r"tiny.parquet is corrupt or no parquet file"):
            read(path)


@pytest.mark.parametrize("metadata", [None, {"bdiff": '{"format": "bdiff.samples/1"}'}])
def test_other_parquet_files_are_refused(tmp_path, metadata):
    table = pa.table({"a": [1]}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / "other.parquet")
    for read in (read_dataset, read_facts):
        with pytest.raises(ValueError, match="no data set of bdiff"):
            read(tmp_path / "other.parquet")
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "missing.parquet")


def test_facts_are_read_without_the_objects(tmp_path):
    dataset, path = make(), tmp_path / "tiny.parquet"
    write_dataset(dataset, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(100) + whole[104:])  # the first column is gone
    facts = read_facts(path)
    for name in ("name", "title", "scaling", "source"):
        assert facts[name] == getattr(dataset, name)
    for name in ("shape", "classes", "feature_names"):
        assert tuple(facts[name]) == getattr(dataset, name)
    with pytest.raises(ValueError, match="is corrupt"):
        read_dataset(path)


@pytest.mark.fault("F5")
def test_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "tiny.parquet"
    write_dataset(make(), path)
    before = path.read_bytes()

    def fill(table, where, **options):
        where.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fill)
    with pytest.raises(OSError, match="No space left"):
        write_dataset(replace(make(), name="other"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
