"""The distance of samples to real objects, class by class."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.sample_quality import sample_quality
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.paper import paper_numbers
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--quality", required=True, help="tidy table of the metrics (CSV)")
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    paper = paper_numbers(args.paper)
    title = read_facts(args.data)["title"]
    save_figure(sample_quality(read_rows(args.quality), title, paper), args.output)


if __name__ == "__main__":
    run(main)
