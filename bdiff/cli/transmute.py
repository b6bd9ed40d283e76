"""bdiff transmute: objects of one class, turned into another."""

import argparse

from bdiff.cli.folder import FitFolder
from bdiff.cli.output import write_objects
from bdiff.cli.own_data import read_like
from bdiff.sampling.sampler import Sampler
from bdiff.sampling.transmutation import transmute


def main(args: argparse.Namespace) -> None:
    folder = FitFolder(args.folder)
    model = folder.load_model(args.device)
    sampler = Sampler.for_model(model, seed=args.seed)
    if args.time is None and model.tree is None:
        raise ValueError(
            f"a {model.kind} model has no branch points; say up to which time to noise the "
            f"objects, between {sampler.end(model):g} (data) and {model.process.horizon:g} "
            "(noise): --time T"
        )
    objects = {args.origin: read_like(folder, args.data, args.label).of(args.origin)}
    made = transmute(
        model,
        objects,
        [(args.origin, args.target)],
        sampler,
        args.time,
        both=False,
        guidance=args.guidance,
    )
    write_objects(made, args.output, folder)
    print(
        f"{args.output}: {len(objects[args.origin]):,} objects of {args.origin} as {args.target}, "
        f"{made.meta['seconds']:.1f} s"
    )
