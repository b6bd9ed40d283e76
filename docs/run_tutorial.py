"""Run the tutorial's code, and put what it prints and draws into the page: `make tutorial`."""

import contextlib
import io
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

PAGE = Path(__file__).with_name("tutorial.md")
FIGURES = PAGE.with_suffix("")
CODE = re.compile(r"```python\n(.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


def run(page: str, names: dict | None = None) -> str:
    """The page with the output of every block of Python under it; all blocks share their names."""
    names = {} if names is None else names

    def with_output(block: re.Match) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block[1], PAGE.name, "exec"), names)
        lines = [line.rstrip() for line in printed.getvalue().splitlines()]
        output = "\n".join(["", "```text", *lines, "```", ""]) if lines else ""
        return f"```python\n{block[1]}```\n{output}"

    return CODE.sub(with_output, page)


def main() -> None:
    began, page = time.perf_counter(), PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        page = run(page)
        for figure in Path(folder).glob("*.png"):
            shutil.copy(figure, FIGURES / figure.name)
        os.chdir(FIGURES)  # a folder that one stands in cannot go everywhere
    PAGE.write_text(page, encoding="utf-8")
    print(f"{PAGE.name}: {time.perf_counter() - began:.0f} seconds")


if __name__ == "__main__":
    main()
