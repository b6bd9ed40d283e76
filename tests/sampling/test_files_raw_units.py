"""Samples on disk in the units of the raw data, for whoever opens the file."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bdiff.data.dataset import write_dataset
from bdiff.data.tables import from_arrays
from bdiff.model_files import save_model
from bdiff.sampling.files import Samples, read_samples, write_samples

ROOT = Path(__file__).parents[2]
NAMES = ("height", "sepal.width", "Feature 3", "x", "time")
RAW = np.random.default_rng(0).normal([2001.5, 0, -7, 1e4, 1], [0.01, 1, 2, 30, 4], size=(60, 5))
DATA = from_arrays(RAW, ["0", "4", "9"] * 20, name="mine", standardise=True, feature_names=NAMES)
ABOUT = {"feature_names": list(NAMES), "scaling": DATA.scaling}


def samples_of(x, about=ABOUT, time=0.0):
    n = len(x)
    return Samples(x, ["4"] * n, ["sample"] * n, [""] * n, np.full(n, time), np.arange(n), about)


def test_every_feature_of_a_table_has_a_column_in_raw_units(tmp_path):
    write_samples(samples_of(DATA.x), tmp_path / "s.parquet")
    frame = pd.read_parquet(tmp_path / "s.parquet")
    assert [name for name in frame if name.startswith("raw_")] == [f"raw_{n}" for n in NAMES]
    for name, raw, size in zip(NAMES, RAW.T, RAW.std(0), strict=True):
        np.testing.assert_allclose(frame[f"raw_{name}"], raw, rtol=0, atol=1e-6 * size)
    np.testing.assert_array_equal(np.stack(frame["x"]), DATA.x)


def test_what_is_read_is_scaled_and_knows_the_way_back(tmp_path):
    write_samples(samples_of(DATA.x), tmp_path / "s.parquet")
    again = read_samples(tmp_path / "s.parquet")
    np.testing.assert_array_equal(again.x, DATA.x)
    assert {key: again.meta[key] for key in ABOUT} == ABOUT
    write_samples(again, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "s.parquet").read_bytes()


def test_a_feature_called_like_a_column_of_ours_keeps_its_values():
    frame = samples_of(DATA.x).to_pandas()
    ours = ["label", "role", "origin", "time", "index"]
    assert list(frame) == [*ours, "height", "sepal.width", "Feature 3", "x", "raw_time"]
    np.testing.assert_allclose(frame["raw_time"], RAW[:, 4], rtol=1e-4)
    assert (frame["time"] == 0).all()


def test_no_feature_takes_the_place_of_another():
    names = ["time", "raw_time", "a", "b", "c"]
    frame = samples_of(DATA.x, ABOUT | {"feature_names": names}).to_pandas()
    assert list(frame)[5:] == ["raw_time", "raw_raw_time", "a", "b", "c"]
    np.testing.assert_allclose(frame["raw_raw_time"], RAW[:, 1], rtol=0, atol=1e-4)


def test_features_without_names_have_their_numbers(tmp_path):
    write_samples(samples_of(DATA.x, {"scaling": DATA.scaling}), tmp_path / "s.parquet")
    frame = pd.read_parquet(tmp_path / "s.parquet")
    np.testing.assert_allclose(frame["raw_x3"], RAW[:, 3])


def test_noised_states_have_no_raw_units(tmp_path):
    write_samples(samples_of(DATA.x, time=0.3), tmp_path / "s.parquet")
    assert pd.read_parquet(tmp_path / "s.parquet")["raw_height"].isna().all()


@pytest.mark.parametrize(
    ("x", "about"),
    [
        (np.zeros((2, 1, 8, 8)), {"scaling": {"kind": "pixels", "offset": 8, "scale": 8}}),
        (np.zeros((2, 5)), {}),
        (np.zeros((2, 5)), {"scaling": {"kind": "standardised", "mean": [0] * 5, "sd": [1] * 5}}),
    ],
    ids=["images", "nothing known", "older manifest"],
)
def test_otherwise_the_columns_are_those_of_before(tmp_path, x, about):
    write_samples(samples_of(x, about), tmp_path / "s.parquet")
    columns = ["x", "label", "role", "origin", "time", "index"]
    assert list(pd.read_parquet(tmp_path / "s.parquet")) == columns
    assert read_samples(tmp_path / "s.parquet").x.shape == x.shape


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ("sample", {"count": 3, "share_trunks": True, "precision": "float32"}),
        ("sample_hybrids", {"pairs": [["4", "9"]], "count": 3}),
        ("transmute", {"pairs": [["4", "9"]], "count": 3}),
    ],
)
def test_the_files_of_the_workflow_have_raw_units(tmp_path, branched, script, asked):
    save_model(branched, tmp_path / "model", ABOUT | {"dataset": "mine"})
    write_dataset(DATA, tmp_path / "data.parquet")
    solver = {"name": "ddim", "eta": 1, "steps": 3}
    settings = {"seed": 0, "device": "cpu", "solver": solver} | asked
    options = {"settings": json.dumps(settings), "model": tmp_path / "model"}
    options |= {"data": tmp_path / "data.parquet"} if script == "transmute" else {}
    options |= {"output": tmp_path / "s.parquet"}
    main = runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))["main"]
    main([text for name, value in options.items() for text in (f"--{name}", str(value))])
    made, frame = read_samples(tmp_path / "s.parquet"), pd.read_parquet(tmp_path / "s.parquet")
    raw = frame[[f"raw_{name}" for name in NAMES]].to_numpy()
    finished = made.time == 0
    assert finished.any()
    np.testing.assert_array_equal(raw[finished], DATA.unscale(made.x[finished]))
    assert np.isnan(raw[~finished]).all()
