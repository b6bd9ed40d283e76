"""Errors, exit codes, and what the help says."""

import re
import subprocess
import sys

import pytest

from bdiff.cli.arguments import parser
from bdiff.defaults import ADDED, BY_FORM

from .zoo import fails


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("fit none.csv -o new", "there is no file none.csv"),
        ("fit zoo.csv --label specis -o new", "no column 'specis'.*did you mean 'species'"),
        ("fit zoo.csv --label species -o new --steps 0", "training.steps: found 0"),
        ("fit zoo.csv --label species -o new --set net.widht=3", "widht.*did you mean 'width'"),
        ("fit zoo.csv --label species -o new --set nets.width=3", "no section 'nets' here"),
        ("fit zoo.csv --label species -o new --set data.held_out=2", "data.held_out: found 2"),
        ("fit zoo.csv --label species -o new --set autoencoder.latent=2", "no counts to encode"),
        ("tree zoo.csv --label species -o new.json --set net.width=2", "no section 'net' here"),
        (
            "tree zoo.csv --label species -o new.json --branch-time 2",
            r"--branch-time is 2; it should be at least 0\.001, where sampling ends",
        ),
        ("sample nowhere --count 2 -o s.csv", "nowhere is no folder by `bdiff fit`"),
        ("sample zoo --count cat=2 -o s.csv", "unknown class 'cat'; the classes are ape, bee, cow"),
        ("sample zoo --count 2 ape=1 -o s.csv", "one number for every class, or CLASS=N"),
        ("sample zoo --count ape=2 ape=1 -o s.csv", "once for each"),
        ("sample zoo --count 2 -o s.csv --solver ddim", "needs a number of steps"),
        ("transmute zoo zoo.csv --from ape --to cat -o t.csv", "unknown class 'cat'"),
        ("evaluate zoo zoo/data.parquet -o m.csv", "expected samples of format"),
        (
            "fit zoo/data.parquet -o new --label kind --set data.held_out=0.3",
            "a data set made by bdiff.* leave out --label kind, --set data.held_out",
        ),
        ("info nothing", "there is no file or folder nothing"),
        ("sample zoo.csv --count 2 -o s.csv", "zoo.csv is no folder by `bdiff fit`: it is a file"),
        ("extend zoo.csv zoo.csv --new elk -o new", "zoo.csv is no folder .*: it is a file"),
        ("fit zoo.csv --label species -o zoo.csv", "-o zoo.csv should be a folder, but a file"),
        ("fit zoo.csv --label species -o zoo.csv/new", "-o zoo.csv/new should be a folder, but"),
        ("extend zoo zoo.csv --new elk -o zoo", "-o zoo is the folder that is extended"),
        (
            "fit zoo/model/manifest.json -o new",
            r"a table \(.csv, .*\), molecules \(.smi, .* or cells \(.h5ad, or a folder",
        ),
        ("fit zoo.csv -o new", "no column 'label'.*let --label be the column of class names"),
        ("fit zoo -o new", "zoo is a folder by `bdiff fit`; give .* or zoo/data.parquet"),
        (
            "transmute zoo zoo.csv --label kind --from ape --to cow -o t.csv",
            "no column 'kind'.*let --label be the column of class names",
        ),
        ("transmute zoo zoo --from ape --to cow -o t.csv", "zoo is a folder by `bdiff fit`"),
        (
            "fit zoo.csv --label species -o new --steps 5 --set training.steps=9",
            "--steps and --set training.steps are the same setting",
        ),
        (
            "fit zoo.csv --label species -o new --set data.label=width",
            "--label and --set data.label are the same setting",
        ),
        (
            "extend zoo zoo.csv --new elk -o new --steps 5 --set training.steps=9",
            "--steps and --set training.steps are the same setting",
        ),
        (
            "fit zoo.csv --label species -o new --kind linear --tree zoo/tree.json",
            "a label-guided model .* has no tree",
        ),
        ("sample zoo --count 2 -o s.csv --steps 1", "steps must be .* 2 or more, found 1"),
        ("transmute zoo zoo.csv --from ape --to cow -o t.csv --time 2", "time is 2, it must lie"),
        ("status .", "no checkout of the workflow .* and no folder by `bdiff fit`"),
    ],
)
def test_errors_are_told_with_the_fix(here, line, text):
    said = fails(line, "(?s)" + text)
    assert said.startswith("error: ")
    left = {"zoo", "zoo.csv"}
    assert {path.name for path in here.iterdir()} <= left


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("sample zoo --count 0 -o s.csv", "expected N or CLASS=N with N of 1 or more, found '0'"),
        ("sample zoo --count 3 -o s.txt", r"ends with \.parquet or \.csv"),
        ("sample zoo --count 3 -o .csv", r"ends with \.parquet or \.csv, found '\.csv'"),
        ("evaluate zoo s.parquet -o m.parquet", r"ends with \.csv, found 'm\.parquet'"),
        ("tree zoo.csv --label species -o tt.txt", r"ends with \.json, found 'tt\.txt'"),
        ("fit zoo.csv -o new --set width", "expected SECTION.KEY=VALUE, found 'width'"),
        ("fit zoo.csv -o new --seed -1", "expected a whole number of 0 or more"),
        ("sample zoo --count 3 -o zoo.csv/s.csv", "cannot be in 'zoo.csv', which is a file"),
        ("fitt", "invalid choice: 'fitt'"),
    ],
)
def test_a_wrong_command_line_ends_with_2(here, capsys, line, text):
    fails(line, "2", code=2)
    assert re.search(text, capsys.readouterr().err)


COMMANDS = ("fit", "tree", "sample", "extend", "transmute", "evaluate", "info", "status")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_an_example_that_is_one(capsys, command):
    fails(f"{command} --help", "0", code=0)
    said = capsys.readouterr().out
    example = said.rstrip().splitlines()[-1].split()
    assert example[:2] == ["bdiff", command]
    assert parser().parse_args(example[1:]).command == command


def test_defaults_in_the_help_are_those_of_the_code(capsys):
    fails("fit --help", "0", code=0)
    said = " ".join(capsys.readouterr().out.split())
    steps = {form: f"{settings['training']['steps']:,}" for form, settings in BY_FORM.items()}
    assert steps["cells"] == steps["images"]
    assert (
        f"default: {steps['table']} for tables, {steps['cells']} for cells and images, "
        f"{steps['molecules']} for molecules" in said
    )
    fails("extend --help", "0", code=0)
    assert f"(default: {ADDED['steps']:,})" in capsys.readouterr().out


def test_help_and_status_import_no_torch():
    code = "import sys, bdiff.cli, bdiff.cli.status; bdiff.cli.arguments.parser().format_help(); "
    code += "sys.exit('torch' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_is_told(capsys):
    fails("--version", "0", code=0)
    assert re.fullmatch(r"bdiff \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)
