"""The benchmark of the samplers: its rows, and that it goes on where it stopped."""

import json

import numpy as np
import pytest

from bdiff.data.dataset import Dataset, write_dataset
from bdiff.model_files import save_model
from bdiff.sampling.sampler import Sampler
from benchmarks.sampling import KEYS, SOLVERS, cases, main


@pytest.fixture
def folder(tmp_path, branched, tree):
    """A data set of three classes and an untrained model."""
    labels = np.repeat([0, 1, 2], 20)
    x = np.random.default_rng(0).standard_normal((60, 5)).astype(np.float32) + 3 * labels[:, None]
    split = np.array((["train"] * 16 + ["test"] * 4) * 3)
    dataset = Dataset(x, labels, tree.classes, split, "mine", "My data")
    write_dataset(dataset, tmp_path / "mine.parquet")
    save_model(branched, tmp_path / "mine/models/branched")
    return tmp_path


def arguments(folder, *more):
    paths = ["--models", folder, "--data", folder, "--output", folder / "rows.jsonl"]
    return list(map(str, ["--dataset", "mine", *paths, "--count", 6, *more]))


def test_rows_are_made_once_and_drawn(folder, capsys):
    main(arguments(folder, "--solvers", "unipc order=2", "--json"))
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(tuple(row) == KEYS for row in rows)
    assert [row["solver"] for row in rows] == ["real"] + ["unipc order=2, log_snr"] * 8
    assert [row["steps"] for row in rows[1::2]] == [5, 10, 20, 50]
    assert [row["shared"] for row in rows[1:3]] == [True, False]
    assert rows[0]["calls_per_object"] == 0
    for shared, separate in zip(rows[1::2], rows[2::2], strict=True):
        assert shared["calls_per_object"] < separate["calls_per_object"]
        assert separate["steps"] <= separate["calls_per_object"] <= separate["steps"] + 2
    assert rows[0]["accuracy"] > 0.9
    assert all(rows[0]["frechet_raw"] < row["frechet_raw"] for row in rows[1:])
    before = (folder / "rows.jsonl").read_text()
    files = ("--figure", str(folder / "f.svg"), "--table", str(folder / "rows.csv"))
    main(arguments(folder, "--solvers", "unipc order=2", *files))
    assert len((folder / "rows.csv").read_text().splitlines()) == 10
    assert (folder / "rows.jsonl").read_text() == before
    assert (folder / "f.png").exists()
    # an unfinished file goes on
    (folder / "rows.jsonl").write_text("".join(before.splitlines(keepends=True)[:-2]))
    main(arguments(folder, "--solvers", "unipc order=2"))
    again = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [{**row, "seconds": 0} for row in again] == [{**row, "seconds": 0} for row in rows]


def test_a_missing_model_is_named_with_its_command(folder):
    (folder / "mine").rename(folder / "other")
    with pytest.raises(FileNotFoundError, match=r"make it with `snakemake .*models/branched/man"):
        main(arguments(folder))


def test_rows_of_another_kind_are_refused(folder):
    (folder / "rows.jsonl").write_text('{"dataset": "mine"}\n')
    with pytest.raises(ValueError, match=r"a row with the keys \['dataset'\], expected"):
        main(arguments(folder))


def test_every_case_can_be_sampled_and_has_a_label_of_its_own(branched):
    found = list(cases())
    assert len({(label, steps) for label, _, steps in found}) == len(found) == 4 * len(SOLVERS) + 1
    for label, settings, steps in found:
        sampler = Sampler.of(settings)
        assert settings["name"] in label
        if sampler.settings["name"] != "predictor_corrector":
            assert settings["grid"] in label
            told = sampler.cost(branched, {"4": 1}).evaluations
            calls = sampler.solver.calls * (steps - 1) + 1
            assert calls <= told <= calls + 2 * sampler.solver.calls
