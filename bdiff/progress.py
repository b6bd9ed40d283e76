"""Progress of long work: a bar on a terminal, a line in the log now and then elsewhere."""

import logging
import time

from tqdm import tqdm

logger = logging.getLogger(__name__)


class Progress:
    """Counts work that is done; a context manager.

    Args:
        what: what is being done, such as "sampling".
        total: units of work, or None if not known.
        unit: name of a unit.
        done: units done before.
        every: seconds between lines of the log.
        shown: whether there is a bar; where there is none, others of this work have one.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        unit: str,
        done: int = 0,
        every: float = 30.0,
        shown: bool = True,
    ):
        self.what, self.total, self.unit, self.every = what, total, unit, every
        self.bar = tqdm(
            total=total,
            initial=done,
            desc=what,
            unit=f" {unit}",
            unit_scale=True,
            disable=None if shown else True,
        )
        self.began = self.last = time.monotonic()
        self.start = self.done = done
        self.note = ""

    def update(self, units: int, note: str | None = None) -> None:
        """So many more units are done; the note, such as a loss, is shown beside them."""
        self.done += units
        if note is not None:
            self.note = note
            self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(units)
        now = time.monotonic()
        if self.bar.disable and now - self.last >= self.every:
            self.last = now
            logger.info("%s", self.line(now - self.began))

    def line(self, seconds: float) -> str:
        """Where the work stands, in words."""
        rate = (self.done - self.start) / seconds
        parts = [f"{self.what}: {self.done:,}"]
        if self.total is not None:
            left = (self.total - self.done) / rate if rate else float("inf")
            parts = [f"{self.what}: {100 * self.done / self.total:.0f} %", f"{left:,.0f} s left"]
        return ", ".join([*parts, f"{rate:,.0f} {self.unit}/s", *filter(None, [self.note])])

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
