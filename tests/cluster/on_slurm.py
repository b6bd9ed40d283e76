"""The workflow as jobs of a real Slurm: what is killed goes on, and all ends as in a local run.

    make test-cluster        as root, on a Debian without a Slurm of its own; about ten minutes

pytest does not find this file by itself, since its name does not begin with test_. slurm.sh starts
a Slurm of one node with a pretended GPU, and ends it. The letters of the test overlay are run on it
through profiles/slurm, trained for so long that there is time to stop the training twice.
"""

import hashlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workflow.conftest import OVERLAY, Checkout

SLURM = Path(__file__).with_name("slurm.sh")
LONGER = "datasets: {letters_avy: {training: {branched: {steps: 12000, batch_size: 32}}}}\n"
LETTERS = "results/letters_avy"
TARGETS = (
    f"{LETTERS}/metrics/quality.csv",
    "results/figures/F4e_frechet.svg",
    "results/figures/F15a_hybrids.svg",
    "results/figures/F16a_hybrids.svg",
)
ARTEFACTS = (
    "data/processed/letters_avy.parquet",
    f"{LETTERS}/tree/tree.json",
    f"{LETTERS}/models/branched/weights.safetensors",
    f"{LETTERS}/models/branched/metrics.jsonl",
    f"{LETTERS}/samples/branched.parquet",
    f"{LETTERS}/samples/hybrids.parquet",
    f"{LETTERS}/samples/transmutation.parquet",
    *TARGETS,
)
LOG = "logs/train/letters_avy/branched.log"
QUICK = ("--slurm-init-seconds-before-status-checks", 3, "--latency-wait", 5)
TRAINING = "rule_train_wildcards_letters_avy_branched"


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory):
    """A running Slurm of one node."""
    folder = tmp_path_factory.mktemp("slurm")
    try:
        started = subprocess.run([SLURM, "start", folder], text=True, stderr=subprocess.PIPE)
        if started.returncode:
            pytest.exit(started.stderr, returncode=started.returncode)
        yield
    finally:
        subprocess.run([SLURM, "stop", folder], check=True)


