"""The steps of a workbench: the running step, its progress, failures and the history."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from functools import partial

from nbinterp._numerics.progress import Progress
from nbinterp.views.base.background import Job, LatestTask, raise_if_cancelled, telling
from nbinterp.views.base.view import explain, trace
from nbinterp.views.workbench.actions import Step
from nbinterp.views.workbench.availability import why

Put = Callable[..., None]

_MOST_STEPS = 200
_REPLACED = {"move", "base"}


class Steps:
    """Runs the newest job in the background, and shows its steps on the page.

    Parameters
    ----------
    put : callable
        Sets traits of the workbench by name: ``_step``, the running step in words, and ``_done``,
        the progress of all steps from 0 to 1; ``_error`` and ``_trace``; ``_history``;
        ``_unavailable``.
    lock : RLock
        The lock of the workbench. It is held during a cancellation, so that a cancelled job cannot
        report afterwards.
    unavailable : mapping
        Why a step can never run with this network, by the name of the step.

    Attributes
    ----------
    running : str
        The running step in words; empty if none runs.
    failure : Exception or None
        The exception of the last job.
    history : list of Step
        The steps done so far.
    unavailable : dict
        Why a step has no result, and the way out, by the name of the step.
    """

    def __init__(
        self, put: Put, lock: threading.RLock, unavailable: Mapping[str, str] | None = None
    ) -> None:
        self.lock = lock
        self.running = ""
        self.failure: Exception | None = None
        self.history: list[Step] = []
        self._never = dict(unavailable or {})
        self.unavailable = dict(self._never)
        self._put = put
        self._task = LatestTask(self.fail)

    def run(self, job: Job) -> None:
        """Run ``job(stop)`` instead of the current job."""
        self.failure = None
        self._put(_error="")
        self._task.submit(job)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most `seconds` for the job to end; return whether it did."""
        return self._task.wait(seconds)

    def cancel(self) -> None:
        """Cancel the job; earlier results stay."""
        with self.lock:
            self._task.cancel()
            self.say("", 0.0)

    def say(self, step: str, done: float) -> None:
        """Show the running step and the progress of all steps on the page."""
        self.running = step
        self._put(_step=step, _done=done)

    def attempt(self, step: str, work: Callable[[], object], stop: threading.Event) -> bool:
        """Do the work of a step if the network allows it; return whether it succeeded.

        If it fails, `unavailable` says why, and the other steps can go on.
        """
        if step in self._never:
            return False
        failed = {name: reason for name, reason in self.unavailable.items() if name != step}
        try:
            work()
        except CancelledError:
            raise
        except Exception as failure:
            raise_if_cancelled(stop)
            self.unavailable = {**failed, step: why(step, failure)}
            self._put(_unavailable=self.unavailable)
            return False
        if step in self.unavailable:
            self.unavailable = failed
            self._put(_unavailable=failed)
        return True

    def follow(
        self, stop: threading.Event, step: str, begin: float, end: float
    ) -> AbstractContextManager[None]:
        """Return a context that shows its progress on the page, from `begin` to `end`."""
        self.say(step, begin)
        return telling(stop, partial(self._within, stop, step, begin, end))

    def note(self, step: Step | None) -> None:
        """Add a step to the history; the last of several moves in a row replaces the others."""
        if step is None:
            return
        steps = list(self.history)
        if steps and step.kind in _REPLACED and steps[-1].kind == step.kind:
            steps.pop()
        self.history = [*steps, step][-_MOST_STEPS:]
        self._put(_history=[one._asdict() for one in self.history])

    def fail(self, failure: Exception) -> None:
        """Store the exception of a job, and show it."""
        self.failure = failure
        self.show_failure(failure)
        self.say("", 0.0)

    def show_failure(self, failure: Exception) -> None:
        """Show an exception on the page; the traceback is sent first, and is collapsed there."""
        self._put(_trace=trace(failure) or "", _error=explain(failure))

    def _within(
        self, stop: threading.Event, step: str, begin: float, end: float, progress: Progress
    ) -> None:
        done, of, unit = progress
        with self.lock:  # no report after `cancel`
            if of and not stop.is_set():
                text = f"{step}: {unit} {min(done + 1, of)} of {of}"
                self.say(text, begin + (end - begin) * done / of)
