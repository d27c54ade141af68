"""The interactions in one sample: the one that was picked, or the one under the pointer."""

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

_REST = 0.15  # seconds that the pointer must stay on a sample
_ALWAYS = 128  # inputs whose matrix is sent also while it is folded: some 60 kB
_EMPTY = "Click a sample on the map: all pairs of its inputs come here."


class _Shown(NamedTuple):
    """What the panel shows now."""

    sample: int | None
    found: SmoothHessian | None
    hovered: bool


class SamplePanel:
    """Explains the picked sample, and the one under the pointer while it rests there.

    Parameters
    ----------
    setup : Setup
        What the workbench looks into.
    steps : Steps
        Told which step runs, and which were done.
    put : callable
        Sets traits of the workbench by name: ``sample`` and ``_interactions``, the bars.

    Attributes
    ----------
    pairs : InteractionHeatmap
        All pairs of the inputs.
    interactions : SmoothHessian or None
        Those of the picked sample.
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
        # Nobody asked for the sample under the pointer: that no step fails with it.
        self._pointing = LatestTask(steps.show_failure)
        # One at a time: a model is put into eval mode and back.
        self._model_lock = threading.Lock()

    def pick(self, sample: int) -> None:
        """Explain a sample from now on, in the background."""
        self._picking.submit(lambda stop: self.explain(sample, stop))

    def explain(self, sample: int, stop: threading.Event) -> None:
        """Explain a sample from now on, within a job."""
        self._steps.say(f"Averaging second derivatives near sample {sample}", 0.85)
        found, step = self._interact(sample, stop)
        self.interactions, self.picked = found, sample
        self._show(_Shown(sample, found, hovered=False))
        self._steps.note(step)
        self._put(sample=sample)
        self._steps.say("", 1.0)

    def point(self, sample: int | None) -> None:
        """Explain the sample under the pointer, once it rests there; None: the picked one again."""
        self._pointing.submit(lambda stop: self._explain_pointed(sample, stop))

    def stop_pointing(self) -> None:
        """Give up the sample under the pointer: something else was asked for."""
        self._pointing.cancel()

    def open_pairs(self, is_open: bool) -> None:
        """Fill the heatmap of all pairs from now on, or only if they are few."""
        self._is_open = is_open
        self._fill_pairs()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all samples asked for are explained, after at most so many seconds."""
        return self._picking.wait(seconds) and self._pointing.wait(seconds)

    def cancel(self) -> None:
        """Give up the sample that was picked last; what is shown stays."""
        self._picking.cancel()

    def _explain_pointed(self, sample: int | None, stop: threading.Event) -> None:
        """Explain without a step: the Python lines repeat no moves of the pointer."""
        if stop.wait(_REST):
            return
        # What was asked for by a click or a lasso comes first.
        while self._steps.running:
            if stop.wait(_REST):
                return
        if sample is None or sample == self.picked:
            self._show(_Shown(self.picked, self.interactions, hovered=False))
            return
        found, _ = self._interact(sample, stop)
        self._show(_Shown(sample, found, hovered=True))

    def _interact(
        self, sample: int, stop: threading.Event
    ) -> tuple[SmoothHessian | None, Step | None]:
        with telling(stop, lambda _progress: None), self._model_lock:
            raise_if_cancelled(stop)
            found = actions.interact(self._setup, sample)
        raise_if_cancelled(stop)
        return found

    def _show(self, shown: _Shown) -> None:
        with self._steps.lock:
            sample, found, hovered = shown
            same = found is self._shown.found and hovered == self._shown.hovered
            if sample is None or found is None or same:
                return
            self._shown = shown
            chart = interaction_chart(found, sample, self._setup.answer(sample), self._setup.grid)
            self._put(_interactions={**chart, "hovered": hovered})
            self._fill_pairs()

    def _fill_pairs(self) -> None:
        """Send the matrix if it is unfolded, or small."""
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
