"""Judge generated molecules, beside real ones, and what became of transmuted ones."""

import argparse

from bdiff.analysis.molecule_quality import molecule_quality
from bdiff.analysis.molecule_transmutation import (
    COLUMNS,
    MOLECULE_COLUMNS,
    molecule_transmutation,
)
from bdiff.analysis.molecules import STATISTIC_COLUMNS, class_statistics, smiles_of
from bdiff.analysis.quality import COLUMNS as QUALITY_COLUMNS
from bdiff.chemistry import valid_molecules
from bdiff.data.dataset import read_dataset
from bdiff.files import write_rows
from bdiff.sampling.files import read_samples
from bdiff.script import add_settings, named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--transmutation", nargs="+", type=named_path, metavar="MODEL=PATH")
    parser.add_argument("--output", required=True, help="quality of the samples (CSV)")
    parser.add_argument("--statistics", help="how many real molecules have a ring, ... (CSV)")
    parser.add_argument("--transmuted", help="what became of transmuted molecules (CSV)")
    parser.add_argument("--groups", help="functional groups they kept, one by one (CSV)")
    args = parser.parse_args(argv)
    given = [x is not None for x in (args.transmutation, args.transmuted, args.groups)]
    if any(given) and not all(given):
        parser.error("give --transmutation, --transmuted and --groups, or none of them")
    settings = args.settings
    dataset = read_dataset(args.data)
    tables = {}
    if args.statistics is not None:
        rows = class_statistics(smiles_of(valid_molecules(dataset.x)))
        named = [{"dataset": dataset.name} | row for row in rows]
        tables[args.statistics] = (named, STATISTIC_COLUMNS)
    samples = read_all(args.samples)
    tables[args.output] = (molecule_quality(dataset, samples, **settings), QUALITY_COLUMNS)
    if args.transmutation is not None:
        made = read_all(args.transmutation)
        classes_by, seed = settings["classes_by"], settings["seed"]
        rows, molecules = molecule_transmutation(dataset, made, classes_by, seed=seed)
        tables[args.transmuted] = (rows, COLUMNS)
        tables[args.groups] = (molecules, MOLECULE_COLUMNS)
    for path, (rows, columns) in tables.items():
        write_rows(path, rows, columns)
        print(f"{path}: {len(rows):,} rows")


def read_all(items):
    return {model: read_samples(path) for model, path in items}


if __name__ == "__main__":
    run(main)
