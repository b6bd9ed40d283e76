"""Branch trees from several draws of objects, the distances among them, and their models."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.style import save_figure
from bdiff.figures.tree_variation import branch_stability
from bdiff.files import read_rows, write_rows
from bdiff.script import run
from bdiff.tree_distance import agreement
from bdiff.tree_files import load_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", required=True, nargs="+", help="a branch tree per draw (JSON)")
    parser.add_argument(
        "--quality", nargs="*", help="metrics of the branched model of each tree, in their order"
    )
    parser.add_argument("--linear", help="metrics with those of the label-guided model (CSV)")
    parser.add_argument("--distances", help="tidy table of distances and their test (CSV)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    trees = [load_tree(path) for path in args.tree]
    found = agreement(trees)
    facts = read_facts(args.data)
    if args.distances:
        test = {"statistic": found.statistic, "p_value": found.p_value}
        rows = [{"dataset": facts["name"]} | row | test for row in found.rows]
        write_rows(args.distances, rows, list(rows[0]))
    quality = list(map(read_rows, args.quality or ()))
    linear = read_rows(args.linear) if args.linear else None
    save_figure(branch_stability(trees, found, quality, linear, facts["title"]), args.output)


if __name__ == "__main__":
    run(main)
