"""Fit an autoencoder to a data set of counts, and encode the data set with it."""

import argparse
import time

from bdiff.analysis.reconstruction import reconstruction
from bdiff.autoencoder import encode, fit_autoencoder
from bdiff.autoencoder_files import save_autoencoder
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.device import prepare_to_train
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set of counts (parquet)")
    parser.add_argument("--output", required=True, help="folder of the autoencoder")
    parser.add_argument("--latent", required=True, help="encoded data set (parquet) to write")
    args = parser.parse_args(argv)
    prepare_to_train()
    settings = args.settings
    dataset = read_dataset(args.data)
    began = time.monotonic()
    autoencoder = fit_autoencoder(dataset, **settings)
    about = {
        "dataset": dataset.name,
        "title": dataset.title,
        "source": dataset.source,
        "settings": settings,
        "seconds": time.monotonic() - began,
        "reconstruction": reconstruction(autoencoder, dataset),
    }
    save_autoencoder(autoencoder, args.output, about)
    write_dataset(encode(autoencoder, dataset), args.latent)
    print(f"{args.output}: {autoencoder.latent} latents of {len(autoencoder.genes):,} genes")


if __name__ == "__main__":
    run(main)
