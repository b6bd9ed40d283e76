"""bdiff extend: one class more, as a new leaf."""

import argparse
import os
import shutil
from typing import Any

from bdiff.cli.fit import told
from bdiff.cli.folder import FitFolder, fingerprint_of
from bdiff.cli.own_data import is_dataset, read_like, with_class
from bdiff.cli.settings import Added, added_settings, check_sections
from bdiff.data.dataset import Dataset, read_dataset, write_dataset
from bdiff.data.tables import hold_out
from bdiff.defaults import form_of_shape
from bdiff.device import prepare_to_train
from bdiff.extension import extend_to_folder
from bdiff.process import process_from
from bdiff.training.settings import Training
from bdiff.tree_files import save_tree


def main(args: argparse.Namespace) -> None:
    prepare_to_train()
    check_sections(args.set, Added.model_fields)
    old, new = FitFolder(args.folder), FitFolder(args.output)
    if new.path.resolve() == old.path.resolve():
        raise ValueError(f"-o {new.path} is the folder that is extended; name another one")
    model = old.load_model()
    if form_of_shape(model.shape) == "molecules":
        raise ValueError(
            "a class of molecules has to be added in Python, by bdiff.extend(..., tree=...): its "
            "branch point cannot be estimated, since atoms cannot be compared place by place"
        )
    asked = {
        "model": fingerprint_of(old.model),
        "data": fingerprint_of(args.data),
        "set": [(".".join(keys), value) for keys, value in args.set],
    } | {key: getattr(args, key) for key in ("label", "new", "steps", "seed")}
    before = old.read_record()["settings"]
    with new.work():
        settings = new.begin(
            asked,
            lambda: before | added_settings(before["tree"], args.steps, args.set),
        )
        if new.is_complete():
            print(f"{new.path} is complete already")
        else:
            _extend(args, old, new, settings)
        tree = new.load_model().tree
        if tree is not None:
            save_tree(tree, new.tree, process_from(settings["process"]))
    print(told(new))


def _extend(
    args: argparse.Namespace, old: FitFolder, new: FitFolder, settings: dict[str, Any]
) -> None:
    """Make what is missing in the new folder; the model comes last."""
    if not new.data.exists():
        write_dataset(joined(args, old), new.data)
    if old.autoencoder.exists() and not new.autoencoder.exists():
        staged = new.path / ".tmp-autoencoder"
        shutil.copytree(old.autoencoder, staged, dirs_exist_ok=True)
        os.replace(staged, new.autoencoder)
    before, after = extend_to_folder(
        old.load_model(),
        [args.new],
        read_dataset(new.data),
        Training(seed=args.seed, **settings["training"]),
        new.model,
        checkpoints=new.checkpoints,
        device=args.device,
        seed=args.seed,
        **settings["tree"],
    )
    kept = f"is the same, bit for bit (sha256 {after})"
    if before != after:
        kept = f"has changed (sha256 {before}, now {after})"
    print(f"{args.new} is added; what the model knew before {kept}")


def joined(args: argparse.Namespace, old: FitFolder) -> Dataset:
    """The objects of the old classes, and those of the new one; as many of it are held out."""
    reference, dataset = old.read_dataset(), read_like(old, args.data, args.label)
    share = (old.read_record()["settings"]["data"] or {}).get("held_out", "none")
    if share != "none" and not is_dataset(args.data):
        dataset = hold_out(dataset, share)
    return with_class(reference, dataset, args.new)
