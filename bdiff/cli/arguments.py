"""The command lines of all commands."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bdiff.cli import options

EPILOG = """\
exit codes:
  0    done
  1    an error; the message says what was found, what was expected and what to do
  2    a wrong command line
  75   a scheduler's signal (SIGTERM, SIGUSR1) ended the training, after a checkpoint;
       the same command goes on where it stood
  130  the same by Ctrl-C

example:
  bdiff fit iris.csv --label species -o iris
  bdiff sample iris --count 100 -o samples.csv"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `command` is the name of the command."""
    whole = argparse.ArgumentParser(
        prog="bdiff",
        description="Branched diffusion models for class-labelled data of one's own.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"bdiff {version('bdiff')}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_fit, _tree, _sample, _extend, _transmute, _evaluate, _info, _status):
        add(commands)
    return whole


def _command(
    commands: Any, name: str, summary: str, example: str, more: str = ""
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.{more}",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _fit(commands: Any) -> None:
    command = _command(
        commands,
        "fit",
        "train a model on data of one's own",
        "bdiff fit iris.csv --label species -o iris --steps 2000",
        "\n\nThe tree of the classes is estimated first, and counts of cells are encoded by an\n"
        "autoencoder. The folder holds all that the other commands need. Interrupted, the same\n"
        "command goes on where it stood.",
    )
    options.data(command)
    options.output(command, "folder to write")
    command.add_argument(
        "--kind",
        choices=("branched", "linear"),
        default="branched",
        help="branched, or the label-guided baseline without a tree (default: %(default)s)",
    )
    command.add_argument(
        "--tree", metavar="FILE", type=Path, help="tree by `bdiff tree` (default: estimated)"
    )
    options.steps(command, "5,000 for tables, 10,000 for cells and images, 20,000 for molecules")
    options.settings(
        command,
        "data, process, autoencoder, tree, net or training",
        "data.shape=[1,28,28] (columns are pixels), data.standardise=false, data.held_out=none, "
        "data.genes=500, tree.tolerance=0.05, net.width=128, training.learning_rate=0.002",
    )
    options.seed(command)
    options.device(command)


def _tree(commands: Any) -> None:
    command = _command(
        commands,
        "tree",
        "estimate the tree of the classes, and draw it",
        "bdiff tree iris.csv --label species -o tree.json",
    )
    options.data(command)
    options.output(command, "tree to write (.json; Newick, .nwk, is written beside it)", ".json")
    command.add_argument(
        "--branch-time",
        type=float,
        metavar="T",
        help="nothing is estimated, all classes part at this time, between 0.001 (data) and 1 "
        "(noise); for molecules, whose trees cannot be estimated (0.4 is usual)",
    )
    options.settings(
        command,
        "data, autoencoder or tree",
        "data.standardise=false, data.genes=500, tree.tolerance=0.05",
    )
    options.seed(command)


def _sample(commands: Any) -> None:
    command = _command(
        commands,
        "sample",
        "make objects of any classes",
        "bdiff sample iris --count setosa=100 virginica=20 -o samples.csv",
        "\n\nThe network evaluations that it will cost are told beforehand. Values stand in the\n"
        "units of one's own data: in .csv under the names of the features, in .parquet (which\n"
        "`bdiff evaluate` reads) as raw_<feature>; of cells the share of each gene, of molecules\n"
        "SMILES, empty where not valid.",
    )
    options.folder(command)
    command.add_argument(
        "--count",
        nargs="+",
        required=True,
        type=options.class_count,
        metavar="N",
        help="objects of every class, or CLASS=N for some classes; 1 or more",
    )
    options.table(command, "samples to write")
    command.add_argument(
        "--solver",
        metavar="NAME",
        help="predictor_corrector (the paper's), euler_maruyama, ddim, dpm_solver_pp, "
        "sde_dpm_solver_pp, deis, unipc, heun or probability_flow (default: sde_dpm_solver_pp, "
        "for molecules predictor_corrector)",
    )
    command.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="steps of the solver, 2 or more (default: 18, for images 20, for molecules 200)",
    )
    command.add_argument(
        "--share-trunks",
        action="store_true",
        help="simulate what classes have in common once; cheaper, but samples of the same number "
        "in different classes are then alike",
    )
    options.seed(command)
    options.device(command)


