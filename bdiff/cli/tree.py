"""bdiff tree: the branch tree of data of one's own."""

import argparse

from bdiff.branch_points.estimate import given_tree
from bdiff.cli.drawing import draw
from bdiff.cli.fit import encoded, tree_of
from bdiff.cli.own_data import OwnFile
from bdiff.cli.settings import check_sections, fit_settings
from bdiff.data.dataset import Dataset
from bdiff.defaults import form_of
from bdiff.process import process_from
from bdiff.tree import BranchTree
from bdiff.tree_files import save_tree


def main(args: argparse.Namespace) -> None:
    check_sections(args.set, ["data", "autoencoder", "tree"])
    tree = make_tree(OwnFile(args.data, args.label, args.classes_by, args.set).dataset, args)
    save_tree(tree, args.output)
    print(f"{draw(tree)}\n{args.output}: {len(tree.classes)} classes")
    print(
        f"to sample every class once with shared trunks costs {tree.shared_cost:.2f} of what it "
        "does one by one"
    )


def make_tree(dataset: Dataset, args: argparse.Namespace) -> BranchTree:
    """All classes part at the time given, or where the estimate says."""
    settings = fit_settings(dataset, "branched", None, args.set) | {"seed": args.seed}
    if args.branch_time is not None:
        process = process_from(settings["process"])
        if not process.first_time <= args.branch_time < process.horizon:
            raise ValueError(
                f"--branch-time is {args.branch_time:g}; it should be at least "
                f"{process.first_time:g}, where sampling ends, and below {process.horizon:g} "
                "(noise)"
            )
        point = {"classes": dataset.classes, "time": args.branch_time}
        return given_tree([point], dataset.classes, process)
    if form_of(dataset) == "molecules":
        raise ValueError(
            "a tree of molecules cannot be estimated, since atoms cannot be compared place by "
            "place; say where their classes part: --branch-time 0.4"
        )
    return tree_of(encoded(dataset, settings, "auto"), settings)
