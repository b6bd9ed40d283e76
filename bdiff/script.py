"""What the scripts share: their arguments, and how they report an error."""

import argparse
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

EXPECTED = (ValueError, KeyError, OSError, RuntimeError, ImportError)
# Settings become arguments of the library's functions.
UNKNOWN_KEY = re.compile(r"(\S+\(\)) got an unexpected keyword argument ('.*?')")
MISSING_KEY = re.compile(r"(\S+\(\)) missing \d+ required [\w -]+: ('.*')")


class Settings(dict[str, Any]):
    """The settings of a script; to ask for a key that they have not got is an error of the user.

    Raises:
        ValueError: from `settings[key]` and `settings.pop(key)`, naming the keys that are there.
    """

    def __missing__(self, key: str) -> NoReturn:
        raise ValueError(f"the settings have no {key!r}; found: {', '.join(self) or 'nothing'}")

    def pop(self, key: str, *default: Any) -> Any:
        return super().pop(key, *default) if default or key in self else self[key]


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the argument --settings."""
    parser.add_argument(
        "--settings",
        required=True,
        type=json_object,
        metavar="JSON",
        help="the rule's part of the configuration as a JSON object: `snakemake -n -p` prints it "
        "with the command of every job",
    )


def json_object(text: str) -> Settings:
    """An argument that is a JSON object; objects within it are settings, too."""
    try:
        value = json.loads(text, object_hook=Settings)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object: {error}") from None
    if not isinstance(value, Settings):
        raise argparse.ArgumentTypeError(f"expected a JSON object, found {text}")
    return value


def named_path(text: str) -> tuple[str, str]:
    """An argument NAME=PATH."""
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, found {text!r}")
    return name, path


def run(main: Callable[[], None]) -> None:
    """Run a script's main function; an error that users can mend becomes one line, and status 1.

    Status 130 says that it was interrupted, 75 that a scheduler ended it; see `bdiff.signals`.

    With the environment variable BDIFF_TRACEBACK set, the place in the code is shown instead.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if os.environ.get("BDIFF_TRACEBACK"):
        main()
        return
    try:
        main()
    except KeyboardInterrupt as error:
        if not error.args:  # else it is in the log already, see `bdiff.signals`
            print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except EXPECTED as error:
        # a KeyError's text is the repr of its message
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        kind = "" if type(error) in (ValueError, OSError) else f"{type(error).__name__}: "
        _exit(f"{kind}{text}")
    except TypeError as error:
        if found := UNKNOWN_KEY.search(str(error)):
            _exit(f"unknown key {found[2]}: {found[1]} does not take it")
        if found := MISSING_KEY.search(str(error)):
            _exit(f"missing key {found[2]}: {found[1]} needs it")
        raise


def _exit(text: str) -> None:
    sys.exit(f"error: {text}\n(BDIFF_TRACEBACK=1 shows where in the code)")
