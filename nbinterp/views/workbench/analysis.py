"""The analysis of a selection: its factors, then every step that works."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError

import numpy as np

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors
from nbinterp.views.base.background import raise_if_cancelled
from nbinterp.views.linking.trait_sync import TraitSync
from nbinterp.views.workbench import actions
from nbinterp.views.workbench.factor_panel import FactorPanel
from nbinterp.views.workbench.map import WorkbenchMap
from nbinterp.views.workbench.progress import Put, Steps
from nbinterp.views.workbench.sample_panel import SamplePanel
from nbinterp.views.workbench.setup import Setup

_FIT = (0.05, 0.45)  # progress at the beginning and the end of a fit


class Run:
    """One selection on its way through the steps.

    Attributes
    ----------
    selection : array of int
        The samples.
    factors : ClusterFactors or None
        The result of the fit.
    failure : Exception or None
        Why there are no factors, unless the run was cancelled.
    """

    def __init__(self, selection: IntArray) -> None:
        self.selection = selection
        self.factors: ClusterFactors | None = None
        self.failure: Exception | None = None

    def result(self) -> ClusterFactors:
        """Return the factors of a run that ended, or raise why there are none."""
        if self.failure is not None:
            raise self.failure
        if self.factors is None:
            raise CancelledError(
                f"{_checks.current_call()} was cancelled, by its button or by another selection. "
                "Select the samples again."
            )
        return self.factors


class Analysis:
    """Fits a selection, moves its factors, ablates their nodes and explains a sample.

    A step that fails leaves the others as they are; ``steps.unavailable`` then says why.

    Parameters
    ----------
    setup : Setup
        The network and data of the workbench.
    steps : Steps
        Runs the steps in the background.
    factor_panel, sample_panel : FactorPanel, SamplePanel
        Show the results of steps.
    explorer : WorkbenchMap
        Shows the factors.
    sync : TraitSync
        Keeps the chosen factor equal in all views.
    put : callable
        Sets traits of the workbench by name.

    Attributes
    ----------
    factors : ClusterFactors or None
        The last fit.
    """

    def __init__(
        self,
        setup: Setup,
        steps: Steps,
        factor_panel: FactorPanel,
        sample_panel: SamplePanel,
        explorer: WorkbenchMap,
        sync: TraitSync,
        put: Put,
    ) -> None:
        self.factors: ClusterFactors | None = None
        self._newest = Run(np.array([], np.int64))
        self._setup, self._steps, self._put = setup, steps, put
        self._factor_panel, self._sample_panel = factor_panel, sample_panel
        self._explorer, self._sync = explorer, sync

    def begin(self, selection: IntArray) -> Run:
        """Run all steps for a selection in the background; each result shows once it is ready."""
        run = self._newest = Run(selection)

        def job(stop: threading.Event) -> None:
            try:
                factors = self._fit(selection, stop)
            except Exception as failure:
                run.failure = None if isinstance(failure, CancelledError) else failure
                raise
            run.factors = factors
            self._follow(factors, selection, stop)

        self._steps.run(job)
        return run

    def run_of(self, selection: IntArray) -> Run:
        """Return the run of a selection that was just made."""
        run = self._newest
        if np.array_equal(run.selection, selection):
            return run
        return Run(selection)  # another thread's selection took its place

    def describe(self, factor: int | None) -> str:
        """Say which factors there are and which is chosen, once it is known if that is stable."""
        found = self.factors
        if found is None:
            return ""
        mark = " (not stable)" if factor in self._explorer.unstable() else ""
        return f"; {found.name}: {len(found.weights_)} factors, factor {factor}{mark} chosen"

    def show_factor(self, factor: int, shown: Sequence[int]) -> None:
        """Put a factor on the last slider, in place of the one there."""
        factors = self.factors
        if factors is None or factor in shown or not shown:
            return
        others = [one for one in shown if one != factor][: len(shown) - 1]

        def job(stop: threading.Event) -> None:
            self._show_factors(factors, [*others, factor], factor, stop)
            self._steps.say("", 1.0)

        self._steps.run(job)

    def _fit(self, selection: IntArray, stop: threading.Event) -> ClusterFactors:
        self._factor_panel.base = None
        self._sample_panel.stop_pointing()
        started = time.perf_counter()
        with self._steps.follow(stop, f"Fitting factors of {len(selection):,} samples", *_FIT):
            factors, step = actions.fit(self._setup, selection)
        raise_if_cancelled(stop)
        self.factors = factors
        self._explorer.show_fit(factors, time.perf_counter() - started)
        self._steps.note(step)
        return factors

    def _follow(self, factors: ClusterFactors, selection: IntArray, stop: threading.Event) -> None:
        """Run the steps after the fit."""
        if not factors.mutual_information_.any():
            self._put(slider=None, _slider_factors=[], _ablation={})
            self._steps.say("", 0.0)
            return
        strongest = self._setup.strongest(factors)
        self._show_factors(factors, strongest, strongest[0], stop)
        if self._factor_panel.base is None:  # otherwise a sample was picked meanwhile
            self._sample_panel.explain(self._setup.most_typical(selection), stop)
        self._steps.say("", 1.0)

    def _show_factors(
        self, factors: ClusterFactors, chosen: Sequence[int], first: int, stop: threading.Event
    ) -> None:
        """Put factors on the sliders, choose the first, and ablate the nodes of each."""
        self._steps.say("Running the network with moved factors", _FIT[1])
        slider = self._factor_panel.move(factors, chosen, stop)
        self._put(slider=slider, _slider_factors=list(chosen), factor=first)
        self._sync.tell(first)  # the heatmap is new even if the number is the same
        self._steps.say("Ablating their nodes, and random ones", 0.6)
        self._factor_panel.ablate(factors, chosen, stop)
