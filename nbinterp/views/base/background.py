"""Background jobs of a view: a new job cancels the one before it."""

import atexit
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from weakref import WeakSet

from nbinterp._numerics.progress import Progress, ProgressToken, tracking

Job = Callable[[threading.Event], object]

_OFTEN = 0.1  # seconds between reports of progress
_PATIENCE = 5.0  # seconds that the end of Python waits for a job


class LatestTask:
    """Runs one job at a time on a background thread; a new job cancels the ones before it.

    Parameters
    ----------
    failed : callable
        Takes the exception of a job, unless the job was cancelled.
    """

    def __init__(self, failed: Callable[[Exception], object]) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        _TASKS.add(self)

    def submit(self, job: Job) -> None:
        """Run ``job(stop)``, which should end soon after the event `stop` is set."""
        with self._lock:
            self._stop.set()
            self._stop = threading.Event()
            run = (job, self._stop, self._thread)
            self._thread = _thread_type()(target=self._run, args=run, daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Cancel the running job and all pending jobs."""
        with self._lock:
            self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most `seconds` for all jobs to end; return whether they did."""
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


_TASKS: WeakSet[LatestTask] = WeakSet()


@atexit.register
def _end_all() -> None:
    """Cancel all jobs and wait for them: Python aborts if it ends while one computes in torch."""
    tasks = list(_TASKS)
    for task in tasks:
        task.cancel()
    for task in tasks:
        task.wait(_PATIENCE)


def _thread_type() -> type[threading.Thread]:
    """Return the class of threads to use: marimo sends messages only from its own class."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        own: type[threading.Thread] = marimo.Thread
        return own
    return threading.Thread


def raise_if_cancelled(stop: threading.Event) -> None:
    """Raise `CancelledError` if the job was cancelled."""
    if stop.is_set():
        raise CancelledError


@contextmanager
def telling(stop: threading.Event, tell: Callable[[Progress], object]) -> Iterator[None]:
    """Make the block cancellable, and call `tell` with its progress.

    `tell` runs at most ten times per second, on another thread, so that the work does not wait for
    it.
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
        teller.join()  # no report may follow the end of the work
