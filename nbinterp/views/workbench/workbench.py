"""The loop in one widget: see, lasso, fit, read, turn, silence, check."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

import anywidget
import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.network import AblationStudy, Perturbation
from nbinterp.views.base.background import LatestTask, raise_if_cancelled, telling
from nbinterp.views.base.traits import Index
from nbinterp.views.base.view import View
from nbinterp.views.linking.trait_sync import TraitSync, add_link
from nbinterp.views.png.canvas import stacked
from nbinterp.views.slider.base_trait import base_of, same_base
from nbinterp.views.slider.slider import FactorSlider
from nbinterp.views.workbench.actions import based_on, turned_to
from nbinterp.views.workbench.bars import ablation_chart
from nbinterp.views.workbench.defaults import pictures
from nbinterp.views.workbench.map import WorkbenchMap
from nbinterp.views.workbench.sample_panel import LookingView
from nbinterp.views.workbench.setup import prepare

_LEAST = 3  # samples of a fit
_FIT = (0.05, 0.45)  # of the loop: where a fit begins and ends


class Workbench(LookingView):
    """Look into a network: lasso samples, and all that follows is there in about a second.

    A lasso fits the factors of the samples, puts the strongest on sliders, silences their nodes
    beside random ones, and finds which inputs of a sample act together. A factor chosen anywhere
    is chosen everywhere. While the pointer rests on a sample of the map, its inputs are shown in
    the place of those of the picked one. What was done can be copied as Python.

    Parameters
    ----------
    model : torch.nn.Module
        The network; it is left as it came.
    data : array or tensor of shape (n_samples, ...), DataFrame, or torch Dataset
        Its samples.
    layer : str, optional
        The layer to look into, by its dotted path; the last hidden one if None.
    labels : array of shape (n_samples,), optional
        The right answer of each sample, as the number of an output. If None, what the network
        answers: silencing nodes then costs answers that stay as they were.
    local : LocalCorEx, optional
        Fitted to the recorded layer; made anew if None, in seconds for thousands of samples.
    decode : Decoder or callable, optional
        From activations to inputs, as in `perturb`; None: sliders show outputs only.
    image_shape : tuple of int, optional
        How a sample is an image; guessed if None, and ``()`` says that it is none.
    columns : DataFrame or dict of arrays, optional
        More of the samples, to colour the map by.
    n_clusters : int, default=20
        Clusters of the map, if it is made anew.
    random_state : int, default=0
        Seeds the map.
    height : int, default=520
        Of the map, in CSS pixels.
    names : dict, optional
        What `model`, `data`, `labels`, `local` and `decode` are called in the Python lines, or the
        expressions that they are.
    progress : bool, default=True
        Whether to show progress while the map is made.

    Attributes
    ----------
    explorer : ClusterExplorer
        The map; ``explorer.heatmap`` shows the factors.
    slider : FactorSlider or None
        The strongest factors of the last fit, to be turned; None before.
    factor : int or None
        The chosen factor of the last fit, None before. Set it to choose.
    sample : int or None
        The sample whose inputs are looked at, None before. Set it, click it on the map, or make it
        the base of the sliders.
    follow : bool
        Whether the inputs of the sample under the pointer are shown while it rests there.
    pairs : InteractionHeatmap
        All pairs of the inputs that are shown, of which the bars are the strongest.
    factors, perturbation, ablation, interactions
        What the steps found: ClusterFactors, Perturbation, AblationStudy, SmoothHessian, or None.
    code : str
        The Python lines that reproduce all steps so far.

    How to read it
    --------------
    The map, the heatmap and the sliders are those of `ClusterExplorer`, `InteractionHeatmap` and
    `FactorSlider`. *Silenced*: the bars are how many percentage points of the answers a group of
    samples loses without the nodes of the chosen factor; the grey band is where 95 % of as many
    random nodes are, so that only a bar beyond it says that these nodes matter. *Inputs that act
    together*: a pair of inputs strengthens (orange) or weakens (blue) one another's effect on the
    answer near this sample; within the grey band it may be noise.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp import LinearCorEx, LocalCorEx, Workbench, record
    >>> X, y = load_iris(return_X_y=True)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    >>> table = record(model, X, "1").concat("1", output=True)
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0), random_state=0).fit(table, clusters=y)
    >>> bench = Workbench(model, X, layer="1", labels=y, local=local)
    >>> bench.select(range(50, 100)).name
    'selection of 50'
    >>> bench
    Workbench('1' of Sequential, 150 samples; selection of 50: 2 factors, factor 0 chosen)
    """

    _kind = traitlets.Unicode("workbench").tag(sync=True)
    explorer = anywidget.WidgetTrait().tag(sync=True, page=False)
    slider = anywidget.WidgetTrait().tag(sync=True, page=False)
    factor = Index()
    _slider_factors = traitlets.List(traitlets.Int()).tag(sync=True, page=False)
    _ablation = traitlets.Dict().tag(sync=True, page=False)
    _about = traitlets.Unicode("").tag(sync=True, page=False)

    def __init__(
        self,
        model: Any,
        data: Any,
        *,
        layer: str | None = None,
        labels: Any = None,
        local: LocalCorEx | None = None,
        decode: Any = None,
        image_shape: Sequence[int] | None = None,
        columns: Any = None,
        n_clusters: int = 20,
        random_state: int = 0,
        height: int = 520,
        names: dict[str, str] | None = None,
        progress: bool = True,
    ) -> None:
        ways = {"layer": layer, "labels": labels, "local": local, "decode": decode}
        ways |= {"image_shape": image_shape, "n_clusters": n_clusters, "names": names or {}}
        prepared = prepare(model, data, random_state=random_state, progress=progress, **ways)
        subject = self._subject = prepared.subject
        self._classes = "unchanged answers" if labels is None else "right answers"
        self._job = LatestTask(self._failed)
        self._turning = False
        self._base: int | None = None  # the sample to edit, picked since the last fit
        self._failure: Exception | None = None
        self.factors: ClusterFactors | None = None
        self.perturbation: Perturbation | None = None
        self.ablation: AblationStudy | None = None
        known = {"label": labels} if labels is not None else {}
        explorer = WorkbenchMap(
            subject.local,
            columns={**known, "answer": prepared.answers, **dict(columns or {})},
            images=pictures(data, subject.image_shape),
            color_by="label" if known else "cluster",
            height=height,
            fit=self._fit_now,
        )
        super().__init__(
            explorer=explorer,
            _begin=prepared.begin,
            _about=f"{subject.layer} of {type(model).__name__} · {subject.n_samples:,} samples",
        )
        # Made here: not every host lets other threads make widgets.
        self._start_looking()
        some = max(subject.local.clusters_, key=lambda cluster: cluster.n_samples)
        self._slider = FactorSlider(subject.turn(some, subject.strongest(some))[0])
        self._slider.on_change(self._moved)
        explorer.on_select(self._selected)
        explorer.on_hover(self._hovered)
        self._bond = TraitSync("factor", [self, explorer.heatmap, self._slider])
        add_link(self, [explorer])

    @_checks.named
    def select(self, samples: Any) -> ClusterFactors:
        """Select samples on the map, and wait until all that follows is there.

        Parameters
        ----------
        samples : array of int, or boolean mask
            At least 3.

        Returns
        -------
        ClusterFactors

        Raises
        ------
        ValueError
            If there are too few samples, or a step failed.
        """
        rows = _checks.indices("samples", samples, self._subject.n_samples, at_least=_LEAST)
        if np.array_equal(rows, self.explorer.selection):
            return self._fit_now()
        self._failure = None
        self.explorer.selection = rows
        return self._waited()

    def describe(self) -> str:
        """Return what is shown in one line."""
        subject = self._subject
        text = f"{subject.layer!r} of {type(subject.model).__name__}, {subject.n_samples:,} samples"
        if (found := self.factors) is not None:
            text += f"; {found.name}: {len(found.weights_)} factors, factor {self.factor} chosen"
        return f"{type(self).__name__}({text})"

    def snapshot(self) -> bytes | None:
        """Return the map, the factors and the sliders as a PNG, one below the other."""
        views = (self.explorer, self.explorer.heatmap, self.slider)
        return stacked(None if view is None else view.snapshot() for view in views)

    def _selected(self, selection: IntArray) -> None:
        """Follow the map: three samples or more are fitted, one is looked at."""
        if len(selection) == 1:
            self.sample = int(selection[0])
        elif len(selection) >= _LEAST:
            self._job.submit(lambda stop: self._fit(selection, stop))
        else:
            with self._lock:
                self._job.cancel()
                self._say("", 0.0)

    @_checks.call("Workbench.explorer.fit_selection")
    def _fit_now(self) -> ClusterFactors:
        """Fit what is selected, and wait for it."""
        selection = self.explorer.selection
        _checks.require(
            len(selection) >= _LEAST,
            "()",
            f"must have at least {_LEAST} selected samples, not {len(selection)}",
            "Draw around more of them.",
        )
        self._failure = None
        self._job.submit(lambda stop: self._fit(selection, stop))
        return self._waited()

    def _waited(self) -> ClusterFactors:
        self.wait()
        if self._failure is not None:
            raise self._failure
        if self.factors is None:
            raise CancelledError
        return self.factors

    def _fit(self, selection: IntArray, stop: threading.Event) -> None:
        """Do the loop for a selection; each result is shown as soon as it is there."""
        self._error = ""
        self._base = None
        self._hovering.cancel()
        fitting = f"Fitting factors of {len(selection):,} samples"
        self._say(fitting, _FIT[0])
        started = time.perf_counter()
        with telling(stop, partial(self._within, stop, fitting, *_FIT)):
            factors, step = self._subject.fit(selection)
        raise_if_cancelled(stop)
        self.factors = factors
        self.explorer.publish(factors, time.perf_counter() - started)
        self._note(step)
        if not factors.mutual_information_.any():
            self.slider, self._slider_factors, self._ablation = None, [], {}
            self._say("", 0.0)
            return
        strongest = self._subject.strongest(factors)
        self._turn(factors, strongest, strongest[0], stop)
        rows = self._subject.nodes[selection]
        nearest = int(selection[((rows - rows.mean(axis=0)) ** 2).sum(axis=1).argmin()])
        if self._base is None:  # else somebody has picked another meanwhile
            self._look(nearest, stop)
        self._say("", 1.0)

    def _turn(
        self, factors: ClusterFactors, turnable: Sequence[int], first: int, stop: threading.Event
    ) -> None:
        """Put factors on sliders, choose one, and silence the nodes of each."""
        self._say("Running the network on turned factors", _FIT[1])
        turned, step = self._subject.turn(factors, turnable)
        raise_if_cancelled(stop)
        # A sample that is picked now waits, and one that was picked meanwhile is kept.
        with self._slider._lock:
            if self._base is not None:
                turned = turned.from_base(self._base)
            self._turning = True  # what the sliders say of it is no move of a hand
            try:
                self._slider.show(turned)
            finally:
                self._turning = False
            self.perturbation = self._slider.perturbation
            self._note(step)
            if self._base is not None:
                self._note(based_on(self.perturbation))
        self.slider = self._slider
        with self.hold_sync():
            self._slider_factors = list(turnable)
            self.factor = first
        self._bond.tell(first)  # the heatmap is new, also where the number is not
        self._say("Silencing their nodes, and random ones", 0.6)
        study, ablated = self._subject.ablate(factors, turnable)
        raise_if_cancelled(stop)
        self.ablation = study
        self._ablation = {} if study is None else ablation_chart(study, self._classes)
        self._note(ablated)

    def _moved(self, frame: Perturbation) -> None:
        """Follow the sliders: a moved factor is chosen, a new base is looked at."""
        if self._turning:
            return
        before, self.perturbation = self.perturbation, frame
        if before is None or before.factors != frame.factors:
            return
        base = base_of(frame)
        if not same_base(base_of(before), base):
            self._base = base if isinstance(base, int) else None
            self._note(based_on(frame))
            if self._base is not None:
                self.sample = self._base
        changed = np.flatnonzero(before.amounts[0] != frame.amounts[0])
        if len(changed):
            self._note(turned_to(frame))

    @property
    def _ids(self) -> list[int]:
        """Which factors there are to choose from."""
        return [] if self.factors is None else list(range(len(self.factors.weights_)))

    def _link_ends(self) -> list[View]:
        """Return what takes part for the workbench where views are linked."""
        return [self, self.explorer]

    @traitlets.observe("factor")
    def _factor_chosen(self, change: Any) -> None:
        factor, factors = change["new"], self.factors
        if factors is None or factor is None:
            return
        shown = self._slider_factors
        if factor not in shown and shown:
            others = [one for one in shown if one != factor][: len(shown) - 1]

            def put(stop: threading.Event) -> None:
                self._turn(factors, [*others, factor], factor, stop)
                self._say("", 1.0)

            self._job.submit(put)

    def _rebase(self, sample: int) -> None:
        self._base = sample
        slider = self.slider
        if slider is not None and slider.base != sample:
            slider.base = sample

    @traitlets.validate("factor")
    def _check_factor(self, proposal: Any) -> int:
        value = int(proposal["value"])
        count = 0 if self.factors is None else len(self.factors.weights_)
        if value >= count:
            raise traitlets.TraitError(
                f"factor must be one of the last fit, 0 to {count - 1}, not {value}"
                if count
                else "factor needs a fit first: select samples on the map"
            )
        return value
