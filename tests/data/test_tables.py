"""Data of one's own, from arrays and from files."""

import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.tables import from_arrays, hold_out, read_table

X = np.random.default_rng(0).normal(3, 2, size=(40, 4))
LABELS = ["oak", "elm"] * 20


def test_from_arrays_codes_names_in_order(tmp_path):
    dataset = from_arrays(X, LABELS, held_out=0.25)
    assert (dataset.classes, dataset.name) == (("elm", "oak"), "data")
    np.testing.assert_allclose(np.sort(dataset.of("oak"), 0), np.sort(X[::2], 0), rtol=1e-6)
    assert [len(dataset.of(name, "test")) for name in dataset.classes] == [5, 5]
    write_dataset(dataset, tmp_path / "trees.parquet")
    assert read_dataset(tmp_path / "trees.parquet").classes == ("elm", "oak")


@pytest.mark.fault("F18")
def test_integers_become_names_in_the_order_of_numbers():
    dataset = from_arrays(X, [2, 10, 9, 1] * 10, name="n")
    assert dataset.classes == ("1", "2", "9", "10")
    np.testing.assert_allclose(dataset.of("10"), X[1::4], rtol=1e-6)


def test_standardise_gives_mean_zero_and_deviation_one():
    dataset = from_arrays(X, LABELS, name="trees", standardise=True)
    np.testing.assert_allclose(dataset.x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(dataset.x.std(0), 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)])
@pytest.mark.parametrize("standardise", [True, False])
def test_raw_units_come_back_from_the_file(tmp_path, shape, standardise):
    raw = X.reshape(40, *shape)
    dataset = from_arrays(raw, LABELS, name="trees", held_out=0.25, standardise=standardise)
    write_dataset(dataset, tmp_path / "trees.parquet")
    again = read_dataset(tmp_path / "trees.parquet")
    assert again.scaling == dataset.scaling
    for these in (dataset, again, again.select("test"), again.keep_classes(["oak"])):
        kept = np.isin(dataset.x, these.x).reshape(40, -1).all(1)
        np.testing.assert_allclose(these.unscale(these.x), raw[kept], rtol=0, atol=1e-6)
    np.testing.assert_allclose(again.unscale(again.x[3]), raw[3], rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)])
def test_held_out_objects_do_not_shape_the_scaling(shape):
    def make(x):
        x = x.reshape(40, *shape)
        return from_arrays(x, LABELS, name="trees", held_out=0.25, standardise=True)

    before = make(X)
    held_out = before.split == "test"
    after = make(np.where(held_out[:, None], 100 * X + 7, X))
    assert after.scaling == before.scaling
    np.testing.assert_array_equal(after.split, before.split)
    np.testing.assert_array_equal(after.x[~held_out], before.x[~held_out])
    training = before.x[~held_out].astype(float)
    if shape == (4,):
        np.testing.assert_allclose(
            [training.mean(0), training.var(0)], [[0] * 4, [1] * 4], atol=1e-6
        )
    else:
        assert (training.min(), training.max()) == (-1, 1)


def test_images_with_a_constant_border_are_scaled():
    pixels = np.pad(
        np.arange(160, dtype=np.uint8).reshape(40, 1, 2, 2), [(0, 0)] * 2 + [(1, 1)] * 2
    )
    dataset = from_arrays(pixels, LABELS, name="trees", standardise=True)
    assert (dataset.x.min(), dataset.x.max()) == (-1, 1)
    np.testing.assert_array_equal(dataset.unscale(dataset.x).round(), pixels)
    with pytest.raises(ValueError, match=r"12 features are constant .*the shape of images"):
        from_arrays(pixels.reshape(40, 16), LABELS, name="trees", standardise=True)


def test_a_constant_feature_may_stay_where_nothing_is_scaled():
    assert not from_arrays(X * [1, 1, 0, 1], LABELS, name="trees").x[:, 2].any()


