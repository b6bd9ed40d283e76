"""bdiff status: what is done, running and left.

Of a checkout, `snakemake --summary` says which files there should be and whether each is up to
date, with the overlays that the log of the last run names; it locks nothing, and leaves but a log
of its own. What runs is what Snakemake has marked as begun; how far it is stands in the last line
of its log. Of a folder by `bdiff fit`, the parts that are there say what is done, and the newest
checkpoint how far the training is.
"""

import argparse
import base64
import csv
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from bdiff.cli.folder import FitFolder

QUIET = 600  # seconds without news after which that is said; the log has a line every 30 s
OTHERS = "figures, tables, report, downloads"
# Rules in the order in which they run, as far as there is one; all others come behind.
STAGES = (
    *("download", "preprocess", "fit_autoencoder", "estimate_tree", "compare_estimators"),
    *("train", "extend", "sample", "sample_hybrids", "transmute"),
)


def main(args: argparse.Namespace) -> None:
    folder = FitFolder(args.folder)
    if folder.record.exists():
        print("\n".join(of_fit(folder)))
        return
    for root in (args.folder, args.folder.resolve().parent):
        if (root / "Snakefile").exists():
            print("\n".join(of_workflow(root, args.configfile)))
            return
    raise ValueError(
        f"{args.folder} is no checkout of the workflow (it has no Snakefile) and no folder by "
        "`bdiff fit` (it has no fit.json)"
    )


def of_fit(folder: FitFolder) -> Iterator[str]:
    """Lines on the folder of a fit, or of a class that is added."""
    record = folder.read_record()
    settings, parts = record["settings"], {"data": folder.data}
    if settings["autoencoder"] is not None:
        parts = {"autoencoder": folder.autoencoder} | parts
    if settings["kind"] == "branched" and "new" not in record["asked"]:
        parts["tree"] = folder.tree
    parts["model"] = folder.model
    done = [name for name, path in parts.items() if path.exists()]
    if not folder.is_complete() and "model" in done:  # nothing that can be read
        done.remove("model")
    left = [name for name in parts if name not in done]
    yield f"done:    {', '.join(done) or 'nothing'}"
    if left:
        yield f"{_state(folder):<9}{left[0]}{_progress(folder, settings['training']['steps'])}"
    if left[1:]:
        yield f"left:    {', '.join(left[1:])}"


