"""A view whose work goes on in the background, step by step, and can be copied as Python."""

import threading

import traitlets

from nbinterp._numerics.progress import Progress
from nbinterp.views.base.background import LatestTask
from nbinterp.views.base.view import Answer, View, _explain, _trace, verb
from nbinterp.views.workbench.actions import Step, noted


class StepView(View):
    """A view that says what is under way, how far it is, what failed, and what was done so far."""

    _step = traitlets.Unicode("").tag(sync=True, page=False)
    _done = traitlets.Float(0.0).tag(sync=True, page=False)
    # What failed, and the traceback, which is folded; set before it.
    _error = traitlets.Unicode("").tag(sync=True, page=False)
    _trace = traitlets.Unicode("").tag(sync=True, page=False)
    _begin = traitlets.Unicode("").tag(sync=True, page=False)
    _history = traitlets.List(traitlets.Dict()).tag(sync=True, page=False)

    _job: LatestTask  # what follows from a selection
    _aside: LatestTask  # what follows from a sample alone
    _failure: Exception | None

    @property
    def code(self) -> str:
        """The Python lines that reproduce all steps so far."""
        return "\n".join([self._begin, *(step["code"] for step in self._history)]) + "\n"

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all work in the background has ended, after at most so many seconds."""
        return self._job.wait(seconds) and self._aside.wait(seconds)

    @verb()
    def cancel(self) -> Answer:
        """Answer the button: give up what is under way; what was there stays."""
        with self._lock:
            self._job.cancel()
            self._aside.cancel()
            self._say("", 0.0)
        return Answer()

    def _note(self, step: Step | None) -> None:
        if step is not None:
            self._history = noted(self._history, step)

    def _say(self, step: str, done: float) -> None:
        with self.hold_sync():
            self._step, self._done = step, done

    def _within(
        self, stop: threading.Event, step: str, begun: float, ended: float, progress: Progress
    ) -> None:
        """Say how far a step is that takes the loop from `begun` to `ended`."""
        done, of, unit = progress
        with self._lock:  # nothing is said after a word that all was given up
            if of and not stop.is_set():
                said = f"{step}: {unit} {min(done + 1, of)} of {of}"
                self._say(said, begun + (ended - begun) * done / of)

    def _failed(self, failure: Exception) -> None:
        self._failure = failure
        self._show_failure(failure)
        self._say("", 0.0)

    def _show_failure(self, failure: Exception) -> None:
        with self.hold_sync():
            self._trace, self._error = _trace(failure) or "", _explain(failure)
