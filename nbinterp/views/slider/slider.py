"""Sliders on the factors of a layer, with what the network and a decoder make of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.network import Perturbation
from nbinterp.views.base.traits import Array, refusing
from nbinterp.views.png.frame import frame_png
from nbinterp.views.slider.labels import (
    MEAN,
    Base,
    Latency,
    about_of,
    base_of,
    names_of,
    row,
    rows_of,
    same_base,
    warning_of,
)
from nbinterp.views.slider.precomputed import Film, film, layout
from nbinterp.views.slider.reach import ROUNDING, check_reach
from nbinterp.views.slider.requests import FrameRequests

Callback = Callable[[Perturbation], Any]


@shows(Perturbation)
class FactorSlider(FrameRequests):
    """A slider a factor, and live what becomes of the input and of the outputs.

    A factor binds a group of hidden nodes; its slider moves them all together. Beside the sliders
    stand the decoded input before and after, their difference, and the outputs of the network.

    Parameters
    ----------
    source : Perturbation
        What `perturb` returned: the base, the factors, the network and the decoder. Of one step,
        it is where the sliders stand at first; of several, they stand at 0.
    span : float, default=3.0
        The sliders go from ``-span`` to `span`; farther, if `source` does.
    film : bool, default=True
        Whether to keep frames of each factor turned alone, so that a saved notebook or an exported
        page still slides, and a drag shows at once about what comes: 25 positions where all are
        under 400 kB, else fewer, and smaller images. They are computed at once whenever the view
        shows something new; turn this off for a decoder that takes seconds.
    height : int, default=420
        Height in CSS pixels.

    Attributes
    ----------
    amounts : array of shape (n_factors,), float32
        Where the sliders stand: 1 moves each node of the factor by its mutual information in nats.
        Set it to move them.
    base : "mean", int or array of int64
        What is edited: the mean of the factors' samples, a sample by its row number, or the mean
        of several by theirs. Set it to any of these, or to a boolean mask.
    factor : int or None
        The chosen factor, by its number in the fit: the one that was moved last. Set it to mark
        its slider.
    perturbation : Perturbation
        The frame that is shown: one step, at `amounts`.
    stats : Latency
        Count, median and 95th percentile of the times from a move of the hand to its exact
        frame, in ms, as the page measured them in the last drag.
    span, height
        As the parameters.

    How to read it
    --------------
    While a slider moves, what is drawn may be marked as approximate: the last exact frame, and on
    it what each factor changes when it is turned alone. The exact frame follows, and is what
    stays. Where several frames take hardly longer than one, those ahead of the hand are asked for
    with it, so that decoders get a few rows at a time.

    At 0 the edited input is the base. It is drawn by the decoder from the activations alone, so
    compare it with the base beside it and not with the data: what the layer has forgotten, or the
    decoder never learned, is in neither. The difference is blue where an edit takes away, orange
    where it adds. Bars are the outputs, the base behind them in grey: a factor matters to the
    network's answer as far as they move. Far from 0 the activations may be such as no sample has;
    what is drawn there is what the decoder makes of them, no more.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import torch
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.network import perturb, record
    >>> X, y = load_iris(return_X_y=True)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    >>> table = record(model, X, layers="1").concat("1")
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, labels=y)
    >>> slider = FactorSlider(perturb(model, X, local.clusters_[1], layer="1"))
    >>> slider.amounts = [0, -1.5]
    >>> slider.perturbation.outputs.shape
    (1, 3)
    >>> slider.base = 70
    >>> slider
    FactorSlider(sample 70 in '1'; factor ... nats: -1.5; largest output: logit ...)
    """

    _kind = traitlets.Unicode("slider").tag(sync=True)

    # The page knows what it set: an echo would fight a hand that has moved on.
    amounts = Array("f4").tag(echo_update=False)
    base = Base()
    span = traitlets.Float(3.0).tag(sync=True)
    height = traitlets.Int(420, min=200, max=4000).tag(sync=True)

    _factor_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _base_name = traitlets.Unicode("").tag(sync=True)
    _n_samples = traitlets.Int(0).tag(sync=True)
    _output_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _feature_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _shape = traitlets.List(traitlets.Int()).tag(sync=True)
    _limits = traitlets.List(traitlets.Float(), [0.0, 1.0]).tag(sync=True)
    _baseline_decoded = Array("f4")
    _baseline_outputs = Array("f4")
    _frame_decoded = Array("f4")
    _frame_outputs = Array("f4")
    _precomputed_amounts = Array("f4")
    _precomputed_step = traitlets.Int(1).tag(sync=True)
    _precomputed_decoded = traitlets.Bytes().tag(sync=True)
    _precomputed_outputs = Array("f4")
    _about = traitlets.Unicode("").tag(sync=True)
    _warning = traitlets.Unicode("").tag(sync=True)

    # Not sent: who wants to know of another frame observes this. It changes last.
    _shown = traitlets.Any(None)

    @_checks.named
    def __init__(
        self,
        source: Perturbation,
        *,
        span: float = 3.0,
        film: bool = True,
        height: int = 420,
    ) -> None:
        self._least_span = _checks.real("span", span, 0, open_low=True)
        self._wants_film = _checks.boolean("film", film)
        self._filmed_span = 0.0
        self._frame: Any = None  # the Perturbation in the traits; none while the view is made
        self._latest = source  # what was computed last
        self._stats = Latency(0, 0.0, 0.0)
        self._selected: Any = None  # the base that `show_selection` set last
        super().__init__(height=_checks.integer("height", height, 200, 4000))
        self.show(source)

    @_checks.call("FactorSlider")
    def show(self, source: Perturbation) -> None:
        """Turn other factors, or another base, in this view.

        Parameters
        ----------
        source : Perturbation
            As for the view itself.

        Raises
        ------
        TypeError
            If `source` is no Perturbation.
        """
        _checks.require(
            isinstance(source, Perturbation),
            f"(source={_checks.show(source)})",
            "must be a Perturbation",
            "Pass what perturb(...) returned.",
            TypeError,
        )
        with self._lock:
            only = len(source.amounts) == 1
            frame = source if only else source.at(np.zeros(len(source.factors)))
            span = max(self._least_span, float(np.abs(source.amounts).max(initial=0)))
            strip = film(frame, span, wanted=self._wants_film)
            self._frame, self._latest, self._filmed_span = frame, frame, span
            with self.hold_sync(), self.hold_trait_notifications():
                self.amounts, self.base, self.span = frame.amounts[0], base_of(frame), span
                self._publish(frame, strip)

    @_checks.named
    def show_selection(self, samples: Any) -> None:
        """Edit the mean of some samples from now on, or the one; of none, what it was before them.

        Parameters
        ----------
        samples : array of int, or boolean mask
            Their row numbers.
        """
        rows = _checks.indices("samples", samples, self._frame.n_base_samples)
        with self._lock:
            if len(rows):
                self._selected = rows_of(rows)
                self.base = self._selected
            elif same_base(self.base, self._selected):
                self.base = MEAN

    def reset(self) -> None:
        """Set all sliders to 0; the base stays.

        Examples
        --------
        >>> slider.reset()  # doctest: +SKIP
        """
        self.amounts = np.zeros(len(self.perturbation.factors))

    def on_change(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` with the new frame whenever sliders come to rest or the base changes.

        Parameters
        ----------
        callback : callable
            Takes the `Perturbation` that is shown. JupyterLab runs it beside the cells, on another
            thread; what it raises shows in the view.

        Returns
        -------
        callable
            Takes no argument and ends the calls.

        Examples
        --------
        >>> stop = slider.on_change(lambda frame: print(frame.outputs))  # doctest: +SKIP
        """
        return self._on("_shown", lambda change: callback(change["new"]))

    def describe(self) -> str:
        """Return the figures of the view in one line."""
        shown = self.perturbation
        names = shown.output_names
        before, after = (
            names[int(np.argmax(np.nan_to_num(outputs, nan=-np.inf)))]
            for outputs in (self._baseline_outputs, self._frame_outputs)
        )
        answer = before if before == after else f"{before} → {after}"
        about = f"{shown.base} in {shown.layer!r}; {self._turned()}; largest output: {answer}"
        return f"{type(self).__name__}({about})"

    def snapshot(self) -> bytes | None:
        """Return base, edited and difference side by side, and the outputs, as a PNG."""
        shown = self.perturbation
        return frame_png(
            self._baseline_outputs,
            self._frame_outputs,
            self._output_names,
            decoded=None
            if shown.decoded is None
            else np.stack([self._baseline_decoded, self._frame_decoded]),
            shape=tuple(self._shape),
            feature_names=self._feature_names,
            limits=(self._limits[0], self._limits[1]),
            title=f"{shown.base} · {self._turned()}",
            note=" · ".join(filter(None, [self._about, self._warning])),
        )

    @traitlets.validate("amounts")
    @_checks.named
    def _check_amounts(self, proposal: Any) -> Any:
        value = proposal["value"]
        if self._frame is not None:
            n_factors = len(self._frame.factors)
            if len(value) != n_factors:
                raise traitlets.TraitError(
                    f"amounts must be {n_factors} numbers, one a factor, not {len(value)}"
                )
            with refusing():
                check_reach(value, self.span)
        return value

    @traitlets.validate("span")
    def _check_span(self, proposal: Any) -> float:
        value = float(proposal["value"])
        reach = float(np.abs(self.amounts).max(initial=0))
        if not (0 < value < np.inf and reach <= value * (1 + ROUNDING)):
            raise traitlets.TraitError(
                f"span must be above 0, finite, and reach the sliders, which stand up to {reach:g}"
            )
        return value

    @traitlets.observe("amounts", "base", "span")
    def _follow(self, _change: Any) -> None:
        """Compute what belongs to new amounts, another base or span; go back if that fails."""
        with self._lock:
            last = self._frame
            if last is None:
                return
            base, span = self.base, self.span
            amounts = np.asarray(self.amounts, float)
            try:
                frame = last
                rebased = not same_base(base, base_of(last))
                if rebased:
                    frame = self._latest = last.from_base(base)
                if not np.array_equal(amounts, np.asarray(frame.amounts[0], np.float32)):
                    frame = self._at(frame, amounts)
                same_film = not rebased and span == self._filmed_span
                strip = None if same_film else film(frame, span, wanted=self._wants_film)
            except BaseException:
                with self.hold_trait_notifications():
                    self.amounts, self.base = last.amounts[0], base_of(last)
                    self.span = self._filmed_span
                raise
            if frame is not last or strip is not None:
                self._filmed_span = span
                self._publish(frame, strip)
            turned = np.flatnonzero(last.amounts[0] != frame.amounts[0])
            if len(turned) == 1:
                self.factor = frame.factors[int(turned[0])]

    def _publish(self, frame: Perturbation, strip: Film | None) -> None:
        """Put a frame into the traits, and what belongs to its base and film if they changed."""
        self._frame = frame
        with self.hold_sync():
            self._frame_decoded = row(frame.decoded)
            self._frame_outputs = frame.outputs[0]
            if strip is not None:
                shape = layout(frame)
                is_image = len(shape) > 1
                self._factor_names = list(frame.factor_names)
                self._ids = list(frame.factors)
                if self.factor not in self._ids:
                    self.factor = None
                self._output_names = list(frame.output_names)
                self._shape = list(shape) if is_image else []
                self._feature_names = [] if is_image else names_of(frame.feature_names, shape[0])
                self._base_name = frame.base
                self._n_samples = frame.n_base_samples
                self._baseline_decoded = row(frame.baseline_decoded)
                self._baseline_outputs = frame.baseline_outputs
                self._limits = list(strip.limits)
                self._precomputed_amounts = strip.amounts
                self._precomputed_step = strip.step
                self._precomputed_decoded = strip.decoded.tobytes()
                self._precomputed_outputs = strip.outputs.ravel()
                self._about = about_of(frame)
            self._warning = warning_of(frame)
            self._shown = frame

    def _turned(self) -> str:
        """Return which factors are turned, and how far."""
        pairs = zip(self._factor_names, self.amounts, strict=True)
        moved = [f"{name}: {amount:.3g}" for name, amount in pairs if amount]
        return ", ".join(moved) or "all factors at 0"
