"""Samples of every class, of the branched and of the label-guided model."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.examples import examples
from bdiff.figures.style import save_figure
from bdiff.sampling.files import read_samples
from bdiff.script import named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    facts = read_facts(args.data)
    images = {}
    for model, path in args.samples:
        made = read_samples(path)
        images[model] = {name: made.where(label=name, role="sample") for name in facts["classes"]}
    save_figure(examples(images, facts["title"]), args.output)


if __name__ == "__main__":
    run(main)
