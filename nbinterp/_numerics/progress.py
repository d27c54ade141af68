"""Long work that somebody waits for: it can be told to stop, and tells how far it has come."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Progress(NamedTuple):
    """How many steps are done, of how many that are known of, and what a step is."""

    done: int
    of: int
    unit: str


class ProgressToken:
    """What work and who waits for it share; threads that work side by side share one.

    Parameters
    ----------
    stop : Event, optional
        Work under way raises `CancelledError` soon after it is set.

    Examples
    --------
    >>> watch = ProgressToken()
    >>> watch.expect(3, "stage")
    >>> watch.done()
    >>> watch.progress
    Progress(done=1, of=3, unit='stage')
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = threading.Event() if stop is None else stop
        self.progress = Progress(0, 0, "")
        self._lock = threading.Lock()

    def expect(self, steps: int, unit: str) -> None:
        """Say that there are more steps to do."""
        with self._lock:
            done, of, _ = self.progress
            self.progress = Progress(done, of + steps, unit)

    def done(self, steps: int = 1) -> None:
        """Say that steps are done."""
        with self._lock:
            self.progress = self.progress._replace(done=self.progress.done + steps)

    def raise_if_cancelled(self) -> None:
        """Raise `CancelledError` if the work should stop."""
        if self.stop.is_set():
            raise CancelledError


_WATCH: ContextVar[ProgressToken | None] = ContextVar("watch", default=None)


def current_token() -> ProgressToken:
    """Return the watch over the work of this thread; one that nobody looks at if there is none."""
    return _WATCH.get() or ProgressToken()


@contextmanager
def tracking(watch: ProgressToken) -> Iterator[None]:
    """Let `watch` be the one over what this thread does in the block."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)