def _state(folder: FitFolder) -> str:
    """Whether a command works in the folder, as far as can be told from here."""
    try:
        note = json.loads(folder.running.read_text())
        if note["host"] != socket.gethostname():
            return f"running on {note['host']}, as far as is known: "
        os.kill(note["process"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return "stopped: "
    except (PermissionError, ValueError):  # of another user; half written
        pass
    return "running: "


def _progress(folder: FitFolder, steps: int) -> str:
    """How far the training is, by its newest checkpoint."""
    for path in sorted(folder.checkpoints.glob("*/step-*/manifest.json"), reverse=True):
        with suppress(OSError, ValueError, KeyError):  # it may go while we look
            manifest = json.loads(path.read_text())
            step, seconds = manifest["step"], manifest["seconds"]
            left = (steps - step) * seconds / step
            return (
                f", step {step:,} of {steps:,} ({100 * step / steps:.0f} %) "
                f"{_age(path.stat().st_mtime)}, from there {left:,.0f} s to go"
            )
    return ", no checkpoint yet" if folder.checkpoints.exists() else ""


def of_workflow(root: Path, overlays: Sequence[Path]) -> Iterator[str]:
    """Lines on a checkout, data set by data set; last what is made of several."""
    rows, begun = summary(root, overlays or last_overlays(root)), begun_files(root)
    locked = any((root / ".snakemake/locks").glob("*"))
    by_part: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_part.setdefault(_part(row["output_file"]), []).append(row)
    parts = sorted(by_part, key=lambda part: (part == OTHERS, part))
    done = sum(row["plan"] == "no update" for row in rows)
    yield f"{done:,} of {len(rows):,} files are done; by stage:"
    for part in parts:
        yield part
        yield from _of_part(root, by_part[part], begun, "running" if locked else "stopped")
    if not locked and begun & {row["output_file"] for row in rows}:
        yield "Snakemake does not run; start it again, and what was stopped goes on or is made anew"


def _part(path: str) -> str:
    """The data set of a file; experiments on it have names that go on after a hyphen."""
    match PurePath(path).parts:
        case ("results", name, _, *_) if name not in ("figures", "tables"):
            return name.partition("-")[0]
        case ("data", _, name):
            return PurePath(name).stem
    return OTHERS


def _of_part(
    root: Path, rows: Sequence[dict[str, str]], begun: set[str], state: str
) -> Iterator[str]:
    """Lines on the files of a data set.

    Args:
        root: of the checkout.
        rows: of the summary.
        begun: files that are not finished.
        state: of the jobs that make them, running or stopped.
    """
    done, left, jobs = Counter[str](), Counter[str](), dict[str, str]()
    for row in rows:
        name, rule = row["output_file"], row["rule"]
        if name in begun:
            log = _log(root, rule, name) or rule
            jobs[log] = f"{log}: {_last_line(root / log)}"
        else:
            (done if row["plan"] == "no update" else left)[rule] += 1
    yield from [f"  done     {_counted(done)}"] if done else []
    yield from [f"  {state:<8} {said}" for said in jobs.values()]
    yield from [f"  left     {_counted(left)}"] if left else []


def _counted(files: Counter[str]) -> str:
    """Rules with their numbers of files, in the order in which they run."""
    rules = sorted(files, key=lambda rule: STAGES.index(rule) if rule in STAGES else len(STAGES))
    return ", ".join(f"{rule} ({files[rule]})" for rule in rules)


def summary(root: Path, overlays: Sequence[Path]) -> list[dict[str, str]]:
    """A row per file of the workflow: output_file, rule, status, plan.

    Raises:
        FileNotFoundError: if Snakemake is not installed.
        ValueError: with what it said, if it refuses the configuration.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise FileNotFoundError("Snakemake is not installed: pip install 'bdiff[workflow]'")
    command = [sys.executable, "-m", "snakemake", "--summary", "--cores", "1"]
    if overlays:
        command += ["--configfile", *(str(path.resolve()) for path in overlays)]
    # Where it starts it looks for the profile.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    if done.returncode:
        raise ValueError(f"snakemake says: {done.stderr.strip() or done.stdout.strip()}")
    _, head, table = done.stdout.partition("output_file\t")
    return list(csv.DictReader((head + table).splitlines(), delimiter="\t"))


def last_overlays(root: Path) -> list[Path]:
    """The overlays of config.yaml that the last run was given, as far as its log says so."""
    for log in sorted((root / ".snakemake/log").glob("*.log"), reverse=True):
        found = re.search(r"^ *Config file\(s\): (.*)$", log.read_text(errors="replace"), re.M)
        if found:  # plans and summaries do not say
            paths = [Path(name) for name in re.findall(r"Path\('(.*?)'\)", found[1])]
            own = (root / "config.yaml").resolve()
            return [path for path in paths if path.exists() and path.resolve() != own]
    return []


def begun_files(root: Path) -> set[str]:
    """Files that Snakemake has begun and not finished, by its marks."""
    marks = root / ".snakemake/incomplete"
    found = set()
    for mark in marks.glob("**/*"):
        # Long names are spread over folders that begin with @.
        name = "".join(part.removeprefix("@") for part in mark.relative_to(marks).parts)
        with suppress(ValueError):  # a folder
            found.add(base64.urlsafe_b64decode(name).decode())
    return found


def _log(root: Path, rule: str, output: str) -> str:
    """The log of the job that makes a file: that of its rule whose parts the path has, too."""
    parts = {PurePath(part).stem for part in PurePath(output).parts}
    logs = [*(root / "logs" / rule).glob("**/*.log"), *(root / "logs").glob(f"{rule}.log")]
    own = [path.relative_to(root / "logs").with_suffix("") for path in logs]
    fitting = [name for name in own if set(name.parts) - {rule} <= parts]
    return f"logs/{max(fitting, key=lambda name: len(name.parts))}.log" if fitting else ""


def _last_line(log: Path) -> str:
    """What a log says last, and when."""
    try:
        lines = log.read_text(errors="replace").split("\n")
        changed = log.stat().st_mtime
    except OSError:
        return "no log yet"
    said = next((line.strip() for line in reversed(lines) if line.strip()), "begun")
    quiet = time.time() - changed > QUIET
    return f"{said} ({_age(changed)}{', no news since' if quiet else ''})"


def _age(when: float) -> str:
    seconds = max(0.0, time.time() - when)
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:,.0f} min ago"
