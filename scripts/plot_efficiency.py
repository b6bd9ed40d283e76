"""The cost of sampling all classes, one by one and with shared trunks."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.efficiency import efficiency
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--efficiency", required=True, help="tidy table of the runs (CSV)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    title = read_facts(args.data)["title"]
    save_figure(efficiency(read_rows(args.efficiency), title), args.output)


if __name__ == "__main__":
    run(main)
