"""Compare the estimators of the branch points: time, and agreement between draws of objects."""

import argparse

from bdiff.branch_points.compare import compare_estimators
from bdiff.data.dataset import read_dataset
from bdiff.files import write_rows
from bdiff.process import process_from
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--output", required=True, help="tidy table (CSV)")
    args = parser.parse_args(argv)
    settings = args.settings
    process = process_from(settings.pop("process"))
    dataset = read_dataset(args.data).select("train")
    rows = compare_estimators(dataset, process, **settings)
    same = {"dataset": dataset.name} | {key: settings[key] for key in ("objects", "times")}
    columns = ["dataset", "estimator", "measure", "draw", "value", "objects", "times"]
    write_rows(args.output, [row | same for row in rows], columns)


if __name__ == "__main__":
    run(main)
