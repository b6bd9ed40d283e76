"""Time sampling of all classes with and without shared trunks."""

import argparse
import json
from pathlib import Path

from bdiff.analysis.efficiency import COLUMNS, measure_efficiency
from bdiff.files import write_rows
from bdiff.model_files import load_model
from bdiff.sampling.sampler import Sampler
from bdiff.script import add_settings, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--model", required=True, help="folder of a branched model")
    parser.add_argument("--linear", help="folder of a label-guided model")
    parser.add_argument("--output", required=True, help="tidy table (CSV)")
    args = parser.parse_args(argv)
    settings = args.settings
    model = load_model(args.model, settings["device"])
    sampler = Sampler.for_model(model, settings["solver"], settings["seed"])
    rows = measure_efficiency(
        model,
        sampler,
        linear=load_model(args.linear, settings["device"]) if args.linear else None,
        count=settings["count"],
        repeats=settings["repeats"],
    )
    dataset = json.loads((Path(args.model) / "manifest.json").read_text())["about"]["dataset"]
    write_rows(args.output, [{"dataset": dataset, **row} for row in rows], COLUMNS)
    print(f"{args.output}: {len(rows)} runs")


if __name__ == "__main__":
    run(main)
