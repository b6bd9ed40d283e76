"""Make hybrids of pairs of classes, and what each becomes as either class."""

import argparse

from bdiff.model_files import load_model
from bdiff.sampling.files import write_samples
from bdiff.sampling.hybrids import hybrids
from bdiff.sampling.sampler import Sampler
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--model", required=True, help="folder of a branched model")
    parser.add_argument("--output", required=True, help="hybrids and continuations (parquet)")
    args = parser.parse_args(argv)
    settings = args.settings
    model = load_model(args.model, settings["device"])
    sampler = Sampler.for_model(model, settings["solver"], settings["seed"])
    made = hybrids(model, settings["pairs"], settings["count"], sampler)
    write_samples(made, args.output)
    print(f"{args.output}: {len(made):,} objects")


if __name__ == "__main__":
    run(main)
