"""Fold changes of genes between classes, in generated and in real cells."""

import argparse

from bdiff.analysis.cell_sets import REFERENCE, cell_sets, each
from bdiff.analysis.expression import shares_of
from bdiff.analysis.expression_quality import set_fold_changes
from bdiff.autoencoder_files import load_autoencoder
from bdiff.data.dataset import read_dataset
from bdiff.figures.expression_recovery import expression_recovery
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.sampling.files import read_samples
from bdiff.script import named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set of counts (parquet)")
    parser.add_argument("--latent", required=True, help="the same cells, encoded (parquet)")
    parser.add_argument("--autoencoder", required=True, help="folder of the autoencoder")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--quality", required=True, help="table of evaluate_expression (CSV)")
    parser.add_argument("--output", required=True, help="figure (SVG; PNG is written beside it)")
    args = parser.parse_args(argv)
    counts, latent = read_dataset(args.data), read_dataset(args.latent)
    samples = {model: read_samples(path) for model, path in args.samples}
    rows = read_rows(args.quality)
    facts = {"count": int(rows["n"].max()), "seed": int(rows["seed"].iloc[0])}
    sets = cell_sets(counts, latent, load_autoencoder(args.autoencoder), samples, **facts)
    shares = each(shares_of, sets["counts"])
    figure = expression_recovery(
        set_fold_changes(shares, counts),
        list(shares[REFERENCE]),
        counts.feature_names,
        rows,
        counts.title,
    )
    save_figure(figure, args.output)


if __name__ == "__main__":
    run(main)
