"""Train a branched or a label-guided model; with several GPUs by torchrun."""

import argparse

from bdiff.build import build_model
from bdiff.data.dataset import read_dataset
from bdiff.device import prepare_to_train
from bdiff.process import process_from
from bdiff.script import add_settings, run
from bdiff.training.distributed import join
from bdiff.training.settings import Training
from bdiff.training.train import train_to_folder
from bdiff.tree_files import load_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", help="branch tree (JSON), for a branched model")
    parser.add_argument("--output", required=True, help="folder of the model")
    parser.add_argument(
        "--checkpoints", required=True, help="folder for checkpoints, until the run has ended"
    )
    args = parser.parse_args(argv)
    prepare_to_train()
    settings = args.settings
    if settings["kind"] == "branched" and not args.tree:
        parser.error("a branched model needs --tree")
    dataset = read_dataset(args.data, settings.get("classes"))
    process = process_from(settings["process"])
    model = build_model(
        dataset,
        load_tree(args.tree, process) if settings["kind"] == "branched" else None,
        process=process,
        net=settings["net"],
        seed=settings["seed"],
    )
    training = Training(seed=settings["seed"], **settings["training"])
    train_to_folder(
        model,
        dataset,
        training,
        args.output,
        checkpoints=args.checkpoints,
        device=settings["device"],
        precision=settings["precision"],
        compile=settings["compile"],
    )
    if join(settings["device"]).first:
        print(f"{args.output}: {model.kind} model after {training.steps:,} steps")


if __name__ == "__main__":
    run(main)
