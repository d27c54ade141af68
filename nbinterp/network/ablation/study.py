"""Ablate the nodes of many factors, and measure what each costs which samples."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._numerics.progress import progress_bar
from nbinterp._typing import AnyArray, Float32Array, FloatArray, IntArray
from nbinterp.network.ablation.classes import check_outputs, true_classes
from nbinterp.network.ablation.context import MODES, ablated_module
from nbinterp.network.ablation.fast_path import FastPath, fastest_plan
from nbinterp.network.ablation.live_nodes import checked_sizes, live_nodes, steps_of
from nbinterp.network.ablation.masks import AblationMasks, Direct
from nbinterp.network.ablation.rankings import (
    Rankings,
    at_random,
    by_activation_and_weight,
    by_information,
    warn_of_weights,
)
from nbinterp.network.ablation.result import AblationStudy
from nbinterp.network.ablation.sweep import measure
from nbinterp.network.contract.contract import agreed
from nbinterp.network.data.batches import length, n_rows, take_rows
from nbinterp.network.directions.factors import Factors, check_factors, chosen, layer_columns
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.output import n_inputs
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.size import batch_size, widest_output
from nbinterp.network.subject.subject import Subject


@_checks.named
@plain_settings()
def ablation_study(
    model: nn.Module | Subject,
    data: Any,
    directions: Factors | Sequence[Factors],
    *,
    layer: str,
    y: Any,
    clusters: Any = None,
    factor: int | Sequence[int] | None = None,
    sizes: Sequence[int] | None = None,
    mode: str = "zero",
    outputs: Sequence[int] | None = None,
    n_random: int = 100,
    random_state: int | np.random.RandomState | None = None,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> AblationStudy:
    """Ablate the nodes that share most with each factor, and measure what that costs.

    To ablate a node is to set its activation to a constant. For each factor, the nodes of largest
    mutual information are ablated, as many as each of `sizes`, and all of `data` run through the
    rest of the network. For comparison, the same is done with random nodes, with the nodes of
    largest mean activation in the factor's cluster, and with those of largest weight on the output
    of the cluster's most frequent class (the mean gradient of that output).

    Parameters
    ----------
    model : torch.nn.Module or Subject
        A classifier, from a batch to (b, n_outputs) with two outputs or more. It is restored
        afterwards.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        The samples given to `record`: the indices of `directions` are rows of it.
    directions : ClusterFactors or list of them
        Such as ``local.clusters_``; all of the same columns.
    layer : str
        The layer whose nodes are ablated, by its dotted path.
    y : array of shape (n_samples,)
        The true class of each sample: the number of its output, a flag (of two outputs), or a
        text. Texts that name all classes count in the order of their categories, or else of the
        alphabet, of which a warning tells.
    clusters : array of shape (n_samples,), optional
        The groups to measure beside the classes; by default the samples of each of `directions`.
    factor : int or sequence of int, optional
        The factors of each cluster; by default the five of largest total correlation.
    sizes : sequence of int, optional
        How many nodes to ablate; by default 5, 10, 20 and 50, as far as there are more nodes that
        vary.
    mode : {"zero", "mean", "weights"}
        How to ablate; see `ablated`. The mean is that of all `data`.
    outputs : sequence of int, optional
        The outputs whose changes to keep; by default all.
    n_random : int
        How many draws of random nodes. Nodes that are constant over the data, and all but one of
        nodes that are equal, are left out: `AblationStudy.n_left_out` says how many.
    random_state : int, RandomState or None
        Seeds the draws.
    device : str or torch.device, default="auto"
        Where to run. ``"auto"`` is where the model is; on another device a copy of it runs.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    AblationStudy

    Raises
    ------
    ValueError
        If a layer, a size, a class or another setting is not valid, if outputs are not finite, or
        if they are no classes: one output, or those of an autoencoder.

    Warns
    -----
    UserWarning
        If some outputs are the class of no sample and the largest is right no more often than a
        guess; if the network has no gradients from the layer on, as under ``no_grad`` or quantized,
        and the comparison by weight is NaN.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4, figures 6 and 19. The comparison with other
    nodes is ours.

    Examples
    --------
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import ablation_study, record
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels, digits = mnist.data[:500] / 255, mnist.target[:500]
    >>> table = record(model, pixels, "h2").concat("h2", output=True)
    >>> local = LocalCorEx(LinearCorEx(4, random_state=0)).fit(table, clusters=digits)
    >>> ablation_study(model, pixels, local.clusters_[4], layer="h2", y=digits, factor=[0, 1])
    AblationStudy('h2', mode='zero': 2 factors × 4 sizes × 12 groups, 100 random draws)
    """
    given: list[Factors] = (
        list(directions) if isinstance(directions, list | tuple) else [directions]  # type: ignore[list-item]
    )
    subject = Subject.of(model)
    _checks.require(len(given) > 0, "(directions=[])", "must hold factors", "Pass local.clusters_.")
    for factors in given:
        check_factors(factors)
        if np.nan_to_num(factors.mutual_information_).any():  # not too small to fit
            chosen(factors, factor)
    _checks.choice("mode", mode, MODES)
    _checks.same_order("y", y, data)
    _checks.same_order("clusters", clusters, data)
    _checks.boolean("progress", progress)
    draws = _checks.integer("n_random", n_random, 0)
    generator = _checks.generator(random_state)
    ablated = _AblatedLayer(subject.on(device).fitted_to(data), data, layer, mode, given[0])
    n_nodes = len(ablated.columns)
    asked = checked_sizes(sizes, n_nodes)
    # Refuse all that is wrong before the data run through the network.
    n_outputs = ablated.n_outputs()
    truth = true_classes(y, ablated.n, n_outputs)
    kept = _outputs(outputs, n_outputs)
    groups, names = _groups(given, clusters, truth, ablated.n)
    rec = recorded(ablated.subject, data, layer, progress=progress)
    check_outputs(rec.output, truth, n_inputs(ablated.example))
    live = live_nodes(rec[layer], list(ablated.columns.values())) if draws else np.arange(n_nodes)
    steps = steps_of(asked, len(live), n_nodes)

    rankings = ablated.rankings(given, factor, truth, rec[layer].shape[1:], steps[-1])
    warn_of_weights(rankings, layer)
    random = [live[order] for order in at_random(len(live), steps[-1], draws, generator)]
    orders, place = _distinct([*rankings.orders, *random], steps)
    fill = rec[layer].mean(axis=0, dtype=np.float64).ravel() if mode == "mean" else None
    total = len(orders) * len(steps) * ablated.n
    with progress_bar(total=total, desc="ablate", shown=progress, unit="rows") as bar:
        sums = ablated.measured(orders, steps, fill, truth, groups, kept, rec.output, bar.update)
    counts = groups.sum(axis=1)
    baseline = _baseline(rec.output, truth, groups, kept) / counts[:, None]
    change = (sums / counts[:, None] - baseline)[place]
    _checks.require(
        bool(np.isfinite(change).all()),
        f"(layer={layer!r})",
        "must give finite outputs when its nodes are ablated",
        "Look for what makes NaN or infinite values in the network.",
    )
    return AblationStudy(
        layer=layer,
        mode=mode,
        sizes=steps,
        cases=rankings.cases,
        groups=tuple(names),
        group_sizes=counts.astype(np.int64),
        output_names=tuple(rec.output_names[i] for i in kept),
        baseline=baseline,
        n_left_out=n_nodes - len(live),
        _factors=rankings.factors,
        **rankings.split(change),
    )


class _AblatedLayer:
    """The module whose output to edit, and the nodes that the factors have there."""

    def __init__(
        self, subject: Subject, data: Any, layer: str, mode: str, factors: Factors
    ) -> None:
        self.data, self.layer, self.n = data, layer, n_rows(data)
        edited = {layer: ablated_module(subject, layer, mode)}
        # No draws: samples, orders and the baseline run in batches of different sizes.
        spread = subject.spread(data)
        self.subject = agreed(subject, spread, edited, edits=True, may_draw=False)
        self.edited = EditedForward(self.subject, layer, edited[layer])
        self.example = subject.few(data, *range(min(2, self.n)))
        shape = tuple(self.edited.probe(self.example).shape[1:])
        self.columns = layer_columns(factors, layer, shape)
        positions = self.columns.values()
        self.is_flat = all(len(at) == 1 for at in positions) and len(positions) == np.prod(shape)
        self.device = subject.device

    def n_outputs(self) -> int:
        """Return how many outputs the model has; refuse one that is no classifier."""
        with self.subject.ready():
            output = self.subject.run(self.example)
        _checks.require(
            output.ndim == 2,
            f"(model) with outputs of shape {tuple(output.shape[1:])}",
            "must give one row of outputs per sample",
            "Wrap the model so that it returns (b, n_classes).",
        )
        return int(output.shape[1])

    def rankings(
        self,
        given: Sequence[Factors],
        factor: int | Sequence[int] | None,
        truth: IntArray,
        shape: tuple[int, ...],
        size: int,
    ) -> Rankings:
        """Return the orders to compare; `shape` is that of the layer's activations."""
        # In mode "weights", too, nodes are chosen by the activations of the layer itself.
        layer = EditedForward(self.subject, self.layer)
        positions = list(layer_columns(given[0], self.layer, shape).values())
        rows = batch_size(widest_output(self.subject, self.example), 1, self.device)
        cases: list[tuple[str, int]] = []
        informed: list[IntArray] = []
        rivals: list[tuple[IntArray, IntArray | None]] = []
        cluster: list[int] = []
        owners: list[Factors] = []
        for factors in given:
            _check_columns(factors, given[0], self.n)
            if not np.nan_to_num(factors.mutual_information_).any():
                continue  # too small to fit
            common = int(np.bincount(truth[factors.indices]).argmax())
            samples = take_rows(self.data, factors.indices)
            rivals.append(by_activation_and_weight(layer, samples, positions, common, size, rows))
            for number in chosen(factors, factor):
                cases.append((factors.name, number))
                informed.append(by_information(factors, number, list(self.columns), size))
                cluster.append(len(rivals) - 1)
                owners.append(factors)
        _checks.require(
            len(cases) > 0,
            "(directions)",
            "must share information with nodes",
            "Fit clusters with more samples.",
        )
        return Rankings(tuple(cases), tuple(owners), informed, rivals, np.array(cluster))

    def measured(
        self,
        orders: IntArray,
        sizes: tuple[int, ...],
        fill: FloatArray | None,
        truth: IntArray,
        groups: FloatArray,
        kept: IntArray,
        output: Float32Array,
        advance: Callable[[int], Any],
    ) -> FloatArray:
        """Return sums of outputs and of right answers, (orders, sizes, groups, outputs + 1)."""
        plan = fastest_plan(self.edited) if self.is_flat else Direct(self.edited)
        if isinstance(plan, FastPath):
            width = output.shape[1]  # all that is kept of a piece
            n_threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        else:  # Operations are large enough for torch to share them between threads.
            width, n_threads = self.edited.width(self.example), 1
        rows = batch_size(width, len(sizes) * plan.orders_at_once, self.device)
        masks = AblationMasks(
            orders,
            sizes,
            list(self.columns.values()),
            None if fill is None else torch.as_tensor(fill),
        )
        blocks = self._blocks(rows, truth, groups)
        return measure(plan, n_threads, masks, blocks, width, kept, advance)

    def _blocks(
        self, rows: int, truth: IntArray, groups: FloatArray
    ) -> Iterator[tuple[Any, torch.Tensor, torch.Tensor]]:
        start = 0
        for batch in self.subject.batches(self.data, rows):
            part = slice(start, start + length(batch))
            yield (
                batch,
                torch.as_tensor(truth[part], device=self.device),
                torch.as_tensor(groups[:, part], dtype=torch.float32, device=self.device),
            )
            start = part.stop


