"""Signals that ask a long run to end: it finishes its step, saves, and leaves with a code.

    signal                who sends it                                     exit code
    SIGINT                Ctrl-C                                           130
    SIGTERM, SIGUSR1      schedulers: the walltime is over, or nearly so   75 (EX_TEMPFAIL)

75 says that nothing is wrong and that the same command goes on where it stood; whatever starts
failed jobs again, such as Snakemake's `retries`, does the right thing. SIGKILL cannot be caught and
costs what was done since the last checkpoint.
"""

import logging
import os
import signal
import threading
from types import FrameType, TracebackType
from typing import NoReturn

logger = logging.getLogger(__name__)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class StopSignals:
    """A context in which these signals are noted, for a loop to stop where it suits.

    Only in the main thread, as Python has it; and only those for which nobody else has a handler
    and that are not ignored (a shell ignores SIGINT for what it runs in the background). Afterwards
    all is as it was.

    Attributes:
        received: number of the first signal that came, or 0.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            free = [number for number in SIGNALS if signal.getsignal(number) in DEFAULTS]
            self._before = {number: signal.signal(number, self._note) for number in free}
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or number

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.received and kind is None:  # it came when the loop had looked for the last time
            signal.raise_signal(self.received)


def stop(number: int, text: str) -> NoReturn:
    """End on a signal, with a line in the log.

    Args:
        number: of the signal.
        text: what was done and what to do.

    Raises:
        KeyboardInterrupt: for SIGINT.
        SystemExit: for the others, with their code.
    """
    text = f"{signal.Signals(number).name}: {text}"
    logger.warning(text)
    if number == signal.SIGINT:
        raise KeyboardInterrupt(text)
    raise SystemExit(os.EX_TEMPFAIL)
