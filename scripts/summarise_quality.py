"""The table of quality of all data sets and models, as CSV and as markdown."""

import argparse
import json
from pathlib import Path

from bdiff.files import atomic_write, read_rows, write_text
from bdiff.paper import paper_numbers
from bdiff.report.quality_table import origin_of, quality_markdown, quality_table
from bdiff.sampling.files import read_samples
from bdiff.script import named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument(
        "--quality", required=True, nargs="+", help="tidy tables of the metrics (CSV)"
    )
    for name, what in (("manifest", "of models (JSON)"), ("samples", "of models (parquet)")):
        parser.add_argument(
            f"--{name}",
            nargs="*",
            default=[],
            type=named_path,
            metavar="DATASET/MODEL=PATH",
            help=what,
        )
    parser.add_argument("--command", default="", help="that made all this, for the table")
    parser.add_argument("--output", required=True, type=Path, help="table (CSV; .md beside it)")
    args = parser.parse_args(argv)
    import pandas as pd

    manifests, samples = dict(args.manifest), dict(args.samples)
    if manifests.keys() != samples.keys():
        parser.error("--manifest and --samples must name the same models")
    origins = {
        tuple(name.split("/", 1)): origin_of(
            json.loads(Path(manifests[name]).read_text(encoding="utf-8")),
            read_samples(samples[name]),
            args.command,
        )
        for name in samples
    }
    rows = pd.concat(map(read_rows, args.quality), ignore_index=True)
    table = quality_table(rows, paper_numbers(args.paper), origins)
    with atomic_write(args.output) as path:
        table.to_csv(path, index=False, float_format="%.6g")
    write_text(args.output.with_suffix(".md"), quality_markdown(table))
    print(f"{args.output}: {len(table)} rows")


if __name__ == "__main__":
    run(main)