def _outputs(outputs: Sequence[int] | None, n_outputs: int) -> IntArray:
    if outputs is None:
        return np.arange(n_outputs)
    return _checks.indices("outputs", outputs, n_outputs, at_least=1, of="output")


def _groups(
    given: Sequence[Factors], clusters: Any, truth: IntArray, n: int
) -> tuple[FloatArray, list[str]]:
    """Return which samples belong to which group, (n_groups, n), and the groups' names."""
    members: list[AnyArray] = [np.ones(n)]
    names = ["all"]
    if clusters is None:
        for factors in given:
            names.append(factors.name)
            members.append(np.isin(np.arange(n), factors.indices))
    else:
        found = _checks.groups("clusters", clusters, n)
        names += [f"cluster {label}" for label in np.unique(found)]
        members += [found == label for label in np.unique(found)]
    for label in np.unique(truth):
        names.append(f"class {label}")
        members.append(truth == label)
    return np.stack(members).astype(np.float64), names


def _check_columns(factors: Factors, first: Factors, n: int) -> None:
    _checks.require(
        list(factors.feature_names) == list(first.feature_names),
        f"(directions): {factors.name}",
        f"must have the same columns as {first.name}",
        "Pass the factors of one fit.",
    )
    _checks.require(
        len(factors.indices) > 0 and int(factors.indices.max()) < n,
        f"(data) of {n} samples",
        f"must hold the samples of {factors.name}",
        "Pass the data that were given to record.",
    )


def _distinct(orders: list[IntArray], sizes: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Return the orders that ablate different nodes, and the place of each order among them."""
    known: dict[tuple[frozenset[int], ...], int] = {}
    kept: list[IntArray] = []
    place: list[int] = []
    for order in orders:
        key = tuple(frozenset(order[a:b].tolist()) for a, b in pairwise((0, *sizes)))
        if key not in known:
            known[key] = len(kept)
            kept.append(order)
        place.append(known[key])
    return np.stack(kept), np.array(place)


def _baseline(
    output: Float32Array, truth: IntArray, groups: FloatArray, kept: IntArray
) -> FloatArray:
    hits = output.argmax(axis=1) == truth
    baseline: FloatArray = groups @ np.column_stack([output[:, kept], hits])
    return baseline
