"""All steps of an analysis in one widget: see, lasso, fit, read, move, ablate, explain."""

import warnings
from collections.abc import Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.network import AblationStudy, Perturbation
from nbinterp.views.base.traits import Index
from nbinterp.views.base.view import Answer, View, verb
from nbinterp.views.explorer.samples import by_name
from nbinterp.views.linking.trait_sync import TraitSync, add_link
from nbinterp.views.png.canvas import stacked
from nbinterp.views.workbench.analysis import Analysis, Run
from nbinterp.views.workbench.arguments import check_looks, check_samples
from nbinterp.views.workbench.defaults import pictures
from nbinterp.views.workbench.factor_panel import FactorPanel
from nbinterp.views.workbench.map import WorkbenchMap
from nbinterp.views.workbench.progress import Steps
from nbinterp.views.workbench.sample_panel import SamplePanel
from nbinterp.views.workbench.setup import prepare

_LEAST = 3  # samples for a fit


class Workbench(View):
    """Lasso samples to see what a network does with them, in about a second.

    A lasso fits the factors of the selected samples: hidden causes behind nodes that vary together.
    The workbench then puts the strongest factors on sliders, compares the ablation of their nodes
    with the ablation of random nodes, and finds the interactions in one of the samples. All parts
    share the chosen factor. While the pointer rests on a sample of the map, the workbench shows the
    interactions in that sample. All steps can be copied as Python.

    A network may not allow a step: token numbers have no derivatives, a network with one output has
    no classes. A warning says so at once, before anything slow, and the other steps work.

    Parameters
    ----------
    model : torch.nn.Module
        The network. It is restored after each step: mode, hooks, gradients and parameters.
    data : array or tensor of shape (n_samples, ...), DataFrame, or torch Dataset
        The samples.
    y : array of shape (n_samples,), optional
        The true class of each sample, as the number of an output. If None, ablation counts the
        answers of the network that stay the same.
    layer : str, optional
        The dotted path of the layer to explain; the last hidden layer if None.
    local : LocalCorEx, optional
        A fit to the recorded layer. If None, it is fitted here, which takes seconds for thousands
        of samples.
    decode : Decoder or callable, optional
        Maps activations to inputs, as in `perturb`. If None, the sliders show only outputs.
    image_shape : tuple of int, optional
        The shape of a sample as an image; guessed if None, and ``()`` if samples are not images.
    columns : DataFrame or dict of arrays, optional
        More values of the samples, to colour the map.
    n_clusters : int, default=20
        Number of clusters, if `local` is None.
    random_state : int, default=0
        Seed of the map and the clusters, if `local` is None.
    height : int, default=520
        Height of the map in CSS pixels.
    names : dict, optional
        Names or expressions for `model`, `data`, `y`, `local` and `decode` in the Python lines.
    progress : bool, default=True
        Whether to show progress while the map is computed.

    Attributes
    ----------
    explorer : ClusterExplorer
        The map; ``explorer.heatmap`` shows the factors.
    slider : FactorSlider or None
        Moves the strongest factors of the last fit; None before the first fit.
    factor : int or None
        The chosen factor of the last fit; None before the first fit. Set it to choose another.
    sample : int or None
        The picked sample, whose interactions are shown, or None. To pick a sample, set this, click
        it on the map, or make it the base of the sliders.
    follow : bool
        Whether to show the interactions in the sample under a resting pointer.
    pairs : InteractionHeatmap
        All pairs of inputs of the picked sample; the bars show the strongest of them.
    factors, perturbation, ablation, interactions
        Results of the steps, or None: ClusterFactors, Perturbation, AblationStudy and
        SmoothHessian.
    unavailable : dict
        The steps without a result, such as ``"interactions"``: why, and the way out.
    code : str
        The Python lines that reproduce all steps so far.

    How to read it
    --------------
    The map, the heatmap and the sliders are those of `ClusterExplorer`, `InteractionHeatmap` and
    `FactorSlider`. *Ablated*: a bar says how many percentage points of right answers a group of
    samples loses when the nodes of the chosen factor are set to zero. The grey band holds 95 % of
    the draws of the same number of random nodes: only a bar beyond it says that these nodes matter.
    *Interactions*: two inputs strengthen (orange) or weaken (blue) each other's effect on the
    answer near this sample. A bar within the grey band may be noise.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp import LinearCorEx, LocalCorEx, Workbench, record
    >>> X, y = load_iris(return_X_y=True)
    >>> _ = torch.manual_seed(1)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    >>> table = record(model, X, "1").concat("1", output=True)
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0), random_state=0).fit(table, clusters=y)
    >>> bench = Workbench(model, X, y, layer="1", local=local)
    >>> bench.select(range(50, 100)).name
    'selection of 50'
    >>> bench
    Workbench('1' of Sequential, 150 samples; selection of 50: 2 factors, factor 0 chosen)
    """

    _kind = traitlets.Unicode("workbench").tag(sync=True)
    explorer = anywidget.WidgetTrait().tag(sync=True)
    slider = anywidget.WidgetTrait().tag(sync=True)
    pairs = anywidget.WidgetTrait().tag(sync=True)
    factor = Index().tag(page=True)
    sample = Index().tag(page=True)
    follow = traitlets.Bool(True).tag(sync=True, page=True)
    _pairs_open = traitlets.Bool(False).tag(sync=True, page=True)
    _slider_factors = traitlets.List(traitlets.Int()).tag(sync=True)
    _unstable = traitlets.List(traitlets.Int()).tag(sync=True)
    _ablation = traitlets.Dict().tag(sync=True)
    _interactions = traitlets.Dict().tag(sync=True)
    _unavailable = traitlets.Dict().tag(sync=True)
    _step = traitlets.Unicode("").tag(sync=True)
    _done = traitlets.Float(0.0).tag(sync=True)
    _error = traitlets.Unicode("").tag(sync=True)
    _trace = traitlets.Unicode("").tag(sync=True)
    _begin = traitlets.Unicode("").tag(sync=True)
    _history = traitlets.List(traitlets.Dict()).tag(sync=True)
    _about = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        model: Any,
        data: Any,
        y: Any = None,
        *,
        layer: str | None = None,
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
        with _checks.call("Workbench"):
            more = by_name(columns)
            check_samples(model, data, y=y, has_map=local is not None)
            check_looks(
                data,
                columns=more,
                image_shape=image_shape,
                decode=decode,
                random_state=random_state,
                height=height,
                progress=progress,
            )
        setup = self._setup = prepare(
            model,
            data,
            y=y,
            layer=layer,
            local=local,
            decode=decode,
            image_shape=image_shape,
            n_clusters=n_clusters,
            random_state=random_state,
            names=names or {},
            progress=progress,
        )
        known = {} if y is None else {"label": y}
        if setup.is_classifier:
            known["answer"] = setup.answers
        explorer = WorkbenchMap(
            setup.local,
            columns={**known, **more},
            images=pictures(data, setup.image_shape),
            color_by="cluster" if y is None else "label",
            height=height,
            fit=self._fit_now,
        )
        super().__init__(
            explorer=explorer,
            _begin=setup.code,
            _unavailable=dict(setup.unavailable),
            _about=f"{setup.layer} of {setup.model_name} · {setup.n_samples:,} samples{setup.note}",
        )
        self._steps = Steps(self._put, self._lock, setup.unavailable)
        self._factor_panel = FactorPanel(setup, self._steps, self._put)
        self._sample_panel = SamplePanel(setup, self._steps, self._put)
        self.pairs = self._sample_panel.pairs
        explorer.on_select(self._selected)
        explorer.on_hover(self._hovered)
        explorer.heatmap.observe(lambda change: self._put(_unstable=change["new"]), "_unstable")
        views = [self, explorer.heatmap, self._factor_panel.slider]
        sync = TraitSync("factor", [view for view in views if view is not None])
        panels = (self._factor_panel, self._sample_panel)
        self._analysis = Analysis(setup, self._steps, *panels, explorer, sync, self._put)
        add_link(self, [explorer])
        self.when_closed(self.cancel)
        if self._factor_panel.slider is not None:  # no trait has it before the first fit
            self.when_closed(self._factor_panel.slider.close)

    @property
    def factors(self) -> ClusterFactors | None:
        """The factors of the last fit."""
        return self._analysis.factors

    @property
    def unavailable(self) -> dict[str, str]:
        """Why a step has no result, and the way out, by the name of the step."""
        return dict(self._steps.unavailable)

    @property
    def perturbation(self) -> Perturbation | None:
        """The frame on the sliders."""
        return self._factor_panel.perturbation

    @property
    def ablation(self) -> AblationStudy | None:
        """The ablation of the nodes of the factors on the sliders."""
        return self._factor_panel.ablation

    @property
    def interactions(self) -> SmoothHessian | None:
        """The interactions in the picked sample."""
        return self._sample_panel.interactions

    @property
    def code(self) -> str:
        """The Python lines that reproduce all steps so far."""
        return "\n".join([self._begin, *(step.code for step in self._steps.history)]) + "\n"

    @_checks.named
    def select(self, samples: Any) -> ClusterFactors:
        """Select samples on the map, and wait for the results of all steps.

        Parameters
        ----------
        samples : array of int, or boolean mask
            At least 3 samples.

        Returns
        -------
        ClusterFactors

        Raises
        ------
        ValueError
            If there are too few samples, or the fit fails.
        CancelledError
            If the run was cancelled, or another selection took its place.

        Warns
        -----
        UserWarning
            If a later step fails: it names the step, and the others have their results.
        """
        rows = _checks.indices("samples", samples, self._setup.n_samples, at_least=_LEAST)
        if np.array_equal(rows, self.explorer.selection):
            return self._fit_now()
        self.explorer.selection = rows
        return self._finish(self._analysis.run_of(rows))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most `seconds` for all background work to end; return whether it did."""
        return self._steps.wait(seconds) and self._sample_panel.wait(seconds)

    @verb()
    def cancel(self) -> Answer:
        """Cancel the running work, as the button does; the view does not change."""
        with self._lock:
            self._sample_panel.cancel()
            self._steps.cancel()
        return Answer()

    def describe(self) -> str:
        """Describe the view in one line."""
        setup = self._setup
        text = f"{setup.layer!r} of {setup.model_name}, {setup.n_samples:,} samples"
        text += self._analysis.describe(self.factor)
        if self.unavailable:
            text += f"; without {', '.join(self.unavailable)}"
        return f"{type(self).__name__}({text})"

    def snapshot(self) -> bytes | None:
        """Return the map, the factors and the sliders as a PNG, one below the other."""
        views = (self.explorer, self.explorer.heatmap, self.slider)
        return stacked(None if view is None else view.snapshot() for view in views)

    def _put(self, **traits: Any) -> None:
        """Set traits, and send them in one message."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def _selected(self, selection: IntArray) -> None:
        """Follow the selection on the map: fit three samples or more, explain one."""
        if len(selection) == 1:
            self.sample = int(selection[0])
        elif len(selection) >= _LEAST:
            self._analysis.begin(selection)
        else:
            self._steps.cancel()

    def _hovered(self, sample: int | None) -> None:
        if self.follow:
            self._sample_panel.point(sample)

    @_checks.call("Workbench.explorer.fit_selection")
    def _fit_now(self) -> ClusterFactors:
        """Fit the selected samples, and wait for it."""
        selection = self.explorer.selection
        _checks.require(
            len(selection) >= _LEAST,
            "()",
            f"must have at least {_LEAST} selected samples, not {len(selection)}",
            "Draw around more of them.",
        )
        return self._finish(self._analysis.begin(selection))

    def _finish(self, run: Run) -> ClusterFactors:
        """Wait for a run, and tell which steps it could not do."""
        self.wait()
        factors = run.result()
        for step, reason in self.unavailable.items():
            if step in self._setup.unavailable:
                continue  # told when the workbench was made
            text = f"{_checks.current_call()} without {step}. {reason}"
            warnings.warn(text, UserWarning, stacklevel=4)
        return factors

    @property
    def _ids(self) -> list[int]:
        """The factors to choose from."""
        return [] if self.factors is None else list(range(len(self.factors.weights_)))

    def _link_ends(self) -> list[View]:
        """Return the views that represent the workbench in a link."""
        return [self, self.explorer]

    @traitlets.observe("factor")
    def _factor_chosen(self, change: Any) -> None:
        """Put the chosen factor on the last slider, unless it is on a slider already."""
        if change["new"] is not None:
            self._analysis.show_factor(change["new"], self._slider_factors)

    @traitlets.observe("sample")
    def _sample_picked(self, change: Any) -> None:
        """Explain the picked sample, and edit it on the sliders."""
        sample = change["new"]
        if sample is not None and sample != self._sample_panel.picked:
            self._factor_panel.edit(sample, now=self.slider is not None)
            self._sample_panel.pick(sample)

    @traitlets.observe("follow")
    def _follow_changed(self, change: Any) -> None:
        if not change["new"]:
            self._sample_panel.point(None)

    @traitlets.observe("_pairs_open")
    def _pairs_opened(self, change: Any) -> None:
        self._sample_panel.open_pairs(change["new"])

    @traitlets.validate("factor")
    def _check_factor(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        count = len(self._ids)
        if value is not None and value >= count:
            raise traitlets.TraitError(
                f"factor must be one of the last fit, 0 to {count - 1}, not {value}"
                if count
                else "factor needs a fit first: select samples on the map"
            )
        return value

    @traitlets.validate("sample")
    def _check_sample(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        last = self._setup.n_samples - 1
        if value is not None and value > last:
            raise traitlets.TraitError(f"sample must be from 0 to {last}, or None")
        return value
