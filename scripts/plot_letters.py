"""Samples of a table against real objects, feature by feature and class by class."""

import argparse
from pathlib import Path

from bdiff.data.dataset import read_dataset
from bdiff.figures.class_contrasts import class_contrasts
from bdiff.figures.correlations import correlations
from bdiff.figures.feature_histograms import feature_histograms
from bdiff.figures.sample_quality import sample_quality
from bdiff.figures.style import save_figure
from bdiff.figures.wasserstein import wasserstein
from bdiff.files import read_rows
from bdiff.paper import paper_numbers
from bdiff.sampling.files import read_samples
from bdiff.script import named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--quality", required=True, help="tidy table of the metrics (CSV)")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument("--output", required=True, help="folder of the figures")
    args = parser.parse_args(argv)
    dataset = read_dataset(args.data)
    made = read_samples(dict(args.samples)["branched"])
    true = {name: dataset.of(name, "train") for name in dataset.classes}
    generated = {name: made.where(label=name, role="sample") for name in dataset.classes}
    names, title = dataset.feature_names, dataset.title
    paper = paper_numbers(args.paper)
    figures = {
        "F4a_wasserstein": wasserstein(true, generated, title),
        "F4b_histograms": feature_histograms(true, generated, names, title),
        "F4c_class_contrasts": class_contrasts(true, generated, names, title),
        "F4d_correlations": correlations(true, generated, title),
        "F4e_frechet": sample_quality(read_rows(args.quality), title, paper),
    }
    for name, figure in figures.items():
        save_figure(figure, Path(args.output) / f"{name}.svg")


if __name__ == "__main__":
    run(main)
