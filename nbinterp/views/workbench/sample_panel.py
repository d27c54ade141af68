"""Which inputs of a sample act together: of the one that was picked, or is under the pointer."""

import threading
from typing import Any

import anywidget
import traitlets

from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.views.base.background import LatestTask, raise_if_cancelled, telling
from nbinterp.views.base.traits import Index
from nbinterp.views.heatmap.heatmap import InteractionHeatmap
from nbinterp.views.workbench.actions import Step, Subject
from nbinterp.views.workbench.bars import input_name, interaction_chart
from nbinterp.views.workbench.progress import StepView

_REST = 0.15  # seconds that the pointer must stay on a sample
_ALWAYS = 128  # inputs whose pairs are drawn in full also while that is folded: some 60 kB
_EMPTY = "Click a sample on the map: all pairs of its inputs come here."

_Found = tuple[SmoothHessian | None, Step | None]


class LookingView(StepView):
    """The part of the workbench that looks at one sample; `Workbench` documents it."""

    sample = Index()
    follow = traitlets.Bool(True).tag(sync=True)
    pairs = anywidget.WidgetTrait().tag(sync=True, page=False)
    _pairs_open = traitlets.Bool(False).tag(sync=True)
    _interactions = traitlets.Dict().tag(sync=True, page=False)

    _subject: Subject
    _hovering: LatestTask
    interactions: SmoothHessian | None

    def _start_looking(self) -> None:
        """Make what the view needs; in a thread of cells, since others may make no widgets."""
        self.interactions = None
        self._picked: int | None = None  # the sample of `interactions`
        self._shown: tuple[int | None, SmoothHessian | None] = (None, None)
        self._aside, self._hovering = LatestTask(self._failed), LatestTask(self._not_shown)
        # One at a time: a model is put into eval mode and back.
        self._model_lock = threading.Lock()
        self.pairs = InteractionHeatmap()
        self.pairs._about = _EMPTY

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all work in the background has ended, after at most so many seconds."""
        return super().wait(seconds) and self._hovering.wait(seconds)

    def _look(self, sample: int, stop: threading.Event) -> None:
        """Find which inputs of the picked sample act together."""
        self._say(f"Smoothing second derivatives at sample {sample}", 0.85)
        found, step = self._interact(sample, stop)
        self.interactions, self._picked = found, sample
        self._show_interactions(sample, found, hovered=False)
        self._note(step)
        self.sample = sample
        self._say("", 1.0)

    def _hovered(self, sample: int | None) -> None:
        """Follow the pointer; its samples are no steps that the Python lines would repeat."""
        if self.follow:
            self._hovering.submit(lambda stop: self._glance(sample, stop))

    def _glance(self, sample: int | None, stop: threading.Event) -> None:
        """Show the sample under the pointer once it rests there; none: the picked one again."""
        if stop.wait(_REST):
            return
        # What was asked for by a click or a lasso comes first.
        while self._step:
            if stop.wait(_REST):
                return
        if sample is None or sample == self._picked:
            self._show_interactions(self._picked, self.interactions, hovered=False)
            return
        found, _ = self._interact(sample, stop)
        self._show_interactions(sample, found, hovered=True)

    def _not_shown(self, failure: Exception) -> None:
        """Say why a sample under the pointer cannot be shown; nothing that was asked for failed."""
        self._show_failure(failure)

    def _interact(self, sample: int, stop: threading.Event) -> _Found:
        with telling(stop, lambda _progress: None), self._model_lock:
            raise_if_cancelled(stop)
            found = self._subject.interact(sample)
        raise_if_cancelled(stop)
        return found

    def _show_interactions(
        self, sample: int | None, found: SmoothHessian | None, *, hovered: bool
    ) -> None:
        with self._lock:
            if sample is None or found is None:
                return
            same = found is self._shown[1] and hovered == self._interactions.get("hovered")
            if same:
                return
            answer, grid = self._subject.answer(sample), self._subject.grid
            chart = interaction_chart(found, sample, answer, grid)
            self._shown = (sample, found)
            self._interactions = {**chart, "hovered": hovered}
            self._fill_pairs()

    @traitlets.observe("_pairs_open")
    def _fill_pairs(self, _change: Any = None) -> None:
        """Draw all pairs, if they are looked at or are few."""
        sample, found = self._shown
        if found is None or found.hessian is None or self.pairs.source is found:
            return
        width = found.hessian.shape[-1]
        if not self._pairs_open and width > _ALWAYS:
            return
        subject = self._subject
        names = [input_name(place, subject.grid) for place in range(width)]
        shape = subject.image_shape
        options = {} if shape is None else {"feature_names": names, "image_shape": shape}
        self.pairs.show(found, **options)
        self.pairs.link(None, samples=[sample])

    @traitlets.observe("follow")
    def _follow_changed(self, change: Any) -> None:
        if not change["new"]:
            self._hovering.submit(lambda stop: self._glance(None, stop))

    @traitlets.observe("sample")
    def _sample_chosen(self, change: Any) -> None:
        sample = change["new"]
        if sample is None or sample == self._picked:
            return
        self._rebase(sample)
        self._aside.submit(lambda stop: self._look(sample, stop))

    def _rebase(self, sample: int) -> None:
        """Edit the sample from now on; for the whole workbench to do."""

    @traitlets.validate("sample")
    def _check_sample(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        last = self._subject.n_samples - 1
        if value is not None and value > last:
            raise traitlets.TraitError(f"sample must be from 0 to {last}, or None")
        return value
