"""Similarities of pairs of objects at the branch point of two classes."""

import argparse

from bdiff.branch_points.similarity import pair_similarities
from bdiff.data.dataset import read_dataset
from bdiff.figures.similarities import similarities
from bdiff.figures.style import save_figure
from bdiff.process import process_from
from bdiff.script import add_settings, run
from bdiff.tree_files import load_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", required=True, help="branch tree (JSON)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    pair, count = tuple(args.settings["pair"]), args.settings["objects"]
    tree = load_tree(args.tree)
    time = tree.branch_time(*pair)
    dataset = read_dataset(args.data)
    objects = (dataset.of(name, "train")[:count] for name in pair)
    cosines = pair_similarities(*objects, process_from(tree.process), time)
    save_figure(similarities(*cosines, pair, time, dataset.title), args.output)


if __name__ == "__main__":
    run(main)
