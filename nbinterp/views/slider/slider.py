"""Sliders that move the factors of a layer, with the decoded input and the outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp._typing import AnyArray
from nbinterp.network import Perturbation
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.traits import Array, refusing
from nbinterp.views.base.view import Answer, verb
from nbinterp.views.png.frame import frame_png
from nbinterp.views.slider.base_trait import MEAN, Base, base_of, rows_of, same_base
from nbinterp.views.slider.labels import largest_output, moved, names_of, warning_of
from nbinterp.views.slider.precomputed import PrecomputedFrames, precompute
from nbinterp.views.slider.requests import (
    ROUNDING,
    FrameCache,
    Latency,
    as_answer,
    check_reach,
    read_amounts,
)

Callback = Callable[[Perturbation], Any]


@shows(Perturbation)
class FactorSlider(FactorView):
    """Move the factors of a layer with sliders, and watch the decoded input and the outputs.

    A factor is a hidden cause behind a group of nodes, and its slider moves the whole group. The
    view shows the decoded input before and after the edit, their difference, and the outputs of the
    network.

    Parameters
    ----------
    source : Perturbation
        The result of `perturb`: the base, the factors, the network and the decoder. The sliders
        start at its step if it has one, and at 0 if it has several.
    span : float, default=3.0
        The sliders go from ``-span`` to `span`, or farther if `source` does.
    precompute : bool, default=True
        Whether to precompute frames of each factor moved alone. With them, sliders work in a saved
        notebook or an exported page, and a drag shows an approximate frame at once. There are 25
        positions per factor if all frames fit in 400 kB, otherwise fewer, and smaller images. They
        are computed whenever the base or the span changes: pass False for a slow decoder.
    height : int, default=420
        Height in CSS pixels.

    Attributes
    ----------
    amounts : array of shape (n_factors,), float32
        The positions of the sliders. An amount of 1 moves each node by the mutual information that
        it shares with the factor, in nats: 1 nat, or 1.44 bits, is the mutual information of a
        Gaussian pair with correlation 0.93. Set it to move the sliders.
    base : "mean", int or array of int64
        What is edited: ``"mean"`` is the mean of the factors' samples, an int the sample with this
        row number, and an array the mean of these rows. Set it to any of these, or to a boolean
        mask.
    factor : int or None
        The number of the chosen factor in the fit: the factor that was moved last. Set it to mark
        its slider.
    perturbation : Perturbation
        The frame on screen: one step, at `amounts`.
    stats : Latency
        How long the exact frames of the last drag took, from the move of the pointer to the drawn
        frame: count, median and 95th percentile, in ms.
    span, height
        As the parameters.

    How to read it
    --------------
    While a slider moves, a frame may be marked as approximate: it is the last exact frame, plus the
    change that each factor makes when it moves alone. The exact frame then replaces it. If several
    frames take little longer than one, the view also requests the next frames along the drag, so
    the decoder gets a few rows at a time.

    At 0 the edited input is the base. The decoder computes both from the activations alone, so
    compare the edited input with the base, not with the data: neither shows what the layer has lost
    or what the decoder has not learned. In the difference, the edit removes what is blue and adds
    what is orange. The bars are the outputs; the grey bars behind them are the outputs of the base.
    The more a bar moves, the more the factor matters to this output. Far from 0, there may be no
    samples with such activations, and the decoder only guesses.

    A factor marked "not stable" is not found again in halves of its samples: do not build on it.
    This is known a moment after the fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import torch
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.network import perturb, record
    >>> X, y = load_iris(return_X_y=True)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    >>> table = record(model, X, layers="1").concat("1")
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, clusters=y)
    >>> slider = FactorSlider(perturb(model, X, local.clusters_[1], layer="1"))
    >>> slider.amounts = [0, -1.5]
    >>> slider.perturbation.outputs.shape
    (1, 3)
    >>> slider.base = 70
    >>> slider
    FactorSlider(sample 70 in '1'; factor ... nats: -1.5; largest output: logit ...)
    """

    _kind = traitlets.Unicode("slider").tag(sync=True)

    # No echo to the page: it would overwrite the position of a slider that has moved on.
    amounts = Array("f4").tag(echo_update=False, page=True)
    base = Base().tag(page=True)
    span = traitlets.Float(3.0).tag(sync=True, page=True)
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

    # Not sent to the page. It changes last, so observe it to follow frames.
    _shown = traitlets.Any(None)

    @_checks.named
    def __init__(
        self,
        source: Perturbation,
        *,
        span: float = 3.0,
        precompute: bool = True,
        height: int = 420,
    ) -> None:
        self._least_span = _checks.real("span", span, 0, open_low=True)
        self._precomputes = _checks.boolean("precompute", precompute)
        self._precomputed_span = 0.0
        self._frame: Any = None  # the Perturbation that the traits show; None during __init__
        self._frames = FrameCache(source)
        self._stats = Latency(0, 0.0, 0.0)
        self._selected: Any = None  # the last base set by `show_selection`
        super().__init__(height=_checks.integer("height", height, 200, 4000))
        self.show(source)

    @property
    def perturbation(self) -> Perturbation:
        """The frame on screen: one step, at `amounts`."""
        frame: Perturbation = self._frame
        return frame

    @property
    def stats(self) -> Latency:
        """How long the exact frames of the last drag took."""
        return self._stats

    @_checks.call("FactorSlider")
    def show(self, source: Perturbation) -> None:
        """Show other factors, or another base.

        Parameters
        ----------
        source : Perturbation
            As for the view.

        Raises
        ------
        TypeError
            If `source` is not a Perturbation.
        """
        _checks.require(
            isinstance(source, Perturbation),
            f"(source={_checks.show(source)})",
            "must be a Perturbation",
            "Pass the result of perturb(...).",
            TypeError,
        )
        with self._lock:
            only = len(source.amounts) == 1
            frame = source if only else source.at(np.zeros(len(source.factors)))
            span = max(self._least_span, float(np.abs(source.amounts).max(initial=0)))
            precomputed = precompute(frame, span, wanted=self._precomputes)
            self._frame, self._precomputed_span = frame, span
            self._frames = FrameCache(frame)
            with self.hold_sync(), self.hold_trait_notifications():
                self.amounts, self.base, self.span = frame.amounts[0], base_of(frame), span
                self._publish(frame, precomputed)
            self._mark(frame.directions)

    @_checks.named
    def show_selection(self, samples: Any) -> None:
        """Edit the selected sample, or the mean of several.

        An empty selection restores the mean of the factors' samples, unless the base was changed
        since the last call.

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
        """Call `callback` with the new frame when a drag ends or the base changes.

        Parameters
        ----------
        callback : callable
            Takes the `Perturbation` on screen. In JupyterLab it may run on a different thread than
            cells. The view shows its exceptions.

        Returns
        -------
        callable
            Takes no argument and ends the calls.

        Examples
        --------
        >>> stop = slider.on_change(lambda frame: print(frame.outputs))  # doctest: +SKIP
        """
        return self.when_changed("_shown", lambda change: callback(change["new"]))

    def describe(self) -> str:
        """Describe the view in one line: the base, the moved factors and the largest output."""
        shown = self.perturbation
        parts = [f"{shown.base_name} in {shown.layer!r}", self._moved()]
        parts += [f"largest output: {largest_output(shown)}", self._marks()]
        return f"{type(self).__name__}({'; '.join(filter(None, parts))})"

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
            title=f"{shown.base_name} · {self._moved()}",
            note=" · ".join(filter(None, [self._about, self._marks(), self._warning])),
        )

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Set traits from the page, with the view locked."""
        with self._lock:
            super().set_state(sync_data)

    @verb(buffers=1)
    @_checks.named
    def frame(self, amounts: Any) -> Answer:
        """Answer a drag with the frame at the pointer, and frames where it may go next."""
        shown = self.perturbation
        return as_answer(self._frames.drag(shown, read_amounts(amounts, shown, self.span)))

    @verb(buffers=1)
    @_checks.named
    def frames(self, amounts: Any) -> Answer:
        """Answer with the frames that the page fetches ahead."""
        shown = self.perturbation
        return as_answer(shown.at(read_amounts(amounts, shown, self.span)))

    @verb(buffers=1, count=int, p50=float, p95=float)
    @_checks.named
    def settle(self, amounts: Any, count: int, p50: float, p95: float) -> Answer:
        """Set the amounts at the end of a drag, and store how long its frames took."""
        stats = Latency.reported(count, p50, p95)
        self.amounts = read_amounts(amounts, self.perturbation, self.span, most=1)[0]
        self._stats = stats
        return Answer()

    @traitlets.validate("amounts")
    @_checks.named
    def _check_amounts(self, proposal: Any) -> Any:
        value = proposal["value"]
        if self._frame is not None:
            n_factors = len(self._frame.factors)
            if len(value) != n_factors:
                raise traitlets.TraitError(
                    f"amounts must be {n_factors} numbers, one per factor, not {len(value)}"
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
                f"span must be above 0, finite, and at least the largest amount, {reach:g}"
            )
        return value

    @traitlets.observe("amounts", "base", "span")
    def _follow(self, _change: Any) -> None:
        """Compute the frame of new amounts, base or span; restore them if that fails."""
        with self._lock:
            last = self._frame
            if last is None:
                return
            span, amounts = self.span, np.asarray(self.amounts, float)
            precomputed = None
            is_rebased = not same_base(self.base, base_of(last))
            try:
                frame = last
                if is_rebased:
                    frame = last.from_base(self.base)
                    self._frames = FrameCache(frame)
                if not np.array_equal(amounts, np.asarray(frame.amounts[0], np.float32)):
                    frame = self._frames.at(frame, amounts)
                if is_rebased or span != self._precomputed_span:
                    precomputed = precompute(frame, span, wanted=self._precomputes)
            except BaseException:
                with self.hold_trait_notifications():
                    self.amounts, self.base = last.amounts[0], base_of(last)
                    self.span = self._precomputed_span
                raise
            if frame is not last or precomputed is not None:
                self._precomputed_span = span
                self._publish(frame, precomputed)
            self._choose_moved(frame, last.amounts[0] != frame.amounts[0])

    def _choose_moved(self, frame: Perturbation, is_moved: AnyArray) -> None:
        """Choose the factor that moved, if only one did."""
        places = np.flatnonzero(is_moved)
        if len(places) == 1:
            self.factor = frame.factors[int(places[0])]

    def _publish(self, frame: Perturbation, precomputed: PrecomputedFrames | None) -> None:
        """Set the traits of a frame; with precomputed frames, also those of its base."""
        self._frame = frame
        traits: dict[str, Any] = {
            "_frame_decoded": _row(frame.decoded),
            "_frame_outputs": frame.outputs[0],
            "_warning": warning_of(frame),
        }
        if precomputed is not None:
            traits |= names_of(frame) | precomputed.traits()
            traits["_baseline_decoded"] = _row(frame.baseline_decoded)
            traits["_baseline_outputs"] = frame.baseline_outputs
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)
            if self.factor not in self._ids:
                self.factor = None
            self._shown = frame

    def _moved(self) -> str:
        return moved(self._factor_names, self.amounts)


def _row(values: Any) -> AnyArray:
    """Return decoded values as one row, empty if there is no decoder."""
    return np.empty(0) if values is None else np.ravel(values)
