"""Genes of cells before and after they were turned into another class."""

import argparse
from pathlib import Path

from bdiff.analysis.cell_transmutation import expression, gene_effects
from bdiff.analysis.kept import before_and_after
from bdiff.autoencoder_files import load_autoencoder
from bdiff.data.dataset import read_dataset
from bdiff.figures.covariate_kept import covariate_kept
from bdiff.figures.gene_correlations import gene_correlations
from bdiff.figures.gene_scatters import gene_scatters, most_variable
from bdiff.figures.marker_genes import marker_genes
from bdiff.figures.pairs import pairs_of
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
        "--transmutation", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--genes", required=True, help="table of evaluate_cell_transmutation (CSV)")
    parser.add_argument("--output", required=True, help="folder of the figures")
    args = parser.parse_args(argv)
    counts, latent = read_dataset(args.data), read_dataset(args.latent)
    autoencoder = load_autoencoder(args.autoencoder)
    made = {model: read_samples(path) for model, path in args.transmutation}
    a, b = pairs_of(made["branched"])[0]
    ways, genes, title = ((a, b), (b, a)), counts.feature_names, counts.title
    rows = read_rows(args.genes)
    rows = rows[rows["origin"].isin((a, b)) & rows["target"].isin((a, b))]

    real = {name: expression(autoencoder, latent, latent.of(name, "train")) for name in (a, b)}
    cells = {
        way: [expression(autoencoder, latent, x) for x in before_and_after(made["branched"], *way)]
        for way in ways
    }
    after = {target: both[1] for (_, target), both in cells.items()}
    neither = set(rows["gene"][rows["group"] == "neither"])
    figures = {
        "F17a_markers": marker_genes(real, after, genes, rows, title),
        "F17b_correlations": gene_correlations(rows, title),
        "F17c_genes": gene_scatters(cells, genes, most_variable(cells, genes, neither), title),
    }
    covariate = next(iter(latent.covariates), None)
    if covariate is not None:
        effects = {way: gene_effects(latent, autoencoder, made, way, covariate) for way in ways}
        figures["F17d_covariate"] = covariate_kept(rows, effects, genes, covariate, title)
    for name, figure in figures.items():
        save_figure(figure, Path(args.output) / f"{name}.svg")


if __name__ == "__main__":
    run(main)
