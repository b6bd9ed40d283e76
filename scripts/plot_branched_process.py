"""The branched forward process of some classes."""

import argparse

from bdiff.data.dataset import read_dataset
from bdiff.figures.branched_process import branched_process
from bdiff.figures.style import save_figure
from bdiff.process import process_from
from bdiff.script import add_settings, run
from bdiff.tree_files import load_tree

OBJECTS = 2  # rows of a class


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", required=True, help="branch tree (JSON)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    tree = load_tree(args.tree).restrict(args.settings["classes"])
    dataset = read_dataset(args.data)
    objects = {name: dataset.of(name, "train")[:OBJECTS] for name in tree.classes}
    process = process_from(tree.process)
    save_figure(branched_process(tree, objects, process, dataset.title), args.output)


if __name__ == "__main__":
    run(main)
