"""Molecules before and after transmutation, and generated ones."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.molecules import molecules
from bdiff.figures.style import save_figure
from bdiff.sampling.files import read_samples
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--samples", required=True, help="generated molecules (parquet)")
    parser.add_argument("--transmutation", required=True, help="before, between, after (parquet)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    samples, transmutation = read_samples(args.samples), read_samples(args.transmutation)
    title = read_facts(args.data)["title"]
    figure = molecules(transmutation, samples, args.settings["classes_by"], title)
    save_figure(figure, args.output)


if __name__ == "__main__":
    run(main)
