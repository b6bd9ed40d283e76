"""Add classes to a trained model; with several GPUs by torchrun."""

import argparse

from bdiff.data.dataset import read_dataset
from bdiff.device import prepare_to_train
from bdiff.extension import extend_to_folder
from bdiff.files import write_rows
from bdiff.model_files import load_model
from bdiff.script import add_settings, run
from bdiff.training.distributed import join
from bdiff.training.settings import Training


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--model", required=True, help="folder of the model to start from")
    parser.add_argument("--output", required=True, help="folder of the larger model")
    parser.add_argument(
        "--kept", required=True, help="what was learned before, by its hash then and now (CSV)"
    )
    parser.add_argument(
        "--checkpoints", required=True, help="folder for checkpoints, until the run has ended"
    )
    args = parser.parse_args(argv)
    prepare_to_train()
    settings = args.settings
    dataset, model = read_dataset(args.data), load_model(args.model)
    before, after = extend_to_folder(
        model,
        settings["new_classes"],
        dataset,
        Training(seed=settings["seed"], **settings["training"]),
        args.output,
        checkpoints=args.checkpoints,
        retrain=settings["retrain"],
        device=settings["device"],
        precision=settings["precision"],
        seed=settings["seed"],
        **settings.get("tree", {}),
    )
    if not join(settings["device"]).first:
        return
    row = {"classes": "/".join(settings["new_classes"]), "before": before, "after": after}
    write_rows(args.kept, [row], list(row))
    same = "is the same, bit for bit" if after == before else "has changed"
    print(f"{args.output}: {model.kind} model with {row['classes']}; what it knew before {same}")


if __name__ == "__main__":
    run(main)