def _extend(commands: Any) -> None:
    command = _command(
        commands,
        "extend",
        "add a class to a model, as a new leaf that is trained alone",
        "bdiff extend iris more.csv --new sylvestris -o iris4",
        "\n\nThe branch point is estimated. Nothing that was learned before changes, and that is\n"
        "checked by its hash (of a label-guided model it does). Interrupted, the same command\n"
        "goes on where it stood.",
    )
    options.folder(command)
    options.more_data(command)
    command.add_argument(
        "--new",
        type=options.class_name,
        required=True,
        metavar="CLASS",
        help="name of the new class",
    )
    options.output(command, "folder to write")
    options.steps(command, "2,000")
    options.settings(
        command, "training or tree", "training.learning_rate=0.002, tree.tolerance=0.05"
    )
    options.seed(command)
    options.device(command)


def _transmute(commands: Any) -> None:
    command = _command(
        commands,
        "transmute",
        "turn objects of one class into another, through their branch point",
        "bdiff transmute iris iris.csv --from setosa --to virginica -o turned.csv",
        "\n\nA row is an object before (role original), at the branch point (noised) or after\n"
        "(sample); rows with the same index belong together. In .csv the class of an object is\n"
        "its own until it is turned, and the one that all become stands in the column `to`.",
    )
    options.folder(command)
    options.more_data(command)
    command.add_argument(
        "--from",
        dest="origin",
        type=options.class_name,
        required=True,
        metavar="CLASS",
        help="class of the objects",
    )
    command.add_argument(
        "--to",
        dest="target",
        type=options.class_name,
        required=True,
        metavar="CLASS",
        help="class they become",
    )
    options.table(command, "objects to write")
    command.add_argument(
        "--time",
        type=float,
        metavar="T",
        help="noise the objects up to this time, between 0.001 (data) and 1 (noise) (default: "
        "where the classes part; a label-guided model has no such point)",
    )
    command.add_argument(
        "--guidance",
        type=float,
        default=1.0,
        metavar="WEIGHT",
        help="push the objects away from the class they come from, 1 not at all, more turn into "
        "the other and less is kept (default: %(default)s)",
    )
    options.seed(command)
    options.device(command)


def _evaluate(commands: Any) -> None:
    command = _command(
        commands,
        "evaluate",
        "judge samples beside real objects, class by class",
        "bdiff evaluate iris samples.parquet -o metrics.csv",
        '\n\nReal objects are those that the model was fitted to; the rows "real" show what they\n'
        "score themselves.",
    )
    options.folder(command)
    command.add_argument("samples", type=Path, help="samples by `bdiff sample` (.parquet)")
    options.output(command, "all numbers, tidy (.csv)", ".csv")
    command.add_argument(
        "--count",
        type=int,
        default=1000,
        metavar="N",
        help="objects of a class that are compared, 2 or more; at most half of those there are "
        "(default: %(default)s)",
    )
    options.seed(command)


def _info(commands: Any) -> None:
    command = _command(
        commands,
        "info",
        "say what a file or folder of bdiff is, and whether it is whole",
        "bdiff info iris",
    )
    command.add_argument(
        "path", type=Path, help="folder by `bdiff fit`, model, tree, samples or data set"
    )


def _status(commands: Any) -> None:
    command = _command(
        commands,
        "status",
        "say what is done, running and left",
        "bdiff status iris",
        "\n\nOf a checkout of the workflow, or of one folder by `bdiff fit`. Nothing is locked;\n"
        "it works while they run.",
    )
    command.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(),
        help="the checkout (or its results), or a folder by `bdiff fit` (default: here)",
    )
    command.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="overlays of config.yaml, as for snakemake (default: those of the last run)",
    )
