"""Work beside the kernel's cells and messages: the newest job counts."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

from nbinterp._numerics.progress import Progress, ProgressToken, tracking

Job = Callable[[threading.Event], object]

_OFTEN = 0.1  # seconds between two words about progress


class LatestTask:
    """Runs jobs one after the other on threads of their own; a newer one stops those before it.

    Parameters
    ----------
    failed : callable
        Takes what a job raised, unless it was stopped.
    """

    def __init__(self, failed: Callable[[Exception], object]) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Run ``job(stop)``; it should give up soon after the event `stop` is set."""
        with self._lock:
            self._stop.set()
            self._stop = threading.Event()
            run = (job, self._stop, self._thread)
            self._thread = _thread_type()(target=self._run, args=run, daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Stop the job under way and what waits for it."""
        with self._lock:
            self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all jobs came to their end, after at most so many seconds."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)
            return not thread.is_alive()
        return True

    def _run(self, job: Job, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        if stop.is_set():
            return
        try:
            job(stop)
        except CancelledError:
            pass
        except Exception as failure:
            if not stop.is_set():
                self._failed(failure)


def _thread_type() -> type[threading.Thread]:
    """Return what threads are here: marimo's page hears only its own."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        own: type[threading.Thread] = marimo.Thread
        return own
    return threading.Thread


def raise_if_cancelled(stop: threading.Event) -> None:
    """Raise if the work should stop."""
    if stop.is_set():
        raise CancelledError


@contextmanager
def telling(stop: threading.Event, tell: Callable[[Progress], object]) -> Iterator[None]:
    """Let work in the block be stopped, and call `tell` whenever it has come farther.

    It is called ten times a second at most, on a thread of its own: the work must not wait for it.
    """
    watch, ended = ProgressToken(stop), threading.Event()

    def look() -> None:
        told = watch.progress
        while not ended.wait(_OFTEN):
            if watch.progress != told and not stop.is_set():
                told = watch.progress
                tell(told)

    teller = _thread_type()(target=look, daemon=True)
    teller.start()
    try:
        with tracking(watch):
            yield
    finally:
        ended.set()
        teller.join()  # so that nothing is told of work that has ended
