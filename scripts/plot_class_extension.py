"""Classes added to a trained model one after another."""

import argparse
from pathlib import Path

from bdiff.analysis.class_extension import compare_old_classes, read_stages
from bdiff.data.dataset import read_facts
from bdiff.figures.class_extension import class_extension
from bdiff.figures.style import save_figure
from bdiff.paper import paper_numbers
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument(
        "--stages",
        required=True,
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="results of the start and of each class added, in their order: metrics/quality.csv, "
        "and samples/MODEL.parquet of every model in it",
    )
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    stages = read_stages(args.stages)
    paper = paper_numbers(args.paper)
    save_figure(class_extension(stages, read_facts(args.data)["title"], paper), args.output)
    print(compare_old_classes(stages))


if __name__ == "__main__":
    run(main)
