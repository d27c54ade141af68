"""The loop in one widget: see, lasso, fit, read, turn, silence, check."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from nbinterp import _checks
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.corex.workers import cancellable
from nbinterp.interactions.smooth_hessian import SmoothHessian
from nbinterp.network import AblationStudy, Perturbation, record
from nbinterp.views.background import Latest
from nbinterp.views.bars import ablation_chart, interaction_chart
from nbinterp.views.core import Answer, View, _explain, verb
from nbinterp.views.explorer import ClusterExplorer
from nbinterp.views.guesses import guess_image_shape, guess_layer, patch_grid, pictures
from nbinterp.views.loop import PREAMBLE, Names, Step, Subject, based_on, turned_to
from nbinterp.views.slider import FactorSlider

Places = npt.NDArray[np.int64]

_LEAST = 3  # samples of a fit
_MOST_STEPS = 200
_REPLACED = {"move", "base"}  # kinds of which the last in a row stands for all


class _Map(ClusterExplorer):
    """The map of a workbench, whose fits the workbench makes."""

    def __init__(self, *args: Any, fit: Callable[[], ClusterFactors], **options: Any) -> None:
        self._fit_elsewhere = fit
        super().__init__(*args, **options)

    def fit_selection(self) -> ClusterFactors:
        """Find the factors of the selected samples, and all that follows from them."""
        return self._fit_elsewhere()

    def publish(self, factors: ClusterFactors, seconds: float) -> None:
        """Show factors beside the map."""
        self._factors = factors
        self.heatmap.show(factors)
        self._fit = {
            "n_factors": len(factors.weights_),
            "n_samples": int(factors.n_samples),
            "seconds": round(seconds, 2),
            "converged": bool(factors.converged_),
        }


class Workbench(View):
    """Look into a network: lasso samples, and all that follows is there in about a second.

    A lasso fits the factors of the samples, puts the strongest on sliders, silences their nodes
    beside random ones, and finds which inputs of a sample act together. A factor chosen anywhere
    is chosen everywhere. What was done can be copied as Python.

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
        Fitted to the recorded layer, for its map and clusters; made anew if None, which takes some
        seconds for thousands of samples.
    decode : Decoder or callable, optional
        From activations of the layer to inputs; see `perturb`. None: sliders show outputs only.
    image_shape : tuple of int, optional
        How a sample is an image; guessed if None, and ``()`` says that it is none.
    columns : DataFrame or dict of arrays, optional
        More of the samples, to colour the map by.
    n_clusters : int, default=20
        Clusters of the map, if it is made anew.
    random_state : int, default=0
        Seeds the map.
    height : int, default=520
        Height of the map in CSS pixels.
    names : dict, optional
        What `model`, `data`, `labels`, `local` and `decode` are called in the Python lines; an
        expression, as ``{"data": "mnist.data / 255"}``, is given a name there.
    progress : bool, default=True
        Whether to show progress while the map is made.

    Attributes
    ----------
    explorer : ClusterExplorer
        The map; ``explorer.heatmap`` shows the factors.
    slider : FactorSlider or None
        The strongest factors of the last fit, to be turned; None before.
    factor : int
        The chosen factor of the last fit; -1 before. Set it to choose.
    sample : int
        The sample whose inputs are looked at; -1 before. Set it, click it on the map, or make it
        the base of the sliders.
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
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0), random_state=0).fit(table, labels=y)
    >>> bench = Workbench(model, X, layer="1", labels=y, local=local)
    >>> bench.select(range(50, 100)).name
    'selection of 50'
    >>> bench
    Workbench('1' of Sequential, 150 samples; selection of 50: 2 factors, factor 0 chosen)
    """

    _kind = traitlets.Unicode("workbench").tag(sync=True)
    explorer = anywidget.WidgetTrait().tag(sync=True)
    slider = anywidget.WidgetTrait().tag(sync=True)
    factor = traitlets.Int(-1, min=-1).tag(sync=True)
    sample = traitlets.Int(-1, min=-1).tag(sync=True)
    _turnable = traitlets.List(traitlets.Int()).tag(sync=True)  # the factors of the sliders
    _step = traitlets.Unicode("").tag(sync=True)
    _done = traitlets.Float(0.0).tag(sync=True)
    _error = traitlets.Unicode("").tag(sync=True)
    _ablation = traitlets.Dict().tag(sync=True)
    _interactions = traitlets.Dict().tag(sync=True)
    _begin = traitlets.Unicode("").tag(sync=True)
    _history = traitlets.List(traitlets.Dict()).tag(sync=True)
    _about = traitlets.Unicode("").tag(sync=True)

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
        caller = type(self).__name__
        layer = guess_layer(model, data) if layer is None else layer
        rec = record(model, data, layer, progress=progress)
        n = len(rec.output)
        _checks.require(
            local is None or isinstance(local, LocalCorEx),
            f"{caller}(local={_checks.show(local)})",
            "must be a fitted LocalCorEx",
            "Leave it out, or pass LocalCorEx(…).fit(record(model, data, layer).concat(layer)).",
            TypeError,
        )
        called, given = _called(caller, names or {})
        pool = "mean" if rec[layer].ndim > 2 else None
        pooled = f", pool={pool!r}" if pool else ""
        table = rec.concat(layer, output=True, pool=pool)
        lines = [
            f"rec = record({called.model}, {called.data}, {layer!r})",
            f"nodes = rec.concat({layer!r}, output=True{pooled})",
        ]
        if local is None:
            few = min(_checks.integer(caller, "n_clusters", n_clusters, 1), max(1, n // 10))
            local = LocalCorEx(n_clusters=few, random_state=random_state).fit(table)
            lines.append(
                f"{called.local} = LocalCorEx(n_clusters={few}, random_state={random_state})"
                ".fit(nodes)"
            )
        _checks.fitted(local, "clusters_")
        _checks.require(
            len(local.labels_) == n,
            f"{caller}(local=<of {len(local.labels_)} samples>)",
            f"must be of the same samples as data, {n}",
            "Fit it to what was recorded of the same data.",
        )
        answers = rec.output.argmax(axis=1) if rec.output.ndim > 1 else np.zeros(n, np.int64)
        if labels is None:
            right, self._classes = answers, "unchanged answers"
            lines.append(f"{called.labels} = rec.output.argmax(axis=1)")
        else:
            right, self._classes = _checks.labels(caller, "labels", labels, n), "right answers"
        shape = guess_image_shape(data) if image_shape is None else tuple(image_shape)
        self._subject = Subject(
            model=model,
            data=data,
            layer=layer,
            labels=right,
            local=local,
            image_shape=shape or None,
            decode=decode,
            outputs=rec.output,
            names=called,
        )
        self._output_names = rec.output_names
        self._middle = table.to_numpy(np.float32)
        self._job, self._aside = Latest(self._failed), Latest(self._failed)
        self._failure: Exception | None = None
        self._looked_at = -1
        self.factors: ClusterFactors | None = None
        self.perturbation: Perturbation | None = None
        self.ablation: AblationStudy | None = None
        self.interactions: SmoothHessian | None = None
        known = {"label": labels} if labels is not None else {}
        explorer = _Map(
            local,
            columns={**known, "answer": answers, **dict(columns or {})},
            images=pictures(data, shape or None),
            color_by="label" if known else "cluster",
            height=height,
            fit=self._fit_now,
        )
        super().__init__(
            explorer=explorer,
            _begin="\n".join([PREAMBLE, "", *given, *lines]),
            _about=f"{layer} of {type(model).__name__} · {n:,} samples",
        )
        explorer.on_select(self._selected)
        explorer.heatmap.on_choose(self._choose)

    @property
    def code(self) -> str:
        """The Python lines that reproduce all steps so far."""
        return "\n".join([self._begin, *(step["code"] for step in self._history)]) + "\n"

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
        rows = _checks.indices(
            "Workbench.select", "samples", samples, len(self._middle), at_least=_LEAST
        )
        if np.array_equal(rows, self.explorer.selection):
            return self._fit_now()
        self._failure = None
        self.explorer.selection = rows
        return self._waited()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether all work in the background has ended, after at most so many seconds."""
        return self._job.wait(seconds) and self._aside.wait(seconds)

    @verb()
    def cancel(self) -> Answer:
        """Answer the button: give up what is under way; what was there stays."""
        self._job.cancel()
        self._aside.cancel()
        self._say("", 0.0)
        return Answer()

    @verb()
    def clear(self) -> Answer:
        """Answer the button: forget the steps that were noted."""
        self._history = []
        return Answer()

    def describe(self) -> str:
        """Return what is shown in one line."""
        subject = self._subject
        text = f"{subject.layer!r} of {type(subject.model).__name__}, {len(self._middle):,} samples"
        if self.factors is not None:
            count = len(self.factors.weights_)
            text += f"; {self.factors.name}: {count} factors, factor {self.factor} chosen"
        return f"{type(self).__name__}({text})"

    def snapshot(self) -> bytes | None:
        """Return the map as a PNG."""
        return self.explorer.snapshot()  # type: ignore[no-any-return]

    def _selected(self, selection: Places) -> None:
        """Follow the map: three samples or more are fitted, one is looked at."""
        if len(selection) == 1:
            self.sample = int(selection[0])
        elif len(selection) >= _LEAST:
            self._job.submit(lambda stop: self._fit(selection, stop))
        else:
            self._job.cancel()
            self._say("", 0.0)

    def _fit_now(self) -> ClusterFactors:
        """Fit what is selected, and wait for it."""
        selection = self.explorer.selection
        _checks.require(
            len(selection) >= _LEAST,
            "Workbench.explorer.fit_selection()",
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

    def _fit(self, selection: Places, stop: threading.Event) -> None:
        """Do the loop for a selection; each result is shown as soon as it is there."""
        self._error = ""
        self._say(f"Fitting factors of {len(selection):,} samples", 0.05)
        started = time.perf_counter()
        with cancellable(stop):
            factors, step = self._subject.fit(selection)
        _go_on(stop)
        self.factors = factors
        self.explorer.publish(factors, time.perf_counter() - started)
        self._note(step)
        if not factors.mutual_information_.any():
            self.slider, self._turnable, self._ablation = None, [], {}
            self._say("", 0.0)
            return
        strongest = self._subject.strongest(factors)
        self._turn(factors, strongest, strongest[0], stop)
        rows = self._middle[selection]
        nearest = int(selection[((rows - rows.mean(axis=0)) ** 2).sum(axis=1).argmin()])
        self._look(nearest, stop)
        self._say("", 1.0)

    def _turn(
        self, factors: ClusterFactors, turnable: Sequence[int], first: int, stop: threading.Event
    ) -> None:
        """Put factors on sliders, choose one, and silence the nodes of each."""
        self._say("Running the network on turned factors", 0.45)
        turned, step = self._subject.turn(factors, turnable)
        _go_on(stop)
        if self.slider is None:
            slider = FactorSlider(turned)
            slider.on_change(self._moved)
            self.slider = slider
        else:
            self.slider.show(turned)
        self.perturbation = self.slider.perturbation
        self._note(step)
        with self.hold_sync():
            self._turnable = list(turnable)
            self.factor = first
        self._say("Silencing their nodes, and random ones", 0.6)
        study, ablated = self._subject.ablate(factors, turnable)
        _go_on(stop)
        self.ablation = study
        self._ablation = {} if study is None else ablation_chart(study, self._classes)
        self._note(ablated)

    def _look(self, sample: int, stop: threading.Event) -> None:
        """Find which inputs of a sample act together."""
        self._say(f"Smoothing second derivatives at sample {sample}", 0.85)
        found, step = self._subject.interact(sample)
        _go_on(stop)
        self.interactions = found
        subject = self._subject
        if found is not None:
            shape = subject.image_shape
            grid = None if shape is None else patch_grid(shape)
            best = int(np.ravel(subject.outputs[sample]).argmax())
            chart = interaction_chart(found, sample, self._output_names[best], grid)
            self._interactions = chart
        self._note(step)
        self._looked_at = sample
        self.sample = sample
        self._say("", 1.0)

    def _moved(self, frame: Perturbation) -> None:
        """Follow the sliders: a moved factor is chosen, a new base is looked at."""
        before, self.perturbation = self.perturbation, frame
        if before is None or before.factors != frame.factors:
            return
        if before.base_index != frame.base_index:
            self._note(based_on(frame))
            if frame.base_index >= 0:
                self.sample = frame.base_index
        changed = np.flatnonzero(before.amounts[0] != frame.amounts[0])
        if len(changed):
            self._note(turned_to(frame))
        if len(changed) == 1:
            self.factor = frame.factors[int(changed[0])]

    def _choose(self, factor: int) -> None:
        """Follow the heatmap; what is let go there stays chosen here."""
        if factor >= 0:
            self.factor = factor

    @traitlets.observe("factor")
    def _factor_chosen(self, change: Any) -> None:
        factor, factors = change["new"], self.factors
        if factors is None or factor < 0:
            return
        heatmap = self.explorer.heatmap
        if heatmap.factor != factor and factor in heatmap._ids:
            heatmap.factor = factor
        if factor not in self._turnable and self._turnable:
            others = [one for one in self._turnable if one != factor][: len(self._turnable) - 1]
            self._job.submit(lambda stop: self._turn_aside(factors, [*others, factor], stop))

    def _turn_aside(
        self, factors: ClusterFactors, turnable: Sequence[int], stop: threading.Event
    ) -> None:
        self._turn(factors, turnable, turnable[-1], stop)
        self._say("", 1.0)

    @traitlets.observe("sample")
    def _sample_chosen(self, change: Any) -> None:
        sample = change["new"]
        if sample < 0 or sample == self._looked_at:
            return
        slider = self.slider
        if slider is not None and slider.base != sample:
            slider.base = sample
        self._aside.submit(lambda stop: self._look(sample, stop))

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

    @traitlets.validate("sample")
    def _check_sample(self, proposal: Any) -> int:
        value = int(proposal["value"])
        if value >= len(self._middle):
            raise traitlets.TraitError(f"sample must be from 0 to {len(self._middle) - 1}")
        return value

    def _note(self, step: Step | None) -> None:
        """Add a step to the lines; one of many moves in a row stands for all of them."""
        if step is None:
            return
        steps = list(self._history)
        if steps and step.kind in _REPLACED and steps[-1]["kind"] == step.kind:
            steps.pop()
        self._history = [*steps, step._asdict()][-_MOST_STEPS:]

    def _say(self, step: str, done: float) -> None:
        with self.hold_sync():
            self._step, self._done = step, done

    def _failed(self, failure: Exception) -> None:
        self._failure = failure
        self._error = _explain(failure)
        self._say("", 0.0)


def _called(caller: str, names: dict[str, str]) -> tuple[Names, list[str]]:
    """Return what things are called in the lines, and lines that name what has no name yet."""
    known = Names()._asdict()
    for name in names:
        _checks.choice(caller, "names", name, known)
    called = {name: text for name, text in names.items() if text.isidentifier()}
    lines = [f"{name} = {text}" for name, text in names.items() if name not in called]
    return Names(**called), lines


def _go_on(stop: threading.Event) -> None:
    """Raise if the work should stop."""
    if stop.is_set():
        raise CancelledError
