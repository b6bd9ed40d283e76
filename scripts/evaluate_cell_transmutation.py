"""Judge the transmutation of cells: which genes have moved, and what is kept."""

import argparse

from bdiff.analysis.cell_transmutation import COLUMNS, cell_transmutation
from bdiff.autoencoder_files import load_autoencoder
from bdiff.data.dataset import read_dataset
from bdiff.files import write_rows
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
    parser.add_argument("--output", required=True, help="tidy table (CSV)")
    args = parser.parse_args(argv)
    counts, latent = read_dataset(args.data), read_dataset(args.latent)
    made = {model: read_samples(path) for model, path in args.transmutation}
    covariate = next(iter(latent.covariates), None)
    rows = cell_transmutation(
        counts, latent, load_autoencoder(args.autoencoder), made, covariate=covariate
    )
    write_rows(args.output, rows, COLUMNS)
    print(f"{args.output}: {len(rows):,} numbers")


if __name__ == "__main__":
    run(main)
