"""Judge generated cells by the expression of their genes, beside real cells."""

import argparse

from bdiff.analysis.expression import known_truth
from bdiff.analysis.expression_quality import expression_quality
from bdiff.analysis.quality import COLUMNS
from bdiff.autoencoder_files import load_autoencoder
from bdiff.data.dataset import read_dataset
from bdiff.files import write_rows
from bdiff.sampling.files import read_samples
from bdiff.script import add_settings, named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set of counts (parquet)")
    parser.add_argument("--latent", required=True, help="the same cells, encoded (parquet)")
    parser.add_argument("--autoencoder", required=True, help="folder of the autoencoder")
    parser.add_argument(
        "--samples", required=True, nargs="+", type=named_path, metavar="MODEL=PATH"
    )
    parser.add_argument("--output", required=True, help="tidy table (CSV)")
    args = parser.parse_args(argv)
    settings = args.settings
    classes = settings.pop("classes", None)
    counts, latent = read_dataset(args.data, classes), read_dataset(args.latent, classes)
    samples = {model: read_samples(path) for model, path in args.samples}
    autoencoder, truth = load_autoencoder(args.autoencoder), known_truth(counts)
    rows = expression_quality(counts, latent, autoencoder, samples, **settings, truth=truth)
    write_rows(args.output, rows, COLUMNS)
    print(f"{args.output}: {len(rows):,} numbers")


if __name__ == "__main__":
    run(main)
