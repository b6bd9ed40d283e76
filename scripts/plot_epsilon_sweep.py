"""Branch trees, what sampling costs with them, and quality, against epsilon."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.style import save_figure
from bdiff.figures.tree_variation import epsilon_sweep
from bdiff.files import read_rows
from bdiff.script import named_path, run
from bdiff.tree_files import load_tree


def epsilon_path(text):
    """An argument EPSILON=PATH."""
    epsilon, path = named_path(text)
    return float(epsilon), path


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    pairs = {"type": epsilon_path, "metavar": "EPSILON=PATH"}
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", required=True, nargs="+", help="branch trees (JSON)", **pairs)
    parser.add_argument(
        "--quality", nargs="*", default=(), help="metrics of the trees' models (CSV)", **pairs
    )
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    trees = {epsilon: load_tree(path) for epsilon, path in args.tree}
    quality = {epsilon: read_rows(path) for epsilon, path in args.quality}
    save_figure(epsilon_sweep(trees, quality, read_facts(args.data)["title"]), args.output)


if __name__ == "__main__":
    run(main)
