"""Progress reporting and cancellation for long jobs."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, NamedTuple

from tqdm.auto import tqdm


class Progress(NamedTuple):
    """Number of steps done, number known so far, and the name of a step."""

    done: int
    of: int
    unit: str


class ProgressToken:
    """Progress of a job, and whether to cancel it. Threads of one job share one token.

    Parameters
    ----------
    stop : Event, optional
        After it is set, the job soon raises `CancelledError`.

    Examples
    --------
    >>> token = ProgressToken()
    >>> token.expect(3, "stage")
    >>> token.done()
    >>> token.progress
    Progress(done=1, of=3, unit='stage')
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = threading.Event() if stop is None else stop
        self.progress = Progress(0, 0, "")
        self._lock = threading.Lock()
        self._bar: Any = None

    def expect(self, steps: int, unit: str) -> None:
        """Add steps to do."""
        with self._lock:
            done, of, _ = self.progress
            self.progress = Progress(done, of + steps, unit)

    def done(self, steps: int = 1) -> None:
        """Count steps as done."""
        with self._lock:
            self.progress = self.progress._replace(done=self.progress.done + steps)
            if self._bar is not None:
                self._bar.update(steps)

    @contextmanager
    def counting_on(self, bar: Any) -> Iterator[None]:
        """Count the steps done in the block on a progress bar too; it ends with the block."""
        with bar:
            self._bar = bar
            try:
                yield
            finally:
                self._bar = None

    def raise_if_cancelled(self) -> None:
        """Raise `CancelledError` if the job was cancelled, or nobody waits for this task now."""
        abandoned = _ABANDONED.get()
        if self.stop.is_set() or (abandoned is not None and abandoned.is_set()):
            raise CancelledError


# Set once an error or an interrupt has ended the wait for the tasks of this context.
_ABANDONED: ContextVar[threading.Event | None] = ContextVar("abandoned", default=None)


def task_context(abandoned: threading.Event) -> Context:
    """Return a context for a task that ends soon after `abandoned` is set."""
    context = copy_context()
    context.run(_ABANDONED.set, abandoned)
    return context


_TOKEN: ContextVar[ProgressToken | None] = ContextVar("token", default=None)


def progress_bar(
    items: Iterable[Any] | None = None,
    *,
    desc: str,
    shown: bool,
    total: int | None = None,
    unit: str = "it",
) -> Any:
    """Return a progress bar over `items`, or one to update; it shows after a second of work.

    It goes when the work ends. There is none if `shown` is False, or within `tracking`, where
    somebody follows the work already.
    """
    is_followed = _TOKEN.get() is not None
    return tqdm(
        items,
        desc=desc,
        total=total,
        unit=unit,
        delay=1,
        leave=False,
        disable=not shown or is_followed,
    )


def current_token() -> ProgressToken:
    """Return the token of this thread's job; a new one outside `tracking`."""
    return _TOKEN.get() or ProgressToken()


@contextmanager
def tracking(token: ProgressToken) -> Iterator[None]:
    """Use `token` for the work of this thread in the block."""
    before = _TOKEN.set(token)
    try:
        yield
    finally:
        _TOKEN.reset(before)
