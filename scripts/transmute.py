"""Turn real objects of one class into another, through their branch point."""

import argparse

from bdiff.data.dataset import read_dataset
from bdiff.model_files import load_model
from bdiff.sampling.files import write_samples
from bdiff.sampling.sampler import Sampler
from bdiff.sampling.transmutation import transmute
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--model", required=True, help="folder of a branched model")
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument(
        "--output", required=True, help="before, at the branch point, after (parquet)"
    )
    args = parser.parse_args(argv)
    settings = args.settings
    model = load_model(args.model, settings["device"])
    dataset = read_dataset(args.data)
    names = {name for pair in settings["pairs"] for name in pair}
    objects = {name: dataset.of(name, "train")[: settings["count"]] for name in sorted(names)}
    sampler = Sampler.for_model(model, settings["solver"], settings["seed"])
    made = transmute(model, objects, settings["pairs"], sampler)
    write_samples(made, args.output)
    print(f"{args.output}: {len(made):,} objects")


if __name__ == "__main__":
    run(main)
