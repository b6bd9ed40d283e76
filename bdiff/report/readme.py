"""Write tables of quality into README and documentation: python -m bdiff.report.readme quality.csv

The data sets are not all made by one command, so the numbers are kept in a record of their own,
docs/quality.csv: rows of the data sets in the given tables replace what it had of them. The README
shows some columns of all that it then holds, docs/results.md more.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bdiff.files import atomic_write, write_text
from bdiff.report.quality_table import COLUMNS, NUMBERS, SHOWN, SUMMARY, quality_markdown
from bdiff.script import run

if TYPE_CHECKING:
    import pandas as pd


# Page -> the section that the table stands in, and its headings.
PAGES = {"README.md": ("summary", SUMMARY), "docs/results.md": ("quality", SHOWN)}


def replace_section(text: str, name: str, content: str) -> str:
    """The text with other content between the lines `<!-- begin NAME -->` and `<!-- end NAME -->`.

    Raises:
        ValueError: if the two lines do not stand in the text once each, in this order.
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(
            f"expected one line {begin.strip()!r} and after it one line {end.strip()!r}, found "
            f"{text.count(begin)} and {text.count(end)}: restore them where the table is to stand"
        )
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}\n{content.strip()}\n\n{end}{after}"


def merge(record: "pd.DataFrame", new: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of a table of quality (pandas), those of each data set in `new` taken from there.

    Data sets stay where they are; those that the record has not got come last.
    """
    import pandas as pd

    names = dict.fromkeys([*record["dataset"], *new["dataset"]])
    sources = [new if name in set(new["dataset"]) else record for name in names]
    parts = [table[table["dataset"] == name] for name, table in zip(names, sources, strict=True)]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def main(argv: Sequence[str] | None = None) -> None:
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help="tables of quality (CSV)")
    parser.add_argument("--root", default=Path(), type=Path, help="the repository's folder")
    args = parser.parse_args(argv)
    record = args.root / "docs/quality.csv"
    table = _read(record) if record.exists() else pd.DataFrame(columns=COLUMNS, dtype=str)
    for path in args.tables:
        table = merge(table, _read(path))
    texts = {}
    for name, (section, shown) in PAGES.items():
        markdown = quality_markdown(_with_numbers(table), shown)
        text = (args.root / name).read_text(encoding="utf-8")
        texts[name] = replace_section(text, section, markdown)
    with atomic_write(record) as path:
        table.to_csv(path, index=False)
    for name, text in texts.items():
        write_text(args.root / name, text)
    print(f"{', '.join(texts)}: {len(table)} rows")


def _read(path: str | Path) -> "pd.DataFrame":
    """A table as it is written, so that no digit changes on the way to the record."""
    import pandas as pd

    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _with_numbers(table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return table.assign(**{name: pd.to_numeric(table[name]) for name in NUMBERS})


if __name__ == "__main__":
    run(main)
