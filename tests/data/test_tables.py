"""Data of one's own, from arrays and from files."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.tables import from_arrays, hold_out, read_table

X = np.random.default_rng(0).normal(3, 2, size=(40, 4))
LABELS = ["oak", "elm"] * 20


def test_from_arrays_codes_names_in_order(tmp_path):
    dataset = from_arrays(X, LABELS, name="trees", held_out=0.25)
    assert dataset.classes == ("elm", "oak")
    np.testing.assert_allclose(np.sort(dataset.of("oak"), 0), np.sort(X[::2], 0), rtol=1e-6)
    assert [len(dataset.of(name, "test")) for name in dataset.classes] == [5, 5]
    write_dataset(dataset, tmp_path / "trees.parquet")
    assert read_dataset(tmp_path / "trees.parquet").classes == ("elm", "oak")


def test_integers_become_names_in_the_order_of_numbers():
    dataset = from_arrays(X, [2, 10, 9, 1] * 10, name="n")
    assert dataset.classes == ("1", "2", "9", "10")
    np.testing.assert_allclose(dataset.of("10"), X[1::4], rtol=1e-6)


def test_standardise_gives_mean_zero_and_deviation_one():
    dataset = from_arrays(X, LABELS, name="trees", standardise=True)
    np.testing.assert_allclose(dataset.x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(dataset.x.std(0), 1, atol=1e-6)
    raw = dataset.x * np.array(dataset.scaling["sd"]) + np.array(dataset.scaling["mean"])
    np.testing.assert_allclose(raw, X, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS[:39]}, "x has 40 objects, but there are 39 labels"),
        ({"labels": [0.5] * 40}, "labels have the type float64"),
        ({"labels": [None, "elm"] * 20}, "Missing labels"),
        ({"labels": ["", "elm"] * 20}, "20 labels are empty"),
        ({"labels": ["elm"] * 39 + ["oak"]}, "'oak' has 1"),
        ({"labels": np.zeros((40, 2), int)}, "one name per object"),
        ({"x": np.full((40, 4), "a")}, "numbers are expected"),
        ({"x": np.where(X > 5, np.nan, X)}, "NaN or infinite"),
        ({"x": X * [1, 1, 0, 1], "standardise": True}, "constant .* column 2"),
        ({"held_out": 1.5}, "held_out is 1.5"),
        ({"held_out": 0.98}, "hold out fewer"),
    ],
)
def test_what_is_wrong_is_named(changes, message):
    arguments = {"x": X, "labels": LABELS, "name": "trees"} | changes
    with pytest.raises(ValueError, match=message):
        from_arrays(**arguments)


def test_constant_feature_is_named():
    names = ("height", "age", "rings", "girth")
    with pytest.raises(ValueError, match=r"1 features are constant .*rings"):
        from_arrays(X * [1, 1, 0, 1], LABELS, name="trees", standardise=True, feature_names=names)


def test_hold_out_is_the_same_every_time_and_per_class():
    dataset = from_arrays(X, ["oak"] * 30 + ["elm"] * 10, name="trees")
    first, second = hold_out(dataset, 0.2), hold_out(dataset, 0.2)
    np.testing.assert_array_equal(first.split, second.split)
    assert len(first.of("oak", "test")) == 6
    assert len(first.of("elm", "test")) == 2


def write_file(path):
    table = pa.table({"height": X[:, 0], "species": LABELS, "age": X[:, 1]})
    if path.suffix == ".csv":
        pa.csv.write_csv(table, path)
    elif path.suffix == ".parquet":
        column = table["species"].dictionary_encode()
        pq.write_table(table.set_column(1, "species", column), path)
    else:
        np.savez(path, x=X[:, :2], y=np.array(LABELS))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_read_table(tmp_path, suffix):
    path = tmp_path / f"trees{suffix}"
    write_file(path)
    dataset = read_table(path=path, label="species", title="Trees")
    assert (dataset.classes, dataset.name, dataset.title) == (("elm", "oak"), "trees", "Trees")
    assert dataset.feature_names == (() if suffix == ".npz" else ("height", "age"))
    np.testing.assert_allclose(dataset.of("oak"), X[::2, :2], rtol=1e-6)
    assert read_table(path=path, label="species", shape=[1, 2, 1]).shape == (1, 2, 1)
    with pytest.raises(ValueError, match=r"shape is \[1, 3\], 3 values; the file has 2"):
        read_table(path=path, label="species", shape=[1, 3])


def test_index_of_a_pandas_frame_is_no_feature(tmp_path):
    table = pa.table({"a": X[:, 0], "label": LABELS, "__index_level_0__": range(40)})
    pq.write_table(table, tmp_path / "frame.parquet")
    assert read_table(path=tmp_path / "frame.parquet").feature_names == ("a",)


def test_labels_of_a_csv_file_stay_text(tmp_path):
    rows = "".join(f"{code},{i}\n" for i, code in enumerate(["01", "1", "2"] * 3))
    (tmp_path / "t.csv").write_text("label,a\n" + rows)
    assert read_table(path=tmp_path / "t.csv").classes == ("1", "2", "01")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("species,a\noak,1\noak,2\n", "no column 'label'; it has species, a"),
        ("label,a,b\noak,1,x\noak,2,y\n", "column 'b' has the type string"),
        ("label,a,b\noak,1,\noak,2,4\n", "1 values that are NaN .* in 'b', row 0"),
        ("label\noak\noak\n", "no column besides 'label'"),
        ("label,a\noak,1\n,2\n", "1 labels are empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(path=tmp_path / "t.csv")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        read_table(path=tmp_path / "missing.csv")
    with pytest.raises(ValueError, match=r"ends with \.csv, \.parquet, \.npz"):
        read_table(path="trees.xlsx")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], object), y=["a"])
    with pytest.raises(ValueError, match="allow_pickle"):
        read_table(path=tmp_path / "objects.npz")
