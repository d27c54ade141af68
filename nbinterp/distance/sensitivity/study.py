"""Shift and scale a layer's pre-activations by what the data vary, and measure what that costs."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn
from tqdm.auto import tqdm

from nbinterp import _checks
from nbinterp.distance.sensitivity.output_bias import output_bias
from nbinterp.distance.sensitivity.result import SensitivityStudy
from nbinterp.distance.sensitivity.shifts import PreactivationEdits, Spread, node_axis
from nbinterp.network.data.batches import batches, length, n_batches, n_rows, to_device
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import observe_outputs
from nbinterp.network.subject.model import (
    batch_of,
    device_and_dtype,
    eval_mode,
    forward,
    model_on_device,
)
from nbinterp.network.subject.size import batch_size, widest_output


@_checks.named
def sensitivity_study(
    model: nn.Module,
    data: Any,
    *,
    layer: str,
    labels: Any = None,
    nodes: Sequence[int] | None = None,
    shifts: Sequence[float] = (-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0),
    scales: Sequence[float] = (0.1, 0.5, 2.0, 10.0),
    n_random: int = 20,
    random_state: int | np.random.RandomState | None = None,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> SensitivityStudy:
    """Shift and scale the pre-activations of a layer, and measure what the outputs make of it.

    A test of what a layer's nodes encode: if they say how far a sample is from a plane, a shift of
    the plane should cost more than as long a move elsewhere. (To turn factors and decode what
    comes out, use `perturb`.) The layer as a whole and each node alone are shifted by standard
    deviations of that node over `data`, so that nodes compare, and scaled; as a control, samples
    are moved as far along random directions.

    Parameters
    ----------
    model : torch.nn.Module
        A classifier, from a batch to logits or log-probabilities (b, n_classes); it is left as it
        came.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        The samples, as the network takes them.
    layer : str
        What is moved is the output of this module, by its dotted path. Name what the nonlinearity
        reads: the Linear, or the BatchNorm after it. Nodes of a convolution are its channels.
    labels : array of shape (n_samples,), optional
        The right output of each sample, by its number; without them there is no accuracy.
    nodes : sequence of int, optional
        The nodes to move alone; all if None, none if empty.
    shifts : sequence of float
        In standard deviations.
    scales : sequence of float
        Factors above 0.
    n_random : int
        How many random directions.
    random_state : int, RandomState or None
        Seeds these.
    device : str or torch.device, default="auto"
        Where to run. ``"auto"`` is where the model is; on another device a copy of it runs.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    SensitivityStudy
        See its notes on why scales are also measured with the output bias folded out.

    Raises
    ------
    ValueError
        If the layer does not exist, does not run once, or no node of it varies; if a node, label,
        shift or scale makes no sense; if outputs are not one row a sample, or not finite.

    References
    ----------
    Oursland, "Neural networks use distance metrics", arXiv 2411.17932 (2024), whose tests shift by
    shares of the range of each node after the nonlinearity, and scale against the output bias.
    Standard deviations, the folding out and the control are ours.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.distance import sensitivity_study
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> study = sensitivity_study(model, mnist.data[:200] / 255, layer="h2.norm",
    ...                            labels=mnist.target[:200], nodes=[0, 1], random_state=0)
    >>> study
    SensitivityStudy('h2.norm': 2 nodes × 8 shifts and 4 scales, 20 random directions; scaling the
        layer only moves logits against the output bias)
    """
    amounts = _amounts("shifts", shifts)
    factors = _amounts("scales", scales, above=0.0)
    draws = _checks.integer("n_random", n_random, 0)
    model = model_on_device(model, device)
    where, dtype = device_and_dtype(model)
    n = n_rows(data)
    _checks.require(n > 0, "(data)", "must hold at least one sample", "Pass more data.")
    rest = EditedForward(model, layer)
    first = batch_of(model, data, *range(min(2, n)))
    shape = tuple(rest.probe(first).shape[1:])
    _checks.require(
        len(shape) > 0,
        f"(layer={layer!r})",
        "must put out at least one node a sample",
        "Name a Linear, a convolution or a normalization.",
    )
    axis = node_axis(rest.module, shape)
    chosen = _nodes(nodes, shape[axis], layer)
    n_steps = len(amounts) + len(factors)
    rows = batch_size(widest_output(model, first), n_steps, where)
    plain, sd = _passed(model, layer, rest.module, data, rows, axis, progress)
    right = None
    if labels is not None:
        right = torch.as_tensor(_checks.classes("labels", labels, n, plain.shape[1]))
    bias = output_bias(model, first, rest.module)
    moves = PreactivationEdits(
        sd,
        _directions(sd, draws, random_state).to(where),
        chosen,
        torch.tensor(amounts, dtype=torch.float64, device=where),
        torch.tensor(factors, dtype=torch.float64, device=where),
        axis,
    )
    sums = torch.zeros(moves.n_units, n_steps, 3, dtype=torch.float64, device=where)
    folded = torch.zeros(len(factors), 3, dtype=torch.float64, device=where)
    bar = tqdm(
        total=moves.n_units * n_steps * n,
        desc="perturb",
        delay=1,
        disable=not progress,
        unit="rows",
    )
    start = 0
    with bar:
        for batch in batches(data, rows, dtype):
            b = length(batch)
            batch, part = to_device(batch, where), slice(start, start + b)
            start += b
            before = plain[part].to(where)
            answers = None if right is None else right[part].to(where)
            n_at_once = max(1, rows // b)
            with rest.prepared(batch):
                for unit in range(0, moves.n_units, n_at_once):
                    block = slice(unit, min(unit + n_at_once, moves.n_units))
                    n_edits = (block.stop - block.start) * n_steps
                    logits = rest(batch, n_edits, partial(moves.edit, block)).double()
                    logits = logits.reshape(-1, n_steps, *before.shape)
                    sums[block] += _scores(logits, before, answers)
                    if unit == 0 and bias is not None:
                        scale = moves.scales[:, None, None]
                        alike = (logits[0, len(amounts) :] - bias) / scale + bias
                        folded += _scores(alike, before, answers)
                    bar.update(n_edits * b)
    measures: tuple[str, ...] = ("accuracy", "agreement", "kl")
    baseline = [0.0 if right is None else float((plain.argmax(dim=1) == right).sum()) / n, 1.0, 0.0]
    skip = slice(1 if right is None else 0, None)
    scores = (sums / n).cpu().numpy()[..., skip]
    _checks.require(
        bool(np.isfinite(scores).all()),
        f"(layer={layer!r})",
        "must give finite outputs when it is moved",
        "Look for what makes NaN or infinite values in the network, or move it less.",
    )
    shift, scale_ = scores[:, : len(amounts)], scores[:, len(amounts) :]
    whole, single = slice(1, 1 + draws), slice(1 + draws, 1 + draws + len(chosen))
    control = slice(single.stop, None)
    return SensitivityStudy(
        layer=layer,
        shifts=amounts,
        scales=factors,
        nodes=tuple(chosen),
        node_sd=sd.cpu().numpy(),
        measures=measures[skip],
        baseline=np.array(baseline[skip]),
        layer_shift=shift[0],
        layer_scale=scale_[0],
        layer_scale_folded=None if bias is None else (folded / n).cpu().numpy()[:, skip],
        node_shift=shift[single],
        node_scale=scale_[single],
        random_layer_shift=shift[whole],
        random_layer_scale=scale_[whole],
        random_node_shift=shift[control],
        random_node_scale=scale_[control],
    )


def _passed(
    model: nn.Module,
    layer: str,
    module: nn.Module,
    data: Any,
    rows: int,
    axis: int,
    progress: bool,
) -> tuple[Tensor, Tensor]:
    """Return the outputs (n, n_classes) of the network as it is, and the nodes' deviations."""
    where, dtype = device_and_dtype(model)
    spread = Spread(axis)
    outputs = []
    bar = tqdm(total=n_batches(data, rows), desc="spread", delay=1, disable=not progress)

    def put(_name: str, activation: Tensor) -> None:
        spread.add(activation)

    with bar, eval_mode(model), observe_outputs({layer: module}, put):
        for batch in batches(data, rows, dtype):
            output = forward(model, to_device(batch, where))
            _checks.require(
                output.ndim == 2 and output.shape[1] > 1,
                f"(model) with outputs of shape {tuple(output.shape[1:])}",
                "must give one row of at least two outputs a sample",
                "Wrap the model so that it returns (b, n_classes).",
            )
            outputs.append(output.double().cpu())
            bar.update()
    sd = spread.deviation(torch.finfo(dtype).eps)
    _checks.require(
        bool((sd > 0).any()),
        f"(layer={layer!r})",
        "must have a node that varies over the data, but all are dead",
        "Choose another layer, or pass more samples.",
    )
    return torch.cat(outputs), sd


