"""Benchmarks refuse what would measure nothing: numbers out of range, labels that are none."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import heads, sampling, train_step
from benchmarks.arguments import check_labels, data_file, positive, whole

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "many", "", "--1"])
def test_whole_numbers_have_a_least(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number of 1 or more"):
        whole(1)(text)
    assert [whole(1)("1"), whole(-2)("-2")] == [1, -2]


@pytest.mark.parametrize("text", ["0", "-5", "nan", "inf", "long", ""])
def test_numbers_are_above_zero(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number above 0"):
        positive(text)
    assert positive("0.5") == 0.5


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        (["ddim", "DDIM"], "--solvers: 'DDIM' is part of no label; there are: ddim, log_snr; heun; "
         "did you mean 'ddim, log_snr'?"),
        (["quality"], "--solvers: 'quality' is part of no label; there are: ddim, log_snr; heun"),
    ],
)  # fmt: skip
def test_parts_of_no_label_are_refused(parts, error):
    with pytest.raises(ValueError, match="is part of no label") as raised:
        check_labels("--solvers", parts, ["ddim, log_snr", "heun"])
    assert str(raised.value) == error
    check_labels("--solvers", None, ["heun"])


def test_a_missing_data_set_is_named_with_its_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the data sets in .* are: none\. `snakemake "):
        data_file(tmp_path, "nope")
    for name in ("b", "a"):
        (tmp_path / f"{name}.parquet").touch()
    assert data_file(tmp_path, "a") == tmp_path / "a.parquet"
    for benchmark in (heads, sampling):
        rows = ["--output", str(tmp_path / "rows.jsonl"), "--data", str(tmp_path)]
        with pytest.raises(FileNotFoundError, match=r"are: a, b.*/nope\.parquet` makes"):
            benchmark.main(["--dataset", "nope", *rows])


@pytest.mark.parametrize(
    ("benchmark", "arguments", "error"),
    [
        (heads, ["--steps", "0"], "argument --steps: found '0', expected a whole number of 1"),
        (heads, ["--seconds", "-5"], "argument --seconds: found '-5', expected a number above 0"),
        (heads, ["--count", "1"], "argument --count: found '1', expected a whole number of 2"),
        (sampling, ["--per-class", "0"], "argument --per-class: found '0', expected a whole"),
        (train_step, ["--rounds", "0"], "argument --rounds: found '0', expected a whole number"),
        (train_step, ["--peak", "nope"], "argument --peak: invalid choice: 'nope'"),
        (train_step, ["--peak", "every_head", "--net", "residual"], "use it with --net paper"),
    ],
)
def test_wrong_arguments_are_refused(benchmark, arguments, error, capsys):
    common = ["--dataset", "letters"]
    with pytest.raises(SystemExit, match="2"):
        benchmark.main([*common, *arguments])
    assert error in capsys.readouterr().err


@pytest.mark.parametrize(
    ("benchmark", "arguments", "near"),
    [("heads", ["--variants", "guded"], "label-guided"),
     ("sampling", ["--solvers", "DDIM"], "ddim, log_snr")],
)  # fmt: skip
def test_a_label_that_is_none_ends_the_command(benchmark, arguments, near):
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"did you mean {near!r}?" in done.stderr
    assert "Traceback" not in done.stderr
