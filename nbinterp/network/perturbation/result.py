"""Activations moved along factors, with the outputs and the decoded inputs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import Float32Array, FloatArray, IntArray
from nbinterp.corex.matching import known_stable, known_unstable, listed_factors

Base = str | int | npt.ArrayLike


@dataclass(frozen=True, eq=False, kw_only=True)
class Perturbation(Displayable):
    """Edited activations of one layer, with the outputs and decoded inputs that follow from them.

    `perturb` makes it; a step is one row of `amounts`.

    Attributes
    ----------
    directions : ClusterFactors
        What the layer was moved along.
    base : "mean", int or ndarray of int
        What was edited: the mean of the factors' samples, the row of one sample, or the rows of
        the samples whose mean was edited.
    base_name : str
        Its name, such as ``"mean of cluster 3"`` or ``"sample 17"``.
    base_samples : ndarray of shape (n,), int64
        The row numbers of the samples whose mean was edited.
    n_base_samples : int
        How many samples a base may be chosen from.
    layer : str
        The layer whose activations were edited.
    direction : {"signed", "unsigned"}
        How a factor moves its nodes; see `perturb`.
    factors : tuple of int
        The factors that may be moved, by their rows in ``mutual_information_``.
    factor_names : tuple of str
        Such as ``"factor 3 · 1.24 nats"``, with the factor's total correlation.
    amounts : ndarray of shape (n_steps, n_factors)
        How far each factor is moved: 1 moves each node by its mutual information in nats.
    hidden : ndarray of shape (n_steps, n_nodes)
        The edited activations.
    outputs : ndarray of shape (n_steps, n_outputs)
        The outputs of the network for them.
    output_names : tuple of str
        One name per output.
    decoded : ndarray of shape (n_steps, n_features) or None
        The inputs decoded from `hidden`; None without a decoder.
    feature_names : tuple of str or None
        One name per decoded variable, if they have names.
    image_shape : tuple of int or None
        The shape of a row of `decoded` as an image: (height, width) or (height, width, 3).
    baseline_hidden, baseline_outputs, baseline_decoded : ndarray
        The same for the base itself, where all amounts are 0; shapes (n_nodes,), (n_outputs,)
        and (n_features,).

    Examples
    --------
    >>> import numpy as np
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder
    >>> from nbinterp.network import perturb, record
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels = mnist.data[:500] / 255
    >>> table = record(model, pixels, "h2").concat("h2", output=True)
    >>> fours = LocalCorEx(LinearCorEx(4, random_state=0)).fit(table, clusters=mnist.target[:500])
    >>> decoder = load_mnist_decoder("h2")
    >>> moved = perturb(model, pixels, fours.clusters_[4], layer="h2", factor=0, decode=decoder)
    >>> moved
    Perturbation(mean of cluster 4 in 'h2': 1 factor, 3 steps)
    >>> moved.at([0.7]).difference.shape
    (1, 784)
    >>> moved.from_base(24).base_name
    'sample 24'
    """

    directions: Any
    base: str | int | IntArray
    base_name: str
    base_samples: IntArray
    n_base_samples: int
    layer: str
    direction: str
    factors: tuple[int, ...]
    factor_names: tuple[str, ...]
    amounts: FloatArray
    hidden: Float32Array
    outputs: Float32Array
    output_names: tuple[str, ...]
    decoded: Float32Array | None
    feature_names: tuple[str, ...] | None
    image_shape: tuple[int, ...] | None
    baseline_hidden: Float32Array
    baseline_outputs: Float32Array
    baseline_decoded: Float32Array | None
    _run: Callable[[FloatArray], tuple[Float32Array, Float32Array, Float32Array | None]] = field(
        repr=False
    )
    _rebase: Callable[[Base, FloatArray], "Perturbation"] = field(repr=False)

    @property
    def stable(self) -> tuple[bool | None, ...]:
        """Whether each of `factors` is found again in halves of its samples.

        None where that is not known, see `ClusterFactors.stable_`; computed when first read.
        """
        known = known_stable(self.directions)
        return tuple(known[factor] for factor in self.factors)

    @property
    def difference(self) -> Float32Array | None:
        """How the edits change the decoded input, shape (n_steps, n_features)."""
        if self.decoded is None or self.baseline_decoded is None:
            return None
        changed: Float32Array = self.decoded - self.baseline_decoded
        return changed

    @_checks.named
    def at(self, amounts: Any) -> "Perturbation":
        """Return the same base with the factors moved by other amounts.

        It runs the network on one sample up to the layer, on one row per step from there on, and
        then the decoder.

        Parameters
        ----------
        amounts : array of shape (n_factors,) or (n_steps, n_factors)
            As in `perturb`, for the factors of this result in their order.

        Returns
        -------
        Perturbation

        Raises
        ------
        ValueError
            If `amounts` has another shape or is not finite.
        """
        steps = checked_amounts(amounts, len(self.factors))
        hidden, outputs, decoded = self._run(steps)
        return replace(self, amounts=steps, hidden=hidden, outputs=outputs, decoded=decoded)

    @_checks.named
    def from_base(self, base: Base) -> "Perturbation":
        """Return the same edits of another base.

        Parameters
        ----------
        base : "mean", int or array of int
            The mean of the factors' samples, the row number of a sample, or the row numbers (or a
            boolean mask) of samples whose mean to edit.

        Returns
        -------
        Perturbation

        Raises
        ------
        ValueError
            If there is no such sample.
        """
        return self._rebase(base, self.amounts)

    def __repr__(self) -> str:
        """Summarize the edits; the arrays would fill the screen."""
        n_steps, n_factors = self.amounts.shape
        unstable = known_unstable(self.directions, self.factors)
        mark = f"; not stable: {listed_factors(unstable)}" if unstable else ""
        return (
            f"Perturbation({self.base_name} in {self.layer!r}: "
            f"{_count(n_factors, 'factor')}, {_count(n_steps, 'step')}{mark})"
        )


def checked_amounts(amounts: Any, n_factors: int) -> FloatArray:
    """Return `amounts` as finite float64 of shape (n_steps, n_factors)."""
    what = f"(amounts={_checks.show(amounts)})"
    must = f"must be numbers, one per factor, {n_factors}, or one such row per step"
    remedy = "Pass the amounts of the factors in their order."
    try:
        steps = np.array(_checks.to_numpy(amounts), dtype=np.float64, ndmin=2)
    except (TypeError, ValueError):
        _checks.fail(what, must, remedy, TypeError)
    _checks.require(steps.ndim == 2 and steps.shape[1] == n_factors, what, must, remedy)
    _checks.require(len(steps) > 0, what, "must hold at least one step", remedy)
    _checks.require(bool(np.isfinite(steps).all()), what, "must be finite", remedy)
    return steps


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
