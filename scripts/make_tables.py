"""T1 to T6, T8: the numbers of all data sets, the paper's beside ours."""

import argparse
from pathlib import Path

from bdiff.analysis.class_extension import read_stages
from bdiff.files import atomic_write, read_rows
from bdiff.paper import paper_numbers
from bdiff.report.molecule_tables import statistics_table, transmutation_table
from bdiff.report.tables import (
    branches_table,
    discovery_table,
    efficiency_table,
    extension_table,
    frechet_table,
    paper_trees,
)
from bdiff.script import named_path, run
from bdiff.tree_files import load_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument("--branches", required=True, help="the paper's branch lists (CSV)")
    for name in ("tree", "quality", "efficiency", "comparison", "transmuted", "statistics"):
        parser.add_argument(
            f"--{name}", nargs="*", default=[], type=named_path, metavar="DATASET=PATH"
        )
    parser.add_argument(
        "--extension", nargs="*", default=[], type=named_path, metavar="DATASET=FOLDER",
        help="results of each stage of class extension, in order",
    )  # fmt: skip
    parser.add_argument("--output", required=True, type=Path, help="folder of the tables")
    args = parser.parse_args(argv)
    numbers = paper_numbers(args.paper)
    tables = {}
    if args.tree:
        trees = {name: load_tree(path) for name, path in args.tree}
        paper = paper_trees(trees, args.branches)
        tables["T1_branches"] = branches_table(trees, paper)
    for name, make, paths in (
        ("T2_efficiency", efficiency_table, args.efficiency),
        ("T3_frechet", frechet_table, args.quality),
        ("T5_molecule_transmutation", transmutation_table, args.transmuted),
        ("T6_discovery_time", discovery_table, args.comparison),
        ("T8_molecule_classes", statistics_table, args.statistics),
    ):
        if paths:
            tables[name] = make(read_all(paths), numbers)
    if args.extension:
        folders = {}
        for dataset, folder in args.extension:
            folders.setdefault(dataset, []).append(Path(folder))
        stages = {dataset: read_stages(paths) for dataset, paths in folders.items()}
        tables["T4_class_extension"] = extension_table(stages, numbers)
    for name, table in tables.items():
        with atomic_write(args.output / f"{name}.csv") as path:
            table.to_csv(path, index=False, float_format="%.6g")


def read_all(items):
    import pandas as pd

    return pd.concat([read_rows(path) for _, path in items], ignore_index=True)


if __name__ == "__main__":
    run(main)
