"""Print the JSON schema of config.yaml, or check config.yaml with overlays.

Without files the schema is printed. With files, config.yaml in the working directory is checked
with these laid over it, one after the other, as `snakemake --configfile` takes them.
"""

import argparse
import json
from collections.abc import Sequence

from bdiff.config.config import Config
from bdiff.config.load import read_config
from bdiff.script import run


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bdiff.config",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overlays", nargs="*", metavar="FILE", help="overlay (YAML or JSON)")
    args = parser.parse_args(argv)
    if not args.overlays:
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        print(json.dumps(schema | Config.model_json_schema(), indent=2, ensure_ascii=False))
        return
    config = read_config("config.yaml", *args.overlays)
    print(
        f"config.yaml with {', '.join(args.overlays)} is fine; it runs {', '.join(config.run)} "
        f"and makes the figures {', '.join(config.wanted_figures) or '(none)'}"
    )


if __name__ == "__main__":
    run(main)
