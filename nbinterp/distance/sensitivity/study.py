"""Measure how a network reacts to shifts and scales of a layer's pre-activations."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nbinterp import _checks
from nbinterp._numerics.moments import Moments
from nbinterp._numerics.progress import progress_bar
from nbinterp._typing import AnyArray, FloatArray
from nbinterp.distance.sensitivity.output_bias import output_bias
from nbinterp.distance.sensitivity.result import SensitivityStudy
from nbinterp.distance.sensitivity.shifts import (
    PreactivationEdits,
    deviations,
    node_rows,
)
from nbinterp.network.ablation.classes import check_answers, check_outputs
from nbinterp.network.contract.contract import agreed
from nbinterp.network.data.batches import length, map_tensors, n_batches, n_rows
from nbinterp.network.recording.channels import channels_of, node_axis
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import observe_outputs
from nbinterp.network.subject.output import n_inputs
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.size import batch_size
from nbinterp.network.subject.subject import Subject


@_checks.named
@plain_settings()
def sensitivity_study(
    model: nn.Module | Subject,
    data: Any,
    *,
    layer: str,
    y: Any = None,
    nodes: Sequence[int] | AnyArray | None = None,
    shifts: Sequence[float] = (-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0),
    scales: Sequence[float] = (0.1, 0.5, 2.0, 10.0),
    n_random: int = 20,
    random_state: int | np.random.RandomState | None = None,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> SensitivityStudy:
    """Shift and scale the pre-activations of a layer, and measure the effect on the outputs.

    It tests what a layer's nodes encode. If they encode the distance of a sample from a hyperplane,
    a shift of the hyperplane should cost more than an equally long move in another direction. The
    layer as a whole and each node alone are shifted by standard deviations of the nodes over `data`
    and scaled. As a control, samples are moved equally far along random directions. (To move
    factors and decode the result, use `perturb`.)

    Parameters
    ----------
    model : torch.nn.Module or Subject
        A classifier that returns logits or log-probabilities (b, n_classes). It is restored
        afterwards.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        Inputs of the network.
    layer : str
        Path of the module whose output is edited. Name the module before the nonlinearity: the
        Linear, or the BatchNorm after it. Nodes of a convolution are its channels.
    y : array of shape (n_samples,), optional
        True class of each sample, as in `ablation_study`. Without it there is no accuracy.
    nodes : sequence of int or boolean mask over all nodes, optional
        The nodes to edit one at a time; all if None.
    shifts : sequence of float
        Amounts, in standard deviations.
    scales : sequence of float
        Factors above 0.
    n_random : int
        Number of random directions.
    random_state : int, RandomState or None
        Draws the random directions.
    device : str or torch.device, default="auto"
        Where to run. ``"auto"`` is where the model is; on another device a copy of it runs.
    progress : bool
        Show a progress bar if the work takes more than a second.

    Returns
    -------
    SensitivityStudy
        See its notes on why scales are also measured with the output bias folded out.

    Raises
    ------
    ValueError
        If the layer does not exist, does not run exactly once, or has no node that varies; if a
        node, class, shift or scale is invalid; if outputs are not finite, not one row per sample,
        or no classes, as those of an autoencoder.

    References
    ----------
    Oursland, "Neural networks use distance metrics", arXiv 2411.17932 (2024). Its tests shift each
    node by shares of its range after the nonlinearity, and scale without correcting for the output
    bias. Shifts in standard deviations, the folded bias and the control are ours.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.distance import sensitivity_study
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> study = sensitivity_study(model, mnist.data[:200] / 255, layer="h2.norm",
    ...                            y=mnist.target[:200], nodes=[0, 1], random_state=0)
    >>> study
    SensitivityStudy('h2.norm': 2 nodes × 8 shifts and 4 scales, 20 random directions; scaling the
        layer only moves logits against the output bias)
    """
    amounts = _amounts("shifts", shifts)
    factors = _amounts("scales", scales, above=0.0)
    draws = _checks.integer("n_random", n_random, 0)
    random_state = _checks.generator(random_state)
    _checks.boolean("progress", progress)
    _checks.same_order("y", y, data)
    subject = Subject.of(model).on(device).fitted_to(data)
    n = n_rows(data)
    _checks.require(n > 0, "(data)", "must hold at least one sample", "Pass more data.")
    tried = {layer: subject.layer(layer)}
    subject = agreed(subject, subject.spread(data), tried, edits=True, may_draw=False)
    edited = EditedForward(subject, layer)
    first = subject.few(data, *range(min(2, n)))
    shape = tuple(edited.probe(first).shape[1:])
    _checks.require(
        len(shape) > 0,
        f"(layer={layer!r})",
        "must have at least one node for each sample",
        "Name a Linear, a convolution or a normalization.",
    )
    axis, _ = node_axis(channels_of(subject.model, layer), shape)
    chosen = _nodes(nodes, shape[axis], layer)
    # Before all samples run through the network.
    truth = _truth(subject, first if y is not None else subject.spread(data, 16), y, n)
    where = subject.device
    rows = batch_size(edited.width(first), len(amounts) + len(factors), where)
    outputs, sd = _one_pass(edited, data, rows, axis, progress)
    if truth is not None:
        check_outputs(outputs.float().numpy(), truth.numpy(), n_inputs(first))
    edits = PreactivationEdits(
        sd=sd,
        directions=_directions(sd, draws, random_state).to(where),
        nodes=chosen,
        shifts=torch.tensor(amounts, dtype=torch.float64, device=where),
        scales=torch.tensor(factors, dtype=torch.float64, device=where),
        axis=axis,
    )
    bias = output_bias(subject, first, edited.module)
    sums, folded = _summed(edited, edits, data, outputs, truth, bias, rows, progress)
    scores = (sums / n).cpu().numpy()
    _checks.require(
        bool(np.isfinite(scores[..., 0 if truth is not None else 1 :]).all()),
        f"(layer={layer!r})",
        "must give finite outputs when it is edited",
        "Look for NaN or infinite values in the network, or use smaller shifts and scales.",
    )
    right = 0.0 if truth is None else float((outputs.argmax(dim=1) == truth).sum()) / n
    return _result(
        layer,
        edits,
        baseline=np.array([right, 1.0, 0.0]),
        scores=scores,
        folded=None if bias is None else (folded / n).cpu().numpy(),
        has_truth=truth is not None,
    )


def _truth(subject: Subject, batch: Any, y: Any, n: int) -> Tensor | None:
    """Return the classes `y` of all `n` samples; refuse outputs of some of them that are none."""
    with subject.ready():
        output = subject.run(map_tensors(torch.clone, batch))
    _checks.require(
        output.ndim == 2 and output.shape[1] > 1,
        f"(model) with outputs of shape {tuple(output.shape[1:])}",
        "must return one row of at least two outputs a sample",
        "Wrap the model so that it returns (b, n_classes).",
    )
    if y is None:
        check_answers(batch, output)
        return None
    return torch.as_tensor(_checks.classes("y", y, n, output.shape[1]))


def _one_pass(
    edited: EditedForward, data: Any, rows: int, axis: int, progress: bool
) -> tuple[Tensor, Tensor]:
    """Return the unedited outputs (n, n_classes) and the standard deviations of the nodes."""
    subject, layer = edited.subject, edited.layer
    moments = Moments(order=2)
    outputs = []

    def put(_name: str, activation: Tensor) -> None:
        moments.add(node_rows(activation, axis))

    bar = progress_bar(total=n_batches(data, rows), desc="spread", shown=progress)
    with bar, subject.ready(), observe_outputs({layer: edited.module}, put):
        for batch in subject.batches(data, rows):
            outputs.append(subject.run(batch).double().cpu())
            bar.update()
    sd = deviations(moments, torch.finfo(subject.dtype).eps)
    _checks.require(
        bool((sd > 0).any()),
        f"(layer={layer!r})",
        "must have a node that varies over the data, but all are dead",
        "Choose another layer, or pass more samples.",
    )
    return torch.cat(outputs), sd


def _summed(
    edited: EditedForward,
    edits: PreactivationEdits,
    data: Any,
    outputs: Tensor,
    truth: Tensor | None,
    bias: Tensor | None,
    rows: int,
    progress: bool,
) -> tuple[Tensor, Tensor]:
    """Return sums of scores over samples, (n_units, n_steps, 3) and with the bias folded out.

    The second, (n_scales, 3), is of the whole layer scaled; zero if there is no `bias`.
    """
    where = edited.subject.device
    n_steps, scales = edits.n_steps, edits.scales[:, None, None]
    sums = torch.zeros(edits.n_units, n_steps, 3, dtype=torch.float64, device=where)
    folded = torch.zeros(len(scales), 3, dtype=torch.float64, device=where)
    total = edits.n_units * n_steps * len(outputs)
    bar = progress_bar(total=total, desc="sensitivity", shown=progress, unit="rows")
    start = 0
    with bar:
        for batch in edited.subject.batches(data, rows):
            b = length(batch)
            part = slice(start, start + b)
            start += b
            before = outputs[part].to(where)
            answers = None if truth is None else truth[part].to(where)
            n_at_once = max(1, rows // b)
            with edited.prepared(batch) as run:
                for unit in range(0, edits.n_units, n_at_once):
                    block = slice(unit, min(unit + n_at_once, edits.n_units))
                    n_edits = (block.stop - block.start) * n_steps
                    logits = run(n_edits, partial(edits.edit, block)).double()
                    logits = logits.reshape(-1, n_steps, *before.shape)
                    sums[block] += _scores(logits, before, answers)
                    if unit == 0 and bias is not None:
                        unscaled = (logits[0, len(edits.shifts) :] - bias) / scales + bias
                        folded += _scores(unscaled, before, answers)
                    bar.update(n_edits * b)
    return sums, folded


def _result(
    layer: str,
    edits: PreactivationEdits,
    *,
    baseline: FloatArray,
    scores: FloatArray,
    folded: FloatArray | None,
    has_truth: bool,
) -> SensitivityStudy:
    """Return the scores (n_units, n_steps, 3) by unit and edit, without accuracy if no truth."""
    measures: tuple[str, ...] = ("accuracy", "agreement", "kl")
    kept = slice(0 if has_truth else 1, None)
    shift, scale = np.split(scores[..., kept], [len(edits.shifts)], axis=1)
    draws, n_nodes = len(edits.directions), len(edits.nodes)
    whole, single = slice(1, 1 + draws), slice(1 + draws, 1 + draws + n_nodes)
    control = slice(single.stop, None)
    return SensitivityStudy(
        layer=layer,
        shifts=tuple(edits.shifts.tolist()),
        scales=tuple(edits.scales.tolist()),
        nodes=tuple(edits.nodes),
        node_sd=edits.sd.cpu().numpy(),
        measures=measures[kept],
        baseline=baseline[kept],
        layer_shift=shift[0],
        layer_scale=scale[0],
        layer_scale_folded=None if folded is None else folded[:, kept],
        node_shift=shift[single],
        node_scale=scale[single],
        random_layer_shift=shift[whole],
        random_layer_scale=scale[whole],
        random_node_shift=shift[control],
        random_node_scale=scale[control],
    )


def _scores(logits: Tensor, before: Tensor, right: Tensor | None) -> Tensor:
    """Return the sums of the three measures over samples, (..., 3), for logits (..., b, k)."""
    best = logits.argmax(dim=-1)
    same = (best == before.argmax(dim=-1)).sum(dim=-1)
    hits = torch.zeros_like(same) if right is None else (best == right).sum(dim=-1)
    known, found = before.log_softmax(dim=-1), logits.log_softmax(dim=-1)
    # A class with the logit -inf has probability 0 and adds nothing.
    terms = torch.where(known > -torch.inf, known.exp() * (known - found), 0.0)
    # Rounding must not make it negative.
    divergence = terms.sum(dim=-1).clamp(min=0.0).sum(dim=-1)
    return torch.stack([hits.double(), same.double(), divergence], dim=-1)


def _directions(sd: Tensor, n_random: int, random_state: Any) -> Tensor:
    """Return random unit vectors (n_random, n_nodes), zero for nodes that do not vary."""
    drawn = _checks.generator(random_state).normal(size=(n_random, len(sd)))
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
    return [
        _checks.integer("nodes", node, 0, n_nodes - 1, of=f"the last node of {layer!r}")
        for node in _checks.nodes(nodes, n_nodes)
    ]
