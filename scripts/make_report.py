"""The report: one HTML page of all figures and tables, with captions."""

import argparse
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from bdiff.files import read_rows, write_text
from bdiff.report.facts import data_facts, data_table, facts_of, kept_words, scale_and_commands
from bdiff.report.page import assemble, read_chapters, render
from bdiff.script import add_settings, named_path, run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--captions", required=True, help="captions.yaml")
    parser.add_argument("--page", required=True, type=Path, help="template of the page (Jinja)")
    parser.add_argument("--figures", nargs="*", default=[], type=Path, help="SVG, PNG beside it")
    parser.add_argument("--tables", nargs="*", default=[], type=Path, help="CSV")
    parser.add_argument(
        "--data", nargs="*", default=[], type=named_path, metavar="DATASET=PATH", help="parquet"
    )
    parser.add_argument(
        "--kept", nargs="*", default=[], help="hashes of branched models, class by class (CSV)"
    )
    parser.add_argument("--command", default="", help="that made all this")
    parser.add_argument("--output", required=True, help="page (HTML)")
    args = parser.parse_args(argv)
    chapters = read_chapters(args.captions)
    data = {name: data_facts(path) for name, path in args.data}
    notes = {"T4_class_extension": [kept_words(read_rows(path)) for path in args.kept]}
    facts = facts_of(chapters, args.settings, data, notes)
    parts = assemble(chapters, args.figures, args.tables, facts)
    files = [*args.figures, *args.tables]
    text = render(args.page.read_text(encoding="utf-8"), parts, {
        "title": "Hierarchically branched diffusion models: figures and tables",
        "version": version("bdiff"),
        "date": date_of(files),
        "data": data_table(args.settings, data),
        **scale_and_commands(args.command),
    })  # fmt: skip
    write_text(args.output, text)
    print(f"{args.output}: {len(files)} figures and tables, {len(text.encode()) / 1e6:.1f} MB")


def date_of(files):
    """The day on which the newest of the files was written."""
    day = datetime.fromtimestamp(max(path.stat().st_mtime for path in files))
    return f"{day.day} {day:%B %Y}"


if __name__ == "__main__":
    run(main)
