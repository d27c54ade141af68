"""The interactions in one sample: the picked sample, or the sample under the pointer."""

import threading
from typing import Any, NamedTuple

from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.views.base.background import LatestTask, raise_if_cancelled, telling
from nbinterp.views.heatmap.heatmap import InteractionHeatmap
from nbinterp.views.workbench import actions
from nbinterp.views.workbench.actions import Step
from nbinterp.views.workbench.bars import input_name, interaction_chart
from nbinterp.views.workbench.progress import Put, Steps
from nbinterp.views.workbench.setup import Setup

_REST = 0.15  # seconds for which the pointer must stay on a sample
_ALWAYS = 128  # the matrix of up to this many inputs is sent even while collapsed: about 60 kB
_EMPTY = "Click a sample on the map to see all pairs of its inputs here."


class _Shown(NamedTuple):
    """The content of the panel."""

    sample: int | None
    found: SmoothHessian | None
    hovered: bool


class SamplePanel:
    """Explains the picked sample, or the sample under a resting pointer.

    Parameters
    ----------
    setup : Setup
        The network and data of the workbench.
    steps : Steps
        Records which step runs, and which are done.
    put : callable
        Sets traits of the workbench by name: ``sample`` and ``_interactions``, the bars.

    Attributes
    ----------
    pairs : InteractionHeatmap
        All pairs of the inputs.
    interactions : SmoothHessian or None
        The interactions in the picked sample.
    picked : int or None
        The sample of `interactions`.
    """

    def __init__(self, setup: Setup, steps: Steps, put: Put) -> None:
        self.pairs = InteractionHeatmap()
        self.pairs._about = _EMPTY
        self.interactions: SmoothHessian | None = None
        self.picked: int | None = None
        self._setup, self._steps, self._put = setup, steps, put
        self._shown = _Shown(None, None, False)
        self._is_open = False
        self._picking = LatestTask(steps.fail)
        # Errors under the pointer are ignored: the user did not ask for this sample.
        self._pointing = LatestTask(steps.show_failure)
        # One at a time, because the model is switched to eval mode and back.
        self._model_lock = threading.Lock()

    def pick(self, sample: int) -> None:
        """Pick a sample, and explain it in the background."""
        self._picking.submit(lambda stop: self.explain(sample, stop))

    def explain(self, sample: int, stop: threading.Event) -> None:
        """Pick a sample, and explain it within a job."""
        self._steps.say(f"Averaging second derivatives near sample {sample}", 0.85)
        if not self._steps.attempt("interactions", lambda: self._explain(sample, stop), stop):
            self.interactions, self.picked = None, sample
            self._show(_Shown(sample, None, hovered=False))
        self._put(sample=sample)
        self._steps.say("", 1.0)

    def point(self, sample: int | None) -> None:
        """Explain the sample under a resting pointer; for None, show the picked sample again."""
        if "interactions" not in self._setup.unavailable:
            self._pointing.submit(lambda stop: self._explain_pointed(sample, stop))

    def stop_pointing(self) -> None:
        """Cancel the explanation of the sample under the pointer."""
        self._pointing.cancel()

    def open_pairs(self, is_open: bool) -> None:
        """Fill the heatmap of all pairs if it is open, otherwise only if there are few inputs."""
        self._is_open = is_open
        self._fill_pairs()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most `seconds` for all explanations; return whether they ended."""
        return self._picking.wait(seconds) and self._pointing.wait(seconds)

    def cancel(self) -> None:
        """Cancel the explanation of the picked sample; the panel does not change."""
        self._picking.cancel()

    def _explain(self, sample: int, stop: threading.Event) -> None:
        found, step = self._interact(sample, stop)
        self.interactions, self.picked = found, sample
        self._show(_Shown(sample, found, hovered=False))
        self._steps.note(step)

    def _explain_pointed(self, sample: int | None, stop: threading.Event) -> None:
        """Explain without a step, since the Python lines do not repeat moves of the pointer."""
        if stop.wait(_REST):
            return
        # A click or a lasso takes precedence.
        while self._steps.running:
            if stop.wait(_REST):
                return
        if sample is None or sample == self.picked:
            self._show(_Shown(self.picked, self.interactions, hovered=False))
            return
        found, _ = self._interact(sample, stop)
        self._show(_Shown(sample, found, hovered=True))

    def _interact(self, sample: int, stop: threading.Event) -> tuple[SmoothHessian, Step]:
        with telling(stop, lambda _progress: None), self._model_lock:
            raise_if_cancelled(stop)
            found = actions.interact(self._setup, sample)
        raise_if_cancelled(stop)
        return found

    def _show(self, shown: _Shown) -> None:
        with self._steps.lock:
            sample, found, hovered = shown
            same = found is self._shown.found and hovered == self._shown.hovered
            if sample is None or same:
                return
            self._shown = shown
            if found is None:
                self._put(_interactions={})
                self.pairs.show(None)
                return
            chart = interaction_chart(found, sample, self._setup.answer(sample), self._setup.grid)
            self._put(_interactions={**chart, "hovered": hovered})
            self._fill_pairs()

    def _fill_pairs(self) -> None:
        """Send the matrix if the heatmap is open, or the matrix is small."""
        sample, found, _ = self._shown
        if found is None or found.hessian is None or self.pairs.source is found:
            return
        width = found.hessian.shape[-1]
        if not self._is_open and width > _ALWAYS:
            return
        shape = self._setup.image_shape
        names = [input_name(place, self._setup.grid) for place in range(width)]
        options: dict[str, Any] = {}
        if shape is not None:
            options = {"feature_names": names, "image_shape": shape}
        self.pairs.show(found, **options)
        self.pairs.link(None, samples=[sample])
