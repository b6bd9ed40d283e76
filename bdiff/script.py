"""What the scripts share: the types of their arguments, and how they report an error."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable

EXPECTED = (ValueError, KeyError, OSError, RuntimeError)


def json_object(text: str) -> dict:
    """An argument that is a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object: {error}") from None
    if not isinstance(value, dict):
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

    With the environment variable BDIFF_TRACEBACK set, the place in the code is shown instead.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if os.environ.get("BDIFF_TRACEBACK"):
        main()
        return
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; run the same command again to go on")
    except EXPECTED as error:
        # a KeyError's text is the repr of its message
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        kind = "" if type(error) in (ValueError, OSError) else f"{type(error).__name__}: "
        sys.exit(f"error: {kind}{text}\n(BDIFF_TRACEBACK=1 shows where in the code)")
