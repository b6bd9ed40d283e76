"""Judge the samples of all models of a data set, beside real objects."""

import argparse

from bdiff.analysis.quality import COLUMNS, quality
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
    parser.add_argument("--output", required=True, help="tidy table (CSV)")
    args = parser.parse_args(argv)
    settings = args.settings
    samples = {model: read_samples(path) for model, path in args.samples}
    dataset = read_dataset(args.data, settings.pop("classes", None))
    rows = quality(dataset, samples, **settings)
    write_rows(args.output, rows, COLUMNS)
    print(f"{args.output}: {len(rows):,} numbers")


if __name__ == "__main__":
    run(main)
