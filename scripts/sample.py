"""Sample every class of a model."""

import argparse

from bdiff.device import autocast, choose_device
from bdiff.guidance import Guided
from bdiff.model_files import load_model
from bdiff.sampling.files import write_samples
from bdiff.sampling.sampler import Sampler, sample
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--output", required=True, help="samples (parquet)")
    args = parser.parse_args(argv)
    settings = args.settings
    model = load_model(args.model, settings["device"])
    if settings.get("guidance") is not None:
        model = Guided(model, settings["guidance"]).eval()
    sampler = Sampler.for_model(model, settings["solver"], settings["seed"])
    request = dict.fromkeys(settings.get("classes", model.classes), settings["count"])
    share = settings["share_trunks"] and model.tree is not None  # a label-guided model has none
    print(sampler.cost(model, request, share), flush=True)
    with autocast(settings["precision"], choose_device(settings["device"]), model.net):
        samples = sample(model, request, sampler, share)
    write_samples(samples, args.output)
    print(
        f"{args.output}: {len(samples):,} samples, {samples.meta['nfe_per_object']:.1f} network "
        f"evaluations each, {samples.meta['seconds']:.1f} s"
    )


if __name__ == "__main__":
    run(main)
