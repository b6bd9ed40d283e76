"""Hybrids and transmutation of a table."""

import argparse
from pathlib import Path

from bdiff.data.dataset import read_facts
from bdiff.figures.correlation_histograms import correlation_histograms
from bdiff.figures.pairs import pairs_of
from bdiff.figures.style import save_figure
from bdiff.figures.table_hybrids import table_hybrids
from bdiff.figures.table_transmutation import table_transmutation
from bdiff.sampling.files import read_samples
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--hybrids", required=True, help="hybrids and continuations (parquet)")
    parser.add_argument("--transmutation", required=True, help="before, between, after (parquet)")
    parser.add_argument("--output", required=True, help="folder of the figures")
    args = parser.parse_args(argv)
    facts = read_facts(args.data)
    names, title = facts["feature_names"], facts["title"]
    hybrids, transmutation = read_samples(args.hybrids), read_samples(args.transmutation)
    pair = pairs_of(transmutation)[0]
    figures = {
        "F15a_hybrids": table_hybrids(hybrids, pair, names, title),
        "F15b_transmutation": table_transmutation(transmutation, pair, names, title),
        "F15c_correlations": correlation_histograms(transmutation, pair, names, title),
    }
    for name, figure in figures.items():
        save_figure(figure, Path(args.output) / f"{name}.svg")


if __name__ == "__main__":
    run(main)
