"""Profiles of clusters: what they name is there, and no job with a GPU is grouped."""

import re
from types import SimpleNamespace

import pytest
import yaml

from .conftest import OVERLAY, ROOT
from .test_workflow import helpers

CLUSTERS = ("slurm", "generic")
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", re.M | re.S)
RULES = {
    name: body
    for path in (ROOT / "workflow/rules").glob("*.smk")
    for name, body in RULE.findall(path.read_text())
}
WITH_GPU = {name for name, body in RULES.items() if "gpu=GPUS" in body}


def profile(name):
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_jobs_with_a_gpu_have_a_runtime_of_their_own(cluster):
    resources = profile(cluster)["set-resources"]
    assert resources.keys() <= RULES.keys()
    longest = {name for name, of in resources.items() if of == {"runtime": "480 * attempt"}}
    assert longest == WITH_GPU


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_cluster_sees_the_same_files_as_unchanged_and_tries_again(cluster):
    default, of_cluster = profile("default"), profile(cluster)
    same = ("rerun-incomplete", "show-failed-logs", "max-checksum-file-size")
    assert [of_cluster[key] for key in same] == [default[key] for key in same]
    assert of_cluster["retries"] > 0
    assert "retries" not in default


def test_figures_and_no_job_with_a_gpu_are_grouped():
    groups = profile("slurm")["groups"]
    assert groups.keys() <= RULES.keys() - WITH_GPU
    assert groups.keys() >= {name for name in RULES if name.startswith("plot_")}
    # That which only some jobs of a group have would be an error, unless it is a number.
    assert not [name for name in groups if "command=COMMAND" in RULES[name]]


def test_the_profile_of_slurm_is_planned_without_slurm(checkout):
    done = checkout.snakemake("-n", "--workflow-profile", "profiles/slurm", "--configfile", OVERLAY)
    assert done.returncode == 0, done.stdout[-8000:]
    assert re.search(r"^train +10$", done.stdout, re.M)


def test_memory_grows_with_every_attempt():
    memory = helpers(ROOT).growing(4000)
    assert [memory(None, attempt=attempt) for attempt in (1, 2, 3)] == [4000, 8000, 12000]
    assert all("mem_mb=growing(" in body for body in RULES.values())


@pytest.mark.parametrize(
    ("place", "threads"),
    [
        ({"local_exec": True, "remote_exec": False}, 2),  # half, beside the other model
        ({"local_exec": False, "remote_exec": False}, 4),  # what submits the job
        ({"local_exec": True, "remote_exec": True}, 4),  # the job, with what was asked for
    ],
)
def test_a_job_on_a_cluster_has_its_cores_to_itself(place, threads):
    found = helpers(ROOT, cores=4)
    vars(found.workflow).update(place)
    assert found.net_threads(SimpleNamespace(dataset="mnist")) == threads
    assert found.net_threads(SimpleNamespace(dataset="letters")) == 1