def test_names_that_look_the_same_are_the_same_class():
    dataset = from_arrays(X, ["ch\u00eane", "che\u0302ne", "elm", "elm"] * 10, name="trees")
    assert dataset.classes == ("ch\u00eane", "elm")
    for name in ("ch\u00eane", "che\u0302ne"):
        assert len(dataset.of(name)) == 20
        assert dataset.keep_classes([name]).classes == ("ch\u00eane",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS[:39]}, "x has 40 objects, but there are 39 labels"),
        ({"labels": [0.5, 1.0] * 20}, r"labels have the type float; .*astype\(str\)"),
        ({"labels": [0.0, 1.0] * 20}, r"labels have the type float; .*astype\(int\)"),
        ({"labels": np.float32([0, 1] * 20)}, r"labels have the type float; .*astype\(int\)"),
        ({"labels": [np.inf, 1.0] * 20}, r"labels have the type float; .*astype\(str\)"),
        ({"labels": [True, False] * 20}, r"labels have the type bool; .*astype\(str\)"),
        ({"labels": [None, "elm"] * 20}, "20 of 40 labels are missing .* row 0"),
        ({"labels": ["elm", float("nan")] * 20}, "20 of 40 labels are missing .* row 1"),
        ({"labels": [1.0, np.nan] * 20}, "20 of 40 labels are missing .* row 1"),
        ({"labels": [1, "elm"] * 20}, "labels have the type int and str"),
        ({"labels": ["elm", "elm "] * 20}, "'elm' and 'elm ' differ only by blanks"),
        ({"labels": ["", "elm"] * 20}, "20 of 40 labels are missing or empty"),
        ({"labels": np.zeros((40, 2), int)}, "one name per object"),
        ({"x": np.full((40, 4), "a")}, "numbers are expected"),
        ({"x": np.full((40, 2), "a", object)}, "column '0 .* holds 'a' in row 0"),
        ({"x": X[:0], "labels": []}, r"no objects, its shape is \(0, 4\)"),
        ({"x": X[:, :0]}, r"no features, its shape is \(40, 0\)"),
        ({"x": X * [1, 1e50, 1, 1]}, r"40 values that are beyond float32 .* in .column 1 "),
        ({"x": X * [1, 1e300, 1, 1], "standardise": True}, "column 1: .* deviation is inf"),
        ({"x": X * [1, 1, 1e-300, 1], "standardise": True}, "column 2: .* deviation is 0"),
        ({"x": np.where(X > 5, np.nan, X)}, "NaN or infinite"),
        ({"x": X * [1, 1, 0, 1], "standardise": True}, "constant .* column 2"),
        ({"held_out": 1.5}, r"held_out is 1.5; expected None \(nothing is held out\) or a share"),
        ({"held_out": "none"}, "held_out is 'none'; expected None "),
        ({"held_out": 0.99, "standardise": True}, "'elm' has 0, 'oak' has 0"),
        ({"held_out": 0.98}, "hold out fewer"),
    ],
)
@pytest.mark.fault("F18")
def test_what_is_wrong_is_named(changes, message):
    arguments = {"x": X, "labels": LABELS, "name": "trees"} | changes
    with pytest.raises(ValueError, match=message):
        from_arrays(**arguments)


@pytest.mark.fault("F18")
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
    dataset = read_table(path, label="species", title="Trees")
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
    assert read_table(path=tmp_path / "t.csv").classes == ("1", "01", "2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("species,a\noak,1\noak,2\n", "no column 'label'; it has species, a"),
        ("label,a,b\noak,1,3\noak,2,y\n", "t.csv, column 'b' .* string, with 'y' in row 1"),
        (",label,a\n0,oak,1\n", r"t.csv: column 1 has no name; .*index=False"),
        ("label,Unnamed: 0,a\noak,0,1\n", "t.csv: column 2 has no name"),
        ("label,a,a\noak,1,2\n", "t.csv: several columns are called 'a'"),
        ("label,a\noak,1\nelm,2,3\n", "t.csv, line 3: 3 values .* 2 columns: 'elm,2,3'"),
        ("", "t.csv is empty"),
        ("\n \n", "t.csv is empty"),
        ("label,a\n", "t.csv has no rows"),
        ("label;a\noak;1,5\n", "separated by ';'"),
        ("label\ta\noak\t1\n", r"separated by '\\t'"),
        ("label,a\noak,\nelm,\n", "column 'a' has no values"),
        ("label,a\noak,1\noak ,1\n", "'oak' and 'oak ' differ only by blanks"),
        ("label,a,b\noak,1,\noak,2,4\n", "1 values that are NaN .* in 'b', row 0"),
        ("label\noak\noak\n", "no column besides 'label'"),
        ("label,a\noak,1\n,2\n", "1 of 2 labels are missing or empty, the first in row 1"),
    ],
)
@pytest.mark.fault("F18")
def test_what_is_wrong_with_a_file_is_named(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(path=tmp_path / "t.csv")


@pytest.mark.fault("F8")
def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        read_table(path=tmp_path / "missing.csv")
    with pytest.raises(ValueError, match=r"ends with \.csv, \.parquet, \.npz"):
        read_table(path="trees.xlsx")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], object), y=["a"])
    with pytest.raises(ValueError, match=r"save x as numbers: x.astype"):
        read_table(path=tmp_path / "objects.npz")
    np.savez(tmp_path / "objects.npz", x=X, y=np.array(LABELS, object))
    with pytest.raises(ValueError, match=r"save y as text: y.astype\(str\)"):
        read_table(path=tmp_path / "objects.npz")
    (tmp_path / "latin.csv").write_bytes("label,a\nchêne,1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.csv, line 2: not UTF-8"):
        read_table(path=tmp_path / "latin.csv")


