"""The workflow ends with the same hashes whatever happened on the way, and runs no text as code."""

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import time
from urllib.parse import quote

import numpy as np
import pytest
import yaml

from bdiff.config import ConfigError, load_config
from tests.workflow.conftest import OVERLAY, ROOT, Checkout

MODEL = "results/letters_avy/models/branched"
DATA = "data/processed/letters_avy.parquet"
FULL = pytest.mark.fault("F19", full=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("fresh"))


class Place:
    """A working directory for the model of three letters, with a checkpoint after 1,000 steps."""

    def __init__(self, checkout, folder):
        self.checkout, self.root = checkout, folder
        settings = {"training": {"branched": {"steps": 2500, "batch_size": 32}}}
        overlay = folder / "overlay.yaml"
        overlay.write_text(yaml.safe_dump({"datasets": {"letters_avy": settings}}))
        self.arguments = (
            *("-s", checkout.root / "Snakefile", "--directory", folder, "--cores", 2),
            *("--configfile", checkout.root / OVERLAY, overlay, "--", f"{MODEL}/manifest.json"),
        )

    def start(self):
        return self.checkout.start(*self.arguments)

    def run(self):
        return self.checkout.snakemake(*self.arguments)

    def until(self, process, pattern):
        """Wait for a file, while the workflow runs."""
        while not (found := list(self.root.glob(pattern))):
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.02)
        return found[0]

    def until_trained_a_little(self, process):
        self.until(process, "results/letters_avy/checkpoints/branched/*/step-*/manifest.json")

    @property
    def hashes(self):
        files = [DATA, "results/letters_avy/tree/tree.json", f"{MODEL}/weights.safetensors"]
        return [hashlib.sha256((self.root / file).read_bytes()).hexdigest() for file in files]


@pytest.fixture(scope="module")
def alone(checkout, tmp_path_factory):
    """What a run that was left alone ends with."""
    place = Place(checkout, tmp_path_factory.mktemp("alone"))
    done = place.run()
    assert done.returncode == 0, done.stdout
    return place


@pytest.fixture
def place(checkout, tmp_path):
    return Place(checkout, tmp_path)


def ends_like(place, alone):
    """Run to the end: with the same hashes, and nothing left to do."""
    done = place.run()
    assert done.returncode == 0, done.stdout
    assert place.hashes == alone.hashes
    assert "Nothing to be done" in place.run().stdout
    return done.stdout


@FULL
def test_a_killed_job_goes_on_where_it_stood(place, alone):
    process = place.start()
    place.until_trained_a_little(process)
    jobs = ["pgrep", "-g", str(process.pid), "-f", "scripts/train.py"]
    own = subprocess.run(jobs, capture_output=True, text=True).stdout.split()
    for pid in own:
        os.kill(int(pid), signal.SIGKILL)
    said, _ = process.communicate()
    assert own
    assert process.returncode == 1, said
    ends_like(place, alone)
    log = (place.root / "logs/train/letters_avy/branched.log").read_text()
    assert "resumed from the checkpoint of step" in log


