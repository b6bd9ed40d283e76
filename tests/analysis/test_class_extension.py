"""Stages of class extension: what is read of them, and what stayed as it was."""

from dataclasses import replace

import numpy as np
import pytest

from bdiff.analysis.class_extension import compare_old_classes, read_stages, same_samples
from tests.stages import TABLE, generated, make_stages, write_stages


def with_samples(stage, **samples):
    return replace(stage, samples={**stage.samples, **samples})


def test_samples_are_compared_with_the_stage_before():
    stages = make_stages("71", TABLE)
    made = stages[2].samples["branched"]
    x = np.where((made.label == "4")[:, None], made.x + np.float32(1e-6), made.x)
    stages[2] = with_samples(stages[2], branched=replace(made, x=x))
    found = {name: same_samples(stages, 2, "branched", name) for name in "04971"}
    # 1 is new: there is nothing to compare with
    assert found == {"0": True, "4": False, "9": True, "7": True, "1": None}
    assert same_samples(stages, 0, "branched", "0") is None
    assert same_samples(stages, 1, "linear_new", "0") is None  # the start has no such model


def test_fewer_samples_are_not_the_same():
    stages = make_stages("7", TABLE)
    made = stages[1].samples["branched"]
    stages[1] = with_samples(stages[1], branched=generated("04", TABLE))
    assert same_samples(stages, 1, "branched", "9") is False
    assert same_samples(stages, 1, "branched", "0") is True
    assert len(made.where(label="9")) == 12


@pytest.mark.parametrize(("changed", "kept"), [((), True), ((1,), False)])
def test_stages_are_read_from_their_folders(tmp_path, changed, kept):
    made = make_stages("71", TABLE)
    read = read_stages(write_stages(made, tmp_path, changed))
    assert [stage.added for stage in read] == [None, "7", "1"]
    assert [stage.kept for stage in read] == [None, kept, True]
    for stage, expected in zip(read, made, strict=True):
        assert stage.samples.keys() == expected.samples.keys()
        for model, samples in stage.samples.items():
            assert np.array_equal(samples.x, expected.samples[model].x)
        for model in ("branched", "real"):
            assert stage.distances(model) == pytest.approx(expected.distances(model))
    said = compare_old_classes(read)
    assert "bit-identical" in said
    assert ("every old parameter" in said) == kept
    assert ("CHANGED" in said) != kept


def test_folders_out_of_order_are_refused(tmp_path):
    first, second, third = write_stages(make_stages("71", TABLE), tmp_path)
    with pytest.raises(ValueError, match="give the stages in their order"):
        read_stages([first, third, second])
    (second / "samples/branched.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        read_stages([first, second])
