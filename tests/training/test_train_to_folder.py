"""A run to a folder: the model, what it came from, and no checkpoints but those of others."""

import json
from dataclasses import replace

from bdiff.checkpoint import load_folder, newest
from bdiff.model_files import load_model
from bdiff.training.train import train, train_to_folder
from tests.training.test_train import SETTINGS, bits, data, killed_at, new_model


def test_a_run_to_a_folder_leaves_the_model_and_what_it_came_from(tree, tmp_path):
    settings = replace(SETTINGS, steps=13)
    model, same = new_model(tree), new_model(tree)
    records = train(same, data(), settings, device="cpu")
    about = {"extended_by": ["9"]}
    options = {"checkpoints": tmp_path / "runs/branched", "device": "cpu", "about": about}
    train_to_folder(model, data(), settings, tmp_path / "model", **options)
    loaded = load_model(tmp_path / "model", "cpu")
    assert bits(loaded) == bits(model) == bits(same)
    facts = load_folder(tmp_path / "model")[0]["about"]
    assert (facts["dataset"], facts["extended_by"]) == ("noise", ["9"])
    assert facts["training"]["steps"] == 13
    assert facts["seconds"] > 0
    written = (tmp_path / "model/metrics.jsonl").read_text().splitlines()
    assert list(map(json.loads, written)) == records
    assert not (tmp_path / "runs/branched").exists()


def test_checkpoints_of_another_run_stay_and_those_of_this_one_are_continued(
    tree, tmp_path, monkeypatch
):
    def run(model, **changes):
        settings = replace(SETTINGS, **changes)
        train_to_folder(
            model, data(), settings, tmp_path / "model", checkpoints=tmp_path / "runs", device="cpu"
        )

    with killed_at(20, monkeypatch):
        run(new_model(tree), seed=1)
    (other,) = (tmp_path / "runs").iterdir()
    with killed_at(20, monkeypatch):
        run(new_model(tree))
    (own,) = set((tmp_path / "runs").iterdir()) - {other}
    assert newest(own).name == newest(other).name == "step-00000014"
    assert not (tmp_path / "model").exists()
    model, whole = new_model(tree), new_model(tree)
    run(model)
    train(whole, data(), SETTINGS, device="cpu")
    assert bits(model) == bits(whole)
    assert list((tmp_path / "runs").iterdir()) == [other]
    assert newest(other).name == "step-00000014"