def jobs() -> dict[str, list[dict[str, str]]]:
    """All jobs that Slurm knows by what is run, in their order; each with Slurm's words on it."""
    said = subprocess.run(["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True)
    every = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in said.stdout.splitlines()]
    found = {}
    for job in sorted((job for job in every if "Comment" in job), key=lambda j: int(j["JobId"])):
        found.setdefault(job["Comment"], []).append(job)
    return found


def checkpoints(checkout):
    saved = checkout.root.glob(f"{LETTERS}/checkpoints/branched/*/step-*/manifest.json")
    return {path.parent.name for path in saved}


def await_training(checkout, process, attempt):
    """The number of the job of this attempt, once it has saved a checkpoint."""
    before = checkpoints(checkout)
    while process.poll() is None:
        started = jobs().get(TRAINING, [])[attempt:]
        if started and checkpoints(checkout) - before:
            return started[0]["JobId"]
        time.sleep(0.2)
    said = process.communicate()[0][-8000:]
    pytest.fail(f"the training ended in attempt {attempt}, before it was stopped:\n{said}")


def await_stop(process, job):
    """Until Slurm has ended the job."""
    while process.poll() is None:
        state = next(j["JobState"] for j in jobs()[TRAINING] if j["JobId"] == job)
        if state not in ("RUNNING", "COMPLETING"):
            return
        time.sleep(0.2)


def arguments(root, *more):
    (root / "longer.yaml").write_text(LONGER)
    return ("--configfile", OVERLAY, "longer.yaml", *more, "--", *TARGETS)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    """The workflow run as jobs; the training is out of time once and cancelled once."""
    checkout = Checkout(tmp_path_factory.mktemp("submitted"))
    profile = checkout.root / "profiles/slurm/config.yaml"
    # A GPU that nobody uses: with `device: cuda` nothing would run here.
    line = "# slurm_partition: gpu\n"
    assert profile.read_text().count(line) == 1
    profile.write_text(profile.read_text().replace(line, "gpu: 1\n"))

    profiled = ("--workflow-profile", "profiles/slurm", *QUICK)
    process = checkout.start(*arguments(checkout.root, *profiled))
    logs = []
    try:
        for attempt, end in enumerate(("scontrol update TimeLimit=0 JobId={}", "scancel {}")):
            job = await_training(checkout, process, attempt)
            subprocess.run(end.format(job).split(), check=True)
            await_stop(process, job)
            logs.append((checkout.root / LOG).read_text())
        said, _ = process.communicate()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said[-8000:]
    return SimpleNamespace(checkout=checkout, root=checkout.root, jobs=jobs(), logs=logs)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The same, run by this process alone."""
    checkout = Checkout(tmp_path_factory.mktemp("local"))
    done = checkout.snakemake(*arguments(checkout.root, "--cores", 2))
    assert done.returncode == 0, done.stdout[-8000:]
    return checkout


def test_training_that_is_stopped_goes_on_in_the_next_job(submitted):
    states = [job["JobState"] for job in submitted.jobs[TRAINING]]
    assert states == ["TIMEOUT", "CANCELLED", "COMPLETED"]
    for log in submitted.logs:
        assert "SIGTERM: saved at step" in log
    assert "resumed from the checkpoint of step" in (submitted.root / LOG).read_text()


def test_every_attempt_has_more_time_and_memory(submitted):
    attempts = submitted.jobs[TRAINING]
    assert [job["MinMemoryNode"] for job in attempts] == ["4000M", "8000M", "12000M"]
    assert [job["TimeLimit"] for job in attempts][1:] == ["16:00:00", "1-00:00:00"]


def fingerprint(path):
    """SHA-256 of a file; of a table, of its rows, beside which stands how long it took to make."""
    if path.suffix == ".parquet":
        rows = pa.BufferOutputStream()
        pq.write_table(pq.read_table(path).replace_schema_metadata(), rows)
        return hashlib.sha256(rows.getvalue()).hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_jobs_make_what_a_local_run_makes(submitted, local):
    found, expected = (
        {name: fingerprint(made.root / name) for name in ARTEFACTS} for made in (submitted, local)
    )
    assert found == expected


def test_small_jobs_are_grouped_and_those_with_a_gpu_are_not(submitted):
    groups = {name: made for name, made in submitted.jobs.items() if name.count("_") > 1}
    data = groups["rule_data_estimate_tree_preprocess"]
    figures = groups["rule_figures_plot_hybrids_plot_letters_plot_table_transmutation"]
    for (job,), memory, minutes in ((data, "4000M", 20), (figures, "1500M", 30)):
        assert (job["NumCPUs"], job["MinMemoryNode"]) == ("1", memory)
        assert job["TimeLimit"] == f"00:{minutes}:00"
        assert "TresPerJob" not in job
    with_gpu = {name for name, made in submitted.jobs.items() if "TresPerJob" in made[0]}
    assert with_gpu == {
        TRAINING,
        "rule_sample_wildcards_letters_avy_branched",
        "rule_sample_hybrids_wildcards_letters_avy",
        "rule_transmute_wildcards_letters_avy",
    }
    for name in with_gpu:
        assert {job["TresPerJob"] for job in submitted.jobs[name]} == {"gres:gpu:1"}


def test_a_local_run_after_it_executes_no_job(submitted):
    done = submitted.checkout.snakemake(*arguments(submitted.root, "--cores", 2))
    assert "Nothing to be done" in done.stdout


def test_the_pattern_for_other_schedulers_runs_jobs(tmp_path, local):
    checkout = Checkout(tmp_path)
    profiled = ("--workflow-profile", "profiles/generic", "--latency-wait", 5)
    tree = f"{LETTERS}/tree/tree.json"
    done = checkout.snakemake(*profiled, "--configfile", OVERLAY, "--", tree)
    assert done.returncode == 0, done.stdout[-8000:]
    assert done.stdout.count("with external jobid") == 2
    assert fingerprint(tmp_path / tree) == fingerprint(local.root / tree)
