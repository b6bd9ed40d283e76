"""Hybrids and transmutation of images."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.image_transmutation import image_transmutation
from bdiff.figures.style import save_figure
from bdiff.sampling.files import read_samples
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--hybrids", required=True, help="hybrids and continuations (parquet)")
    parser.add_argument("--transmutation", required=True, help="before, between, after (parquet)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    hybrids, transmutation = read_samples(args.hybrids), read_samples(args.transmutation)
    title = read_facts(args.data)["title"]
    save_figure(image_transmutation(hybrids, transmutation, title), args.output)


if __name__ == "__main__":
    run(main)