@pytest.mark.parametrize("suffix", ["parquet", "npz"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 9, b"PK\x03\x04", b"PAR1"])
def test_corrupt_files(tmp_path, suffix, content):
    (tmp_path / f"t.{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=rf"t.{suffix} is corrupt or no {suffix} file"):
        read_table(path=tmp_path / f"t.{suffix}")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_files_that_are_cut_off_or_damaged(tmp_path, keep):
    for suffix in ("parquet", "npz"):
        path = tmp_path / f"trees.{suffix}"
        write_file(path)
        content = bytearray(path.read_bytes())
        path.write_bytes(content[: int(keep * len(content))])
        with pytest.raises(ValueError, match=f"trees.{suffix}.* is corrupt"):
            read_table(path=path)
    write_file(path)
    content[400:420] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"trees.npz: x is corrupt"):
        read_table(path=path)


def test_a_data_frame_names_its_features():
    frame = pd.DataFrame(X[:, :3], columns=["height", "age", "rings"])
    dataset = from_arrays(frame, pd.Series(LABELS), name="trees")
    assert dataset.feature_names == ("height", "age", "rings")
    frame["bark"] = ["smooth"] * 40
    with pytest.raises(ValueError, match="column 'bark' holds 'smooth' in row 0"):
        from_arrays(frame, LABELS, name="trees")
    with pytest.raises(ValueError, match="x: column 4 has no name"):
        from_arrays(frame.rename(columns={"bark": "Unnamed: 0"}), LABELS, name="trees")


@pytest.mark.parametrize("kind", ["float", "Int64"])
def test_missing_integers_of_a_data_frame_are_counted(kind):
    labels = pd.Series([1, 2, 1, None] * 10, dtype=kind)
    with pytest.raises(ValueError, match=r"10 of 40 labels are missing .* row 3"):
        from_arrays(X, labels, name="trees")


def test_values_far_from_scale_1_are_warned_of():
    for factor in (100, 1e-3):
        with pytest.warns(UserWarning, match=r"standardise=True or scale to \[-1, 1\]"):
            from_arrays(X * factor, LABELS, name="trees")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_arrays(X * 100, LABELS, name="trees", standardise=True)
        from_arrays(X, LABELS, name="trees")


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        ({"mean": 3}, r"scaling\['offset'\] is None; expected a number or a list of 4 numbers"),
        ({"offset": [1, 2], "scale": 1}, r"scaling\['offset'\] is \[1, 2\]; expected"),
        ({"offset": 0, "scale": 0}, r"scaling\['scale'\] holds 0; expected numbers above 0"),
        ({"offset": np.nan, "scale": 1}, r"scaling\['offset'\] holds nan"),
    ],
)
def test_a_scaling_that_does_not_fit_is_refused(scaling, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(X, LABELS, scaling=scaling)
    with pytest.raises(ValueError, match=r"expected a number$"):
        from_arrays(X.reshape(-1, 1, 2, 2), LABELS, scaling={"offset": [0] * 2, "scale": 1})
    known = from_arrays(X, LABELS, scaling={"offset": np.zeros(4), "scale": np.float32(2)})
    assert json.loads(json.dumps(known.scaling)) == {"offset": [0.0] * 4, "scale": 2.0}


def test_names_of_features_come_from_any_sequence_and_are_distinct():
    frame = pd.DataFrame(X[:, :2], columns=["height", "age"])
    named = from_arrays(X[:, :2], LABELS, feature_names=frame.columns)
    assert named.feature_names == from_arrays(frame, LABELS).feature_names == ("height", "age")
    with pytest.raises(ValueError, match="several columns are called 'a'"):
        from_arrays(X[:, :2], LABELS, feature_names=["a", "a"])


def test_integers_are_ordered_as_numbers_where_some_are_negative():
    labels = np.resize([10, -1, 0, 2, -20], 40)
    assert from_arrays(X, labels).classes == ("-20", "-1", "0", "2", "10")


def test_a_named_index_of_a_pandas_frame_is_no_feature_but_may_hold_the_labels(tmp_path):
    frame = pd.DataFrame({"a": X[:, 0], "label": LABELS})
    frame.rename_axis("id").to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").feature_names == ("a",)
    frame.set_index("label").to_parquet(tmp_path / "t.parquet")
    assert set(read_table(tmp_path / "t.parquet").classes) == set(LABELS)


def test_one_object_of_a_class_is_enough_to_be_read(tmp_path):
    """As to be turned into another class; training, and files to train on, need more."""
    one = from_arrays(X[:3], ["a", "a", "b"])
    with pytest.raises(ValueError, match=r"at least 2 training objects, but 'b' has 1"):
        write_dataset(one, tmp_path / "one.parquet")
