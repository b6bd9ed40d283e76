"""bdiff status in a checkout: with Snakemake at work, killed, and not begun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.persistence.file import FilePersistence

from bdiff.cli.status import begun_files, last_overlays, of_workflow

from .zoo import fails

SNAKEFILE = """
configfile: "config.yaml"
NAME = config["name"]

rule all:
    input: f"results/{NAME}-draw-0/models/branched/manifest.json", "results/figures/F1.png"

rule preprocess:
    output: "data/processed/{dataset}.parquet"
    log: "logs/preprocess/{dataset}.log"
    shell: "touch {output} > {log} 2>&1"

rule train:
    input: f"data/processed/{NAME}.parquet"
    output:
        "results/{dataset}/models/{model}/manifest.json",
        "results/{dataset}/models/{model}/weights.safetensors",
    log: "logs/train/{dataset}/{model}.log"
    shell: "echo 'training branched: 34 %, 20 s left, loss 0.5' > {log}; exec sleep 60"

rule plot_one:
    input: f"results/{NAME}-draw-0/models/branched/manifest.json"
    output: "results/figures/F1.png"
    shell: "touch {output}"
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "config.yaml").write_text("name: none\n")
    (tmp_path / "over lay.yaml").write_text("name: zoo\n")
    return tmp_path


def files(folder):
    return {path for path in folder.rglob("*") if "log" not in path.parts}


def test_what_is_done_running_and_left(checkout):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "over lay.yaml"]
    process = subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        log = checkout / "logs/train/zoo-draw-0/branched.log"
        while not (log.exists() and log.read_text()):
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.1)
        before = files(checkout)
        lines = list(of_workflow(checkout, []))
        assert files(checkout) == before
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    expected = [
        "1 of 4 files are done; by stage:",
        "zoo",
        "  done     preprocess (1)",
        "  running  logs/train/zoo-draw-0/branched.log: training branched: 34 %, 20 s left, ",
        "figures, tables, report, downloads",
        "  left     plot_one (1)",
    ]
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)
    assert last_overlays(checkout) == [checkout / "over lay.yaml"]

    # Killed, Snakemake leaves its locks and marks; unlocked, it does not run.
    for lock in (checkout / ".snakemake/locks").iterdir():
        lock.unlink()
    old = time.time() - 3600
    os.utime(log, (old, old))
    stopped = list(of_workflow(checkout, []))
    assert stopped[3].startswith(
        "  stopped  logs/train/zoo-draw-0/branched.log: training branched: 34 %"
    )
    assert "60 min ago, no news since" in stopped[3]
    assert "start it again" in stopped[-1]


def test_overlays_say_what_there_is_to_do(checkout):
    assert any(line == "none" for line in of_workflow(checkout, []))
    lines = list(of_workflow(checkout, [checkout / "over lay.yaml"]))
    assert lines[0] == "0 of 4 files are done; by stage:"
    assert lines[1:3] == ["zoo", "  left     preprocess (1), train (2)"]
    assert not (checkout / ".snakemake/locks").exists() or not list(
        (checkout / ".snakemake/locks").iterdir()
    )


def test_what_snakemake_says_is_passed_on(checkout):
    (checkout / "config.yaml").write_text("nme: none\n")
    fails(f"status {checkout}", "(?s)snakemake says: .*KeyError.*'name'")


def test_marks_are_read_as_snakemake_writes_them(tmp_path):
    folder = tmp_path / ".snakemake/incomplete"
    names = {"results/a b/ü.txt", "results/" + 60 * "long/" + "name.txt"}
    for name in names:
        place = FilePersistence._record_path(
            SimpleNamespace(_fetch_max_len=lambda subject: 255), folder, name
        )
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).touch()
    assert names <= begun_files(tmp_path)
