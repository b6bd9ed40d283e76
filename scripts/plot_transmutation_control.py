"""Transmutation by the branched and by the label-guided model, over noise levels."""

import argparse

from bdiff.data.dataset import read_facts
from bdiff.figures.style import save_figure
from bdiff.figures.transmutation_control import transmutation_control, transmutation_curve
from bdiff.files import read_rows
from bdiff.sampling.files import read_samples
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--curve", required=True, help="what changed and what was kept (CSV)")
    parser.add_argument("--branched", help="images before and after (parquet)")
    parser.add_argument("--linear", help="the same of the label-guided model (parquet)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    if (args.branched is None) != (args.linear is None):
        parser.error("give both --branched and --linear, or none of them for curves alone")
    curve, title = read_rows(args.curve), read_facts(args.data)["title"]
    if args.branched is None:
        figure = transmutation_curve(curve, title)
    else:
        images = (read_samples(path) for path in (args.branched, args.linear))
        figure = transmutation_control(*images, curve, title)
    save_figure(figure, args.output)


if __name__ == "__main__":
    run(main)
