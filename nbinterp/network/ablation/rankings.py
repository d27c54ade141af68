"""Orders in which to ablate the nodes of a layer."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray
from nbinterp.network.directions.factors import Factors
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor


@dataclass(frozen=True)
class Rankings:
    """The orders to compare: of each case, a factor of a cluster, and of each cluster."""

    cases: tuple[tuple[str, int], ...]
    factors: tuple[Factors, ...]  # of each case
    by_information: list[IntArray]  # of each case
    rivals: list[tuple[IntArray, IntArray | None]]  # of each cluster: by activation, by weight
    cluster: IntArray  # of each case, its place in `rivals`

    @property
    def orders(self) -> list[IntArray]:
        """All orders, one after the other."""
        by_activation = [rival for rival, _ in self.rivals]
        # Where nothing is known of weights, any order holds the place.
        by_weight = [one if other is None else other for one, other in self.rivals]
        return [*self.by_information, *by_activation, *by_weight]

    def split(self, values: FloatArray) -> dict[str, FloatArray]:
        """Return values of `orders` and of random ones after them by kind, one per case."""
        n, k = len(self.cases), len(self.rivals)
        by_weight = values[n + k : n + 2 * k].copy()
        by_weight[[other is None for _, other in self.rivals]] = np.nan
        return {
            "change": values[:n],
            "by_activation": values[n : n + k][self.cluster],
            "by_weight": by_weight[self.cluster],
            "random": values[n + 2 * k :],
        }


def warn_of_weights(rankings: Rankings, layer: str) -> None:
    """Warn where there is no comparison with the nodes of largest weight."""
    missing = sum(weight is None for _, weight in rankings.rivals)
    if missing:
        warnings.warn(
            f"{_checks.current_call()}(layer={layer!r}) has no comparison by weight, but NaN, for "
            f"{missing} of {len(rankings.rivals)} clusters: the outputs have no gradient at the "
            "layer. Remove no_grad, detach and quantization behind it to get one.",
            UserWarning,
            stacklevel=5,
        )


def by_information(factors: Factors, factor: int, columns: Sequence[int], size: int) -> IntArray:
    """Return the `size` nodes of largest mutual information with a factor, largest first."""
    information = np.nan_to_num(factors.mutual_information_[factor, columns])
    return np.argsort(-information, kind="stable")[:size]


def at_random(n_nodes: int, size: int, n_draws: int, generator: Any) -> list[IntArray]:
    """Return `n_draws` random orders of `size` nodes."""
    return [generator.permutation(n_nodes)[:size] for _ in range(n_draws)]


def by_activation_and_weight(
    edited: EditedForward,
    data: Any,
    positions: Sequence[IntArray],
    output: int,
    size: int,
    batch: int,
) -> tuple[IntArray, IntArray | None]:
    """Return the nodes of largest mean activation, and those of largest weight on an output.

    The weight is the mean gradient of the output with respect to the node: where a Linear reads
    the layer and gives the outputs, this is its weight. A node with several positions counts by
    their sum. Where the network has no gradients, or none but zeros, there is no second order.
    """
    activation: Any = 0
    gradient: Any = 0
    for block in edited.subject.batches(data, batch):
        activation = activation + edited.activation(block).double().sum(dim=0)
        slopes = None if gradient is None else _slopes(edited, block, output)
        gradient = None if slopes is None else gradient + slopes.double().sum(dim=0)

    def largest(total: torch.Tensor) -> IntArray:
        flat = total.reshape(-1).cpu().numpy()
        strength = np.array([flat[at].sum() for at in positions])
        return np.argsort(-strength, kind="stable")[:size]

    if gradient is not None and not (gradient.isfinite().all() and gradient.any()):
        gradient = None
    return largest(activation), None if gradient is None else largest(gradient)


def _slopes(edited: EditedForward, batch: Any, output: int) -> torch.Tensor | None:
    """Return the gradients of an output with respect to the activations, if there are any."""
    leaves: list[torch.Tensor] = []

    def track(found: Any, _inputs: Any) -> Any:
        leaf = first_tensor("the layer", found).detach().clone().requires_grad_()
        leaves.append(leaf)
        return with_first_tensor(found, leaf * 1)  # no leaf, as a module may write into it

    subject = edited.subject
    try:
        with (
            warnings.catch_warnings(),
            subject.ready(),
            torch.enable_grad(),
            replace_output(edited.module, track),
        ):
            # Torch means: there is no gradient, and it would be a wrong one.
            warnings.filterwarnings("error", message=".*autograd kernel was not registered")
            logits = subject.run(batch)
            (slopes,) = torch.autograd.grad(logits[:, output].sum(), leaves)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, NotImplementedError, UserWarning):
        return None  # quantized, detached, or under no_grad
    return slopes
