"""Rows of a benchmark in a file of JSON lines, so that what was measured is not measured again."""

import json
from collections.abc import Sequence
from pathlib import Path

from bdiff.files import write_text


class Rows(list):
    """The rows of a file, none if it is not there; those that are added are written at once.

    Args:
        path: the file.
        keys: of every row, in their order.

    Raises:
        ValueError: if the file has a row with other keys.
    """

    def __init__(self, path: Path, keys: Sequence[str]):
        lines = path.read_text().splitlines() if path.exists() else []
        super().__init__(json.loads(line) for line in lines)
        self.path, self.keys = path, tuple(keys)
        for row in self:
            if tuple(row) != self.keys:
                raise ValueError(
                    f"{path} has a row with the keys {list(row)}, expected {list(keys)}"
                )

    def add(self, **row) -> None:
        """Append a row, write the file and print the row."""
        self.append({key: row[key] for key in self.keys})
        write_text(self.path, "".join(json.dumps(each) + "\n" for each in self))
        print(json.dumps(self[-1]), flush=True)
