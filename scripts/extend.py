"""Add classes to a trained model."""

import argparse

import torch

from bdiff.data.dataset import read_dataset
from bdiff.extension import enlarged, fingerprint
from bdiff.files import write_rows
from bdiff.model_files import load_model
from bdiff.script import add_settings, run
from bdiff.training import train_to_folder
from bdiff.training_settings import Training


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
    # Before torch starts its threads, which take the mode over; see `bdiff.training`.
    torch.set_flush_denormal(True)
    settings = args.settings
    dataset, model = read_dataset(args.data), load_model(args.model)
    check_alone(model, settings["new_classes"], settings["retrain"])
    known = len(model.value_range)
    before = fingerprint(model, known)
    for name in settings["new_classes"]:
        model, objects, part = enlarged(
            model,
            name,
            dataset,
            retrain=settings["retrain"],
            seed=settings["seed"],
            **settings.get("tree", {}),
        )
    train_to_folder(
        model,
        objects,
        Training(seed=settings["seed"], **settings["training"]),
        args.output,
        checkpoints=args.checkpoints,
        device=settings["device"],
        precision=settings.get("precision", "float32"),
        part=part,
        about={"extended_by": settings["new_classes"], "retrained": settings["retrain"]},
    )
    after = fingerprint(load_model(args.output), known)
    row = {"classes": "/".join(settings["new_classes"]), "before": before, "after": after}
    write_rows(args.kept, [row], list(row))
    same = "is the same, bit for bit" if after == before else "has changed"
    print(f"{args.output}: {model.kind} model with {row['classes']}; what it knew before {same}")


def check_alone(model, new_classes, retrain):
    """Refuse what would train the last of several new classes alone."""
    if len(new_classes) > 1 and not (model.kind == "linear" and retrain):
        raise ValueError(
            f"new_classes are {new_classes}, but only a linear model with retrain=True learns "
            f"several at once, not a {model.kind} model with retrain={retrain}; add them one after "
            "another, each to the model before"
        )


if __name__ == "__main__":
    run(main)
