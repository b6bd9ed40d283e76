"""The command bdiff: the library's functions for data of one's own, without Snakemake.

One module per command, imported when the command is called; `arguments` has the command lines of
all, so that --help costs no import of torch. What a command needs of those before it lies in one
folder, see `folder`.
"""

import importlib
import warnings
from collections.abc import Sequence

from bdiff.cli.arguments import parser
from bdiff.script import run


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; errors and exit codes are those of `bdiff.script.run`."""
    run(lambda: _command(argv))


def _command(argv: Sequence[str] | None) -> None:
    args = parser().parse_args(argv)
    # The place in the code, which warnings name, tells users nothing.
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    importlib.import_module(f"bdiff.cli.{args.command}").main(args)
