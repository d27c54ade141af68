"""The factors of the last fit: sliders that move them, and the ablation of their nodes."""

import threading
from collections.abc import Sequence

import numpy as np

from nbinterp.corex import ClusterFactors
from nbinterp.network import AblationStudy, Perturbation
from nbinterp.views.base.background import raise_if_cancelled
from nbinterp.views.slider.base_trait import base_of, same_base
from nbinterp.views.slider.slider import FactorSlider
from nbinterp.views.workbench import actions
from nbinterp.views.workbench.bars import ablation_chart
from nbinterp.views.workbench.progress import Put, Steps
from nbinterp.views.workbench.setup import Setup


class FactorPanel:
    """Puts factors on sliders and ablates their nodes.

    Parameters
    ----------
    setup : Setup
        The network and data of the workbench.
    steps : Steps
        Records which step runs, and which are done.
    put : callable
        Sets traits of the workbench by name: ``sample``, when the sliders edit another sample, and
        ``_ablation``, the bars.

    Attributes
    ----------
    slider : FactorSlider or None
        Before the first fit it shows the largest cluster. None if the layer cannot be edited.
    perturbation : Perturbation or None
        The frame on the sliders.
    ablation : AblationStudy or None
        The ablation of the factors on the sliders.
    base : int or None
        The sample to edit, if one was picked since the last fit.
    """

    def __init__(self, setup: Setup, steps: Steps, put: Put) -> None:
        self.slider: FactorSlider | None = None
        self.perturbation: Perturbation | None = None
        self.ablation: AblationStudy | None = None
        self.base: int | None = None
        self._setup, self._steps, self._put = setup, steps, put
        self._is_filling = False
        if "sliders" not in setup.unavailable:
            # Created on the thread of the cell: some hosts do not allow widgets from other threads.
            largest = max(setup.local.clusters_, key=lambda cluster: cluster.n_samples)
            self.slider = FactorSlider(actions.move(setup, largest, setup.strongest(largest))[0])
            self.slider.on_change(self._moved)

    def move(
        self, factors: ClusterFactors, chosen: Sequence[int], stop: threading.Event
    ) -> FactorSlider | None:
        """Put factors on the sliders, and return them; None if that does not work."""
        slider = self.slider
        if slider is None or not self._steps.attempt(
            "sliders", lambda: self._move(slider, factors, chosen, stop), stop
        ):
            self.perturbation = None
            return None
        return slider

    def _move(
        self,
        slider: FactorSlider,
        factors: ClusterFactors,
        chosen: Sequence[int],
        stop: threading.Event,
    ) -> None:
        moved, step = actions.move(self._setup, factors, chosen)
        raise_if_cancelled(stop)
        # While this lock is held, a sample picked now waits; a sample picked before is kept.
        with slider._lock:
            if self.base is not None:
                moved = moved.from_base(self.base)
            self._is_filling = True
            try:
                slider.show(moved)
            finally:
                self._is_filling = False
            self.perturbation = slider.perturbation
            self._steps.note(step)
            if self.base is not None:
                self._steps.note(actions.edit(self.perturbation))

    def ablate(self, factors: ClusterFactors, chosen: Sequence[int], stop: threading.Event) -> None:
        """Ablate the nodes of factors, and the same number of random nodes."""
        if not self._steps.attempt("ablation", lambda: self._ablate(factors, chosen, stop), stop):
            self.ablation = None
            self._put(_ablation={})

    def _ablate(
        self, factors: ClusterFactors, chosen: Sequence[int], stop: threading.Event
    ) -> None:
        study, step = actions.ablate(self._setup, factors, chosen)
        raise_if_cancelled(stop)
        self.ablation = study
        counted = "right answers" if self._setup.knows_y else "unchanged answers"
        self._put(_ablation=ablation_chart(study, counted))
        self._steps.note(step)

    def edit(self, sample: int, *, now: bool) -> None:
        """Edit a sample: at once if `now`, otherwise when factors are next put on the sliders."""
        self.base = sample
        if now and self.slider is not None and self.slider.base != sample:
            self.slider.base = sample

    def _moved(self, frame: Perturbation) -> None:
        """Follow the sliders: record the step, and set `sample` if they edit another one."""
        if self._is_filling:
            return
        before, self.perturbation = self.perturbation, frame
        if before is None or before.factors != frame.factors:
            return
        base = base_of(frame)
        if not same_base(base_of(before), base):
            self.base = base if isinstance(base, int) else None
            self._steps.note(actions.edit(frame))
            if self.base is not None:
                self._put(sample=self.base)
        if np.any(before.amounts[0] != frame.amounts[0]):
            self._steps.note(actions.move_to(frame))