@FULL
def test_a_damaged_file_between_is_named_and_made_again(place, alone):
    shutil.copytree(alone.root, place.root, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(place.root / MODEL)
    content = (place.root / DATA).read_bytes()
    (place.root / DATA).write_bytes(content[: len(content) // 2])
    done = place.run()
    assert done.returncode == 1
    assert f"{DATA} is corrupt or no parquet file" in done.stdout
    (place.root / DATA).unlink()
    ends_like(place, alone)


@FULL
def test_folders_of_logs_that_are_gone_are_made(place, alone):
    shutil.copytree(alone.root, place.root, dirs_exist_ok=True, symlinks=True)
    for name in ("logs", "benchmarks"):
        shutil.rmtree(place.root / name)
    shutil.rmtree(place.root / MODEL)
    ends_like(place, alone)
    assert (place.root / "logs/train/letters_avy/branched.log").is_file()


@FULL
def test_of_two_runs_at_once_one_is_refused(place, alone):
    process = place.start()
    place.until_trained_a_little(process)
    os.killpg(process.pid, signal.SIGSTOP)  # or it might end before the other begins
    other = place.run()
    os.killpg(process.pid, signal.SIGCONT)
    assert other.returncode == 1
    assert "cannot be locked" in other.stdout
    process.communicate()
    assert process.returncode == 0
    ends_like(place, alone)


@FULL
def test_an_edited_setting_is_the_only_one_that_counts(place, alone):
    """There and back again: the model is trained anew both times, its data and tree are not."""
    shutil.copytree(alone.root, place.root, dirs_exist_ok=True, symlinks=True)
    overlay = place.root / "overlay.yaml"
    text = overlay.read_text()
    overlay.write_text(text.replace("steps: 2500", "steps: 2400"))
    done = place.run()
    assert done.returncode == 0, done.stdout
    assert place.hashes[:2] == alone.hashes[:2]
    assert place.hashes[2] != alone.hashes[2]
    overlay.write_text(text)
    said = ends_like(place, alone)
    assert "Training the branched model of letters_avy" in said
    assert "Making the data set" not in said


HOSTILE = ("$(touch hacked)", "`touch hacked`", "'; touch hacked; '", '"; touch hacked; "', "a *")


@pytest.mark.fault("S2")
def test_texts_of_the_configuration_are_no_commands(checkout, tmp_path, count, reached):
    """As names of files, columns and classes, as titles, and in what is named after classes."""
    texts = list(HOSTILE[: count(3, 5)])
    name = f"{texts[0]}{texts[2]}.csv"
    values = np.random.default_rng(0).standard_normal((150, 2))
    with (tmp_path / name).open("w", newline="") as file:
        csv.writer(file).writerow(["x", texts[1], texts[0]])
        csv.writer(file).writerows([*v, texts[i % len(texts)]] for i, v in enumerate(values))
    steps = {"steps": 3}
    dataset = {
        "data": {"source": "file", "path": name, "label": texts[0], "title": texts[1],
                 "classes": texts},
        "tree": {"method": "sharing_cost", "tolerance": 0.02, "min_time": 0.01},
        "net": {"name": "dense"},
        "training": {"branched": steps, "linear": None},
        "samples": {"count": 4, "solver": {"name": "ddim", "steps": 3}},
        "metrics": {"count": 4},
        "leave_one_out": {"classes": texts[:1], "training": steps, "added": steps},
    }  # fmt: skip
    overlay = tmp_path / "own.yaml"
    overlay.write_text(yaml.safe_dump({"run": ["own"], "datasets": {"own": dataset}}))
    derived = f"results/own-added-{quote(texts[0], safe='')}/metrics/quality.csv"
    targets = count(["data/processed/own.parquet"], ["results/own/metrics/quality.csv", derived])
    done = checkout.snakemake(
        *("-s", checkout.root / "Snakefile", "--directory", tmp_path, "--cores", 2),
        *("--configfile", checkout.root / OVERLAY, overlay, "--", *targets),
    )
    assert done.returncode == 0, done.stdout[-4000:]
    executed = [*tmp_path.rglob("hacked"), *checkout.root.rglob("hacked")]
    reached(len(texts) if not executed else 0, len(texts), "texts")
    assert executed == []


@pytest.mark.fault("S4")
@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "x/y", "..", "x y", "x;y", "$(x)", "x\n", "X", ""]
)
def test_names_of_data_sets_that_are_no_plain_names_are_refused(name):
    """They become names of folders."""
    settings = yaml.safe_load((ROOT / "config.yaml").read_text())
    settings["datasets"][name] = settings["datasets"]["letters"]
    with pytest.raises(ConfigError, match="datasets"):
        load_config(settings)
    with pytest.raises(ConfigError, match="run"):
        load_config(settings | {"datasets": settings["datasets"], "run": [name]})
