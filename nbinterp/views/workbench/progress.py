"""The steps of a workbench: what runs now, how far it has come, what failed, what was done."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from nbinterp._numerics.progress import Progress
from nbinterp.views.base.background import Job, LatestTask, telling
from nbinterp.views.base.view import explain, trace
from nbinterp.views.workbench.actions import Step

Put = Callable[..., None]

_MOST_STEPS = 200
_REPLACED = {"move", "base"}


class Steps:
    """Runs the newest job in the background, and tells the page about its steps.

    Parameters
    ----------
    put : callable
        Sets traits of the workbench by name: ``_step`` and ``_done``, the step that runs, in words,
        and how far all has come, from 0 to 1; ``_error`` and ``_trace``; ``_history``.
    lock : RLock
        Of the workbench: held while a cancelled job must not report any more.

    Attributes
    ----------
    running : str
        The step that runs, in words; empty if none does.
    failure : Exception or None
        What the last job raised.
    history : list of Step
        What was done so far.
    """

    def __init__(self, put: Put, lock: threading.RLock) -> None:
        self.lock = lock
        self.running = ""
        self.failure: Exception | None = None
        self.history: list[Step] = []
        self._put = put
        self._task = LatestTask(self.fail)

    def run(self, job: Job) -> None:
        """Run ``job(stop)`` in place of the one that runs now."""
        self.failure = None
        self._put(_error="")
        self._task.submit(job)

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether the job has ended, after at most so many seconds."""
        return self._task.wait(seconds)

    def cancel(self) -> None:
        """Give up the job; what was there before stays."""
        with self.lock:
            self._task.cancel()
            self.say("", 0.0)

    def say(self, step: str, done: float) -> None:
        """Tell the page which step runs, and how far all has come."""
        self.running = step
        self._put(_step=step, _done=done)

    def follow(
        self, stop: threading.Event, step: str, begin: float, end: float
    ) -> AbstractContextManager[None]:
        """Return a block whose progress the page is told: it takes all from `begin` to `end`."""
        self.say(step, begin)
        return telling(stop, partial(self._within, stop, step, begin, end))

    def note(self, step: Step | None) -> None:
        """Add a step to those done; the last of many moves in a row stands for all of them."""
        if step is None:
            return
        steps = list(self.history)
        if steps and step.kind in _REPLACED and steps[-1].kind == step.kind:
            steps.pop()
        self.history = [*steps, step][-_MOST_STEPS:]
        self._put(_history=[one._asdict() for one in self.history])

    def fail(self, failure: Exception) -> None:
        """Keep what a job raised, and show it."""
        self.failure = failure
        self.show_failure(failure)
        self.say("", 0.0)

    def show_failure(self, failure: Exception) -> None:
        """Tell the page what failed; the traceback goes first, and is folded there."""
        self._put(_trace=trace(failure) or "", _error=explain(failure))

    def _within(
        self, stop: threading.Event, step: str, begin: float, end: float, progress: Progress
    ) -> None:
        done, of, unit = progress
        with self.lock:  # not after `cancel` has said that nothing runs
            if of and not stop.is_set():
                text = f"{step}: {unit} {min(done + 1, of)} of {of}"
                self.say(text, begin + (end - begin) * done / of)
