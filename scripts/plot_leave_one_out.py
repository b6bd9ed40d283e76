"""Leave-one-out: each class added to a model of all others, and what it is worth there."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.leave_one_out import leave_one_out, leave_one_out_rows
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.script import add_settings, named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--full", required=True, help="quality of a model of all classes (CSV)")
    parser.add_argument(
        "--added",
        required=True,
        nargs="+",
        type=named_path,
        metavar="CLASS=PATH",
        help="quality of the models that this class was added to (CSV)",
    )
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    added = {name: read_rows(path) for name, path in args.added}
    rows = leave_one_out_rows(read_rows(args.full), added)
    training = args.settings["training"]
    save_figure(leave_one_out(rows, training, read_facts(args.data)["title"]), args.output)


if __name__ == "__main__":
    run(main)
