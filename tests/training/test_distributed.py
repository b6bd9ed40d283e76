"""Two ranks, started by torchrun on the CPU, make the run that one process makes, to rounding."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from bdiff.checkpoint import load_folder
from bdiff.training.distributed import Ranks
from tests.ranks import CASES, data, nan_message, new_model, started, trained
from tests.training.test_run import batches_seen

ROOT = Path(__file__).parents[2]


def two_ranks(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "-m", "tests.ranks", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Models trained by one process."""
    folder = tmp_path_factory.mktemp("alone")
    for case in CASES:
        trained(folder, case)
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Models trained by two ranks; "linear" goes on from a checkpoint of one process."""
    folder = tmp_path_factory.mktemp("together")
    started(folder, "linear")
    done = two_ranks("all", folder)
    assert done.returncode == 0, done.stdout
    (folder / "log").write_text(done.stdout)
    return folder


def weights(folder):
    return load_folder(folder)[1]["weights"]


@pytest.mark.parametrize("case", CASES)
def test_one_and_two_ranks_agree(alone, together, case, reached):
    """In every parameter: the norm of the difference of its weights, as a share of their norm."""
    one, two = weights(alone / case), weights(together / case)
    difference = {
        name: float((two[name] - one[name]).norm() / one[name].norm())
        for name in one
        if one[name].isfinite().all() and one[name].any()
    }
    assert len(difference) > 10
    assert 0 < max(difference.values()) < 1e-5
    records = [
        [json.loads(line) for line in (folder / case / "metrics.jsonl").read_text().splitlines()]
        for folder in (alone, together)
    ]
    assert [record["step"] for record in records[1]] == [10, 20, 30, 40, 50]
    for first, second in zip(*records, strict=True):
        assert second == pytest.approx(first, rel=1e-5)
    reached(1, 1, f"{case}: {max(difference.values()):.0e}")


def test_the_ranks_of_those_runs_miss_branches_and_objects(monkeypatch):
    """What the agreement is worth: often a branch is on one rank only, and once there is nothing
    for a rank to do."""
    kind, net, settings = CASES["residual"]
    model = new_model(kind, net)
    sizes, missed = set(), 0
    for t, classes in batches_seen(model, data(), settings, monkeypatch):
        heads = model.head_of(classes, t)
        sizes.add(len(heads))
        missed += set(heads[0::2].tolist()) != set(heads[1::2].tolist())
    assert sizes == {7, 1}
    assert missed > 15


def test_all_ranks_end_with_the_same_bits_and_rank_0_alone_writes(together):
    first, second = ((together / f"rank-{n}").read_text().splitlines() for n in range(2))
    assert first[:4] == second[:4]
    assert len(set(first[:3])) == 3
    log = (together / "log").read_text()
    assert log.count("resumed from the checkpoint of step 14") == 1  # of "linear"
    assert not (together / "runs/dense").exists()


def test_a_signal_to_one_rank_is_met_by_all_and_the_next_run_ends_with_the_same_bits(together):
    first, second = ((together / f"rank-{n}").read_text().splitlines() for n in range(2))
    assert first[4] == second[4] == "75"
    assert first[3] == first[0]
    log = (together / "log").read_text()
    assert log.count("SIGTERM: saved at step 20 of 50; run the same command again") == 1
    assert log.count("resumed from the checkpoint of step 20") == 1


def test_errors_are_met_by_all_ranks(together):
    first, second = ((together / f"rank-{n}").read_text().splitlines() for n in range(2))
    assert first[5] == second[5] == nan_message()
    assert first[6] == "had enough"
    assert second[6] == "rank 1 stops, since rank 0 failed: see its message"


def test_an_error_of_one_rank_ends_all_with_its_message():
    began = time.monotonic()
    done = two_ranks("failing")
    assert done.returncode == 1
    assert "had enough" in done.stdout
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [1, 7, 16])
def test_shares_are_a_partition_and_their_weights_those_of_a_mean(size, count):
    values = torch.arange(size, dtype=torch.float64) ** 2
    shares = [Ranks(number, count).share(size) for number in range(count)]
    real = [values[part] for part, weight in shares if weight]
    assert sorted(torch.cat(real).tolist()) == values.tolist()
    mean = sum(weight * values[part].mean() for part, weight in shares) / count
    assert float(mean) == pytest.approx(float(values.mean()))
