"""bdiff sample: objects of any classes."""

import argparse
from collections.abc import Sequence
from typing import Any

from bdiff.cli.folder import FitFolder
from bdiff.cli.output import write_objects
from bdiff.defaults import SOLVERS_BY_FORM, form_of_shape
from bdiff.model import DiffusionModel
from bdiff.sampling.sampler import Sampler, sample


def main(args: argparse.Namespace) -> None:
    folder = FitFolder(args.folder)
    model = folder.load_model(args.device)
    request = requested(args.count, model.classes)
    sampler = Sampler.for_model(model, solver_settings(model, args.solver, args.steps), args.seed)
    print(sampler.cost(model, request, args.share_trunks), flush=True)
    samples = sample(model, request, sampler, args.share_trunks)
    write_objects(samples, args.output, folder)
    print(f"{args.output}: {len(samples):,} objects, {samples.meta['seconds']:.1f} s")


def requested(counts: Sequence[tuple[str, int]], classes: Sequence[str]) -> dict[str, int]:
    """Number of objects by class.

    Args:
        counts: one number for every class, under the name "", or numbers of some classes.
        classes: all that there are.

    Raises:
        ValueError: if there are both, or a class is named twice.
    """
    names = [name for name, _ in counts]
    if "" not in names and len(set(names)) == len(names):
        return dict(counts)
    if len(counts) > 1:
        raise ValueError(
            "--count takes one number for every class, or CLASS=N once for each of some classes"
        )
    return dict.fromkeys(classes, counts[0][1])


def solver_settings(model: DiffusionModel, name: str | None, steps: int | None) -> dict[str, Any]:
    """Settings of the solver; what is not given is the default for this form of objects."""
    default: dict[str, Any] = SOLVERS_BY_FORM[form_of_shape(model.shape)]
    settings = dict(default) if name in (None, default["name"]) else {"name": name}
    return settings if steps is None else settings | {"steps": steps}
