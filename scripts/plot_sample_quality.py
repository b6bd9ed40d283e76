"""F3, F6: the distance of samples to real objects, class by class."""

import argparse
from pathlib import Path

from bdiff.data.dataset import read_dataset
from bdiff.figures.sample_quality import sample_quality
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.paper import paper_numbers
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--quality", required=True, help="tidy table of the metrics (CSV)")
    parser.add_argument("--paper", required=True, help="folder of the paper's numbers")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    paper = paper_numbers(Path(args.paper) / "numbers.csv")
    title = read_dataset(args.data).title
    save_figure(sample_quality(read_rows(args.quality), title, paper), args.output)


if __name__ == "__main__":
    run(main)
