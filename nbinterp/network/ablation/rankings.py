"""Orders in which the nodes of a layer may be silenced."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp._typing import IntArray
from nbinterp.network.data.batches import batches
from nbinterp.network.directions.factors import Factors
from nbinterp.network.recording.nodes import places
from nbinterp.network.subject.forward import EditedForward, placed, replaced
from nbinterp.network.subject.hooks import evaluating, first_tensor, forward, home


def columns_of(factors: Factors, layer: str, shape: tuple[int, ...]) -> dict[int, IntArray]:
    """Return the columns of `factors` that are nodes of the layer, with their positions."""
    found = ((i, places(name, layer, shape)) for i, name in enumerate(factors.feature_names))
    return {column: at for column, at in found if at is not None}


def by_information(factors: Factors, factor: int, columns: Sequence[int], size: int) -> IntArray:
    """Return the `size` nodes that share most with a factor, the first most."""
    information = np.nan_to_num(factors.mutual_information_[factor, columns])
    return np.argsort(-information, kind="stable")[:size]


def at_random(n_nodes: int, size: int, n_draws: int, seed: Any) -> IntArray:
    """Return `n_draws` orders of any `size` nodes."""
    return np.stack([seed.permutation(n_nodes)[:size] for _ in range(n_draws)])


def by_activation_and_weight(
    rest: EditedForward, data: Any, members: Sequence[IntArray], output: int, size: int, batch: int
) -> tuple[IntArray, IntArray]:
    """Return the nodes of largest mean activation, and those of largest weight on an output.

    The weight is the mean gradient of the output with respect to the node: where a Linear reads
    the layer and gives the outputs, this is its weight. Nodes of several positions count by the
    sum over these.
    """
    where, dtype = home(rest.model)
    activation: Any = 0
    gradient: Any = 0
    for block in batches(data, batch, dtype):
        values, slopes = _slopes(rest, placed(block, where), output)
        activation = activation + values.double().sum(dim=0)
        gradient = gradient + slopes.double().sum(dim=0)
    orders = []
    for total in (activation, gradient):
        flat = total.reshape(-1).cpu().numpy()
        strength = np.array([flat[at].sum() for at in members])
        orders.append(np.argsort(-strength, kind="stable")[:size])
    return orders[0], orders[1]


def _slopes(rest: EditedForward, batch: Any, output: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return activations, and gradients of an output with respect to them."""
    leaves: list[torch.Tensor] = []
    thread = threading.get_ident()

    def hook(_module: nn.Module, _inputs: Any, found: Any) -> Any:
        if threading.get_ident() != thread:
            return None
        leaf = first_tensor("the layer", found).detach().clone().requires_grad_()
        leaves.append(leaf)
        return replaced(found, leaf * 1)  # no leaf, as a module may write into it

    with evaluating(rest.model), torch.enable_grad():
        handle = rest.module.register_forward_hook(hook)
        try:
            logits = forward(rest.model, batch)
            (slopes,) = torch.autograd.grad(logits[:, output].sum(), leaves)
        finally:
            handle.remove()
    return leaves[0].detach(), slopes
