"""Estimate the branch tree of a data set, or write the one that the settings give."""

import argparse

from bdiff.branch_points.estimate import estimate_tree, given_tree
from bdiff.data.dataset import read_dataset
from bdiff.process import process_from
from bdiff.script import add_settings, run
from bdiff.tree_files import save_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--output", required=True, help="tree (JSON; Newick is written beside it)")
    args = parser.parse_args(argv)
    settings = args.settings
    process = process_from(settings.pop("process"))
    points = settings.pop("branch_points", None)
    dataset = read_dataset(args.data).select("train")
    classes = settings.pop("classes", dataset.classes)
    if settings["method"] == "given":
        tree = given_tree(points or [], dataset.classes, process).restrict(classes)
    else:
        tree = estimate_tree(dataset.keep_classes(classes), process, **settings)
    save_tree(tree, args.output, process)


if __name__ == "__main__":
    run(main)
