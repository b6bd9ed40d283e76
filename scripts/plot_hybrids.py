"""Hybrids of pairs of classes of a table, a figure per pair."""

import argparse
from pathlib import Path

from bdiff.data.dataset import read_facts
from bdiff.figures.pairs import hybrid_pairs
from bdiff.figures.style import save_figure
from bdiff.figures.table_hybrids import table_hybrids
from bdiff.sampling.files import read_samples
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--hybrids", required=True, help="hybrids and continuations (parquet)")
    parser.add_argument(
        "--output", required=True, nargs="+", type=Path,
        help="a figure (SVG; PNG is written beside it) for each pair of the hybrids, in order",
    )  # fmt: skip
    args = parser.parse_args(argv)
    facts, hybrids = read_facts(args.data), read_samples(args.hybrids)
    for pair, path in zip(hybrid_pairs(hybrids).values(), args.output, strict=True):
        figure = table_hybrids(hybrids, pair, facts["feature_names"], facts["title"])
        save_figure(figure, path)


if __name__ == "__main__":
    run(main)
