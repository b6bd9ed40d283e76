"""Transmutation at several noise levels, with the branched and the label-guided model."""

import argparse

from bdiff.analysis.classifier import train_classifier
from bdiff.analysis.transmutation_control import COLUMNS, by_structure, by_values, control_curve
from bdiff.data.dataset import read_dataset
from bdiff.files import write_rows
from bdiff.model_files import load_model
from bdiff.sampling.files import write_samples
from bdiff.sampling.sampler import Sampler
from bdiff.script import add_settings, named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument(
        "--model", required=True, nargs="+", type=named_path, metavar="MODEL=FOLDER"
    )
    parser.add_argument(
        "--samples", nargs="+", type=named_path, metavar="MODEL=PATH", default=[],
        help="transmutation at the branch points, to be written (parquet)",
    )  # fmt: skip
    parser.add_argument("--output", required=True, help="tidy table over noise levels (CSV)")
    args = parser.parse_args(argv)
    settings, folders = args.settings, dict(args.model)
    models = {name: load_model(path, settings["device"]) for name, path in folders.items()}
    dataset = read_dataset(args.data)
    train = dataset.select("train")
    pairs, seed, tree = settings["pairs"], settings["seed"], models["branched"].tree
    names = sorted({name for pair in pairs for name in pair})
    objects = {name: train.of(name)[: settings["count"]] for name in names}
    sampler = Sampler.for_model(models["branched"], settings["solver"], seed)
    if classes_by := settings.get("classes_by"):
        measures = by_structure(classes_by)
    else:
        classifier = train_classifier(train.x, train.labels, len(dataset.classes), seed)
        measures = by_values(classifier, dataset.classes)
    rows, made = control_curve(
        models, objects, pairs, settings["times"], measures, tree, sampler, settings["guidance"]
    )
    for name, path in args.samples:
        write_samples(made[name], path)
    write_rows(args.output, [{"dataset": dataset.name} | row for row in rows], COLUMNS)
    print(f"{args.output}: {len(rows):,} numbers")


if __name__ == "__main__":
    run(main)