def _scores(logits: Tensor, before: Tensor, right: Tensor | None) -> Tensor:
    """Return sums over samples of what the measures count, (..., 3), of logits (..., b, k)."""
    best = logits.argmax(dim=-1)
    same = (best == before.argmax(dim=-1)).sum(dim=-1)
    hits = torch.zeros_like(same) if right is None else (best == right).sum(dim=-1)
    known, found = before.log_softmax(dim=-1), logits.log_softmax(dim=-1)
    # A class that the network rules out, of the logit -inf, adds nothing.
    terms = torch.where(known > -torch.inf, known.exp() * (known - found), 0.0)
    # Not below 0, by rounding either.
    divergence = terms.sum(dim=-1).clamp(min=0.0).sum(dim=-1)
    return torch.stack([hits.double(), same.double(), divergence], dim=-1)


def _directions(sd: Tensor, n_random: int, random_state: Any) -> Tensor:
    """Return random directions (n_random, n_nodes) of length 1 among the nodes that vary."""
    drawn = check_random_state(random_state).normal(size=(n_random, len(sd)))
    live = torch.from_numpy(drawn) * (sd > 0).cpu()
    directions: Tensor = live / live.norm(dim=1, keepdim=True)
    return directions


def _amounts(name: str, value: Any, above: float = -np.inf) -> tuple[float, ...]:
    what = f"({name}={_checks.show(value)})"
    listed = np.atleast_1d(np.asarray(value, dtype=object))
    _checks.require(
        listed.ndim == 1 and len(listed) > 0, what, "must hold at least one number", "Pass a list."
    )
    checked = (_checks.real(name, item, above, open_low=above > -np.inf) for item in listed)
    return tuple(sorted(set(checked)))


def _nodes(nodes: Any, n_nodes: int, layer: str) -> list[int]:
    if nodes is None:
        return list(range(n_nodes))
    asked = np.atleast_1d(np.asarray(nodes, dtype=object))
    return [
        _checks.integer("nodes", node, 0, n_nodes - 1, of=f"the last node of {layer!r}")
        for node in asked
    ]
