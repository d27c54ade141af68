"""Silence the nodes of many factors, and measure what each costs which samples."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import nn
from tqdm.auto import tqdm

from nbinterp import _checks
from nbinterp._typing import AnyArray, Float32Array, FloatArray, IntArray
from nbinterp.network.ablation.context import MODES, target
from nbinterp.network.ablation.masks import AblationMasks
from nbinterp.network.ablation.plans import AblationPlan, Direct, FastPath, shortest, side_ways
from nbinterp.network.ablation.rankings import (
    at_random,
    by_activation_and_weight,
    by_information,
    columns_of,
)
from nbinterp.network.ablation.result import AblationStudy
from nbinterp.network.ablation.sweep import batch_size, measure, widest
from nbinterp.network.data.batches import batches, length
from nbinterp.network.data.rows import n_rows, pick
from nbinterp.network.directions.factors import Factors, chosen, wrong_layer
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.forward import EditedForward, moved, placed, taken
from nbinterp.network.subject.hooks import home


@_checks.named
def ablation_study(
    model: nn.Module,
    data: Any,
    factors: Factors | Sequence[Factors],
    *,
    layer: str,
    labels: Any,
    clusters: Any = None,
    factor: int | Sequence[int] | None = None,
    sizes: Sequence[int] = (5, 10, 20, 50),
    mode: str = "zero",
    outputs: Sequence[int] | None = None,
    n_random: int = 100,
    random_state: int | np.random.RandomState | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> AblationStudy:
    """Silence the nodes that share most with each factor, and measure what that costs.

    Of every factor the first nodes by mutual information are silenced, as many as `sizes` says,
    and all of `data` run through the rest of the network. The same is done with as many random
    nodes, with those of largest mean activation in the factor's cluster, and with those of largest
    weight on the output of the cluster's most frequent class: the mean gradient of that output.

    Parameters
    ----------
    model : torch.nn.Module
        A classifier, from a batch to (b, n_outputs); it is left as it came.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        What was given to `record`: the indices of `factors` are rows of it.
    factors : ClusterFactors or list of them
        Such as ``local.clusters_``; all of the same columns.
    layer : str
        The layer whose nodes are silenced, by its dotted path.
    labels : array of shape (n_samples,)
        The right output of each sample, by its number.
    clusters : array of shape (n_samples,), optional
        The groups to measure beside the classes; None for the samples of each of `factors`.
    factor : int or sequence of int, optional
        Which factors of each cluster; None for the five of largest total correlation.
    sizes : sequence of int
        How many nodes to silence.
    mode : {"zero", "mean", "weights"}
        How; see `ablated`. The mean is that of all `data`.
    outputs : sequence of int, optional
        Which outputs to keep the changes of; None for all.
    n_random : int
        How many draws of random nodes.
    random_state : int, RandomState or None
        Seeds the draws.
    device : str or torch.device, optional
        Where to run; if this is not where the model is, a copy of the model runs there.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    AblationStudy

    Raises
    ------
    ValueError
        If a layer, a size, a label or another setting makes no sense, or outputs are not finite.

    References
    ----------
    Kerby, White and Moon, "Learning local higher-order interactions with total correlation",
    arXiv 2402.04440 (2024), section 3.4, figures 6 and 19. The comparison with other nodes is ours.

    Examples
    --------
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import ablation_study, record
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels, digits = mnist.data[:500] / 255, mnist.target[:500]
    >>> table = record(model, pixels, "h2").concat("h2", output=True)
    >>> local = LocalCorEx(LinearCorEx(4, random_state=0)).fit(table, labels=digits)
    >>> ablation_study(model, pixels, local.clusters_[4], layer="h2", labels=digits, factor=[0, 1])
    AblationStudy('h2', mode='zero': 2 factors × 4 sizes × 12 groups, 100 random draws)
    """
    given: list[Factors] = list(factors) if isinstance(factors, list | tuple) else [factors]  # type: ignore[list-item]
    _checks.require(len(given) > 0, "(factors=[])", "must hold factors", "Pass local.clusters_.")
    _checks.choice("mode", mode, MODES)
    draws = _checks.integer("n_random", n_random, 0)
    model = moved(model, device)
    n = n_rows(data)
    rest = EditedForward(model, layer, target(model, layer, mode))
    first = taken(model, data, *range(min(2, n)))
    shape = tuple(rest.probe(first).shape[1:])
    width, where = widest(model, first), home(model)[0]
    columns = columns_of(given[0], layer, shape)
    if not columns:
        wrong_layer(given[0], layer)
    members = list(columns.values())
    steps = _sizes(sizes, len(columns))
    rec = recorded(model, data, layer, progress=progress)
    right = _labels(labels, n, rec.output)
    kept = _outputs(outputs, rec.output.shape[1])
    groups, names = _groups(given, clusters, right, n, rec.output.shape[1])

    # In mode "weights" too, nodes are chosen by the activations of the layer itself.
    plain = EditedForward(model, layer)
    visible = list(columns_of(given[0], layer, rec[layer].shape[1:]).values())
    cases: list[tuple[str, int]] = []
    rankings: list[IntArray] = []
    rivals: list[int] = []
    others: list[IntArray] = []
    for cluster in given:
        _check_same(cluster, given[0], n)
        if not np.nan_to_num(cluster.mutual_information_).any():
            continue  # too small to fit
        common = int(np.bincount(right[cluster.indices]).argmax())
        size = batch_size(width, 1, where)
        samples = pick(data, cluster.indices)
        others += by_activation_and_weight(plain, samples, visible, common, steps[-1], size)
        for number in chosen(cluster, factor):
            cases.append((cluster.name, number))
            rankings.append(by_information(cluster, number, list(columns), steps[-1]))
            rivals.append(len(others) - 2)
    _checks.require(
        len(cases) > 0,
        "(factors)",
        "must share information with nodes",
        "Fit clusters with more samples.",
    )
    seed = check_random_state(random_state)
    random = list(at_random(len(members), steps[-1], draws, seed)) if draws else []
    orders, where_is = _distinct([*rankings, *others, *random], steps)
    fill = None
    if mode == "mean":
        fill = torch.as_tensor(rec[layer].mean(axis=0, dtype=np.float64).ravel())
    silence = AblationMasks(orders, steps, members, fill)
    way: AblationPlan = Direct(rest)
    if all(len(at) == 1 for at in members) and len(members) == int(np.prod(shape)):
        way = shortest(rest, first)
    ways = side_ways(way, first, torch.get_num_threads() if where.type == "cpu" else 1)
    if isinstance(way, FastPath) and way.parts:
        width = rec.output.shape[1]  # of what is kept of a piece
    else:  # Where inputs are repeated, all of the network runs for each edit.
        width = widest(model, first, None if rest.repeats else way.rest.module)
    rows = batch_size(width, len(steps) * way.orders_at_once, where)

    def blocks() -> Iterator[tuple[Any, torch.Tensor, torch.Tensor]]:
        dtype = home(model)[1]
        start = 0
        for batch in batches(data, rows, dtype):
            stop = start + length(batch)
            yield (
                placed(batch, where),
                torch.as_tensor(right[start:stop], device=where),
                torch.as_tensor(groups[:, start:stop], dtype=torch.float32, device=where),
            )
            start = stop

    total = len(orders) * len(steps) * n
    with tqdm(total=total, desc="ablate", delay=1, disable=not progress, unit="rows") as bar:
        sums = measure(ways, silence, blocks(), width, kept, bar.update)
    counts = groups.sum(axis=1)
    baseline = _baseline(rec.output, right, groups, kept) / counts[:, None]
    change = (sums / counts[:, None] - baseline)[where_is]
    _checks.require(
        bool(np.isfinite(change).all()),
        f"(layer={layer!r})",
        "must give finite outputs when its nodes are silenced",
        "Look for what makes NaN or infinite values in the network.",
    )
    n_cases = len(cases)
    rival = change[n_cases : n_cases + len(others)]
    return AblationStudy(
        layer=layer,
        mode=mode,
        sizes=steps,
        cases=tuple(cases),
        groups=tuple(names),
        group_sizes=counts.astype(np.int64),
        output_names=tuple(rec.output_names[i] for i in kept),
        baseline=baseline,
        change=change[:n_cases],
        random=change[n_cases + len(others) :],
        by_activation=rival[rivals],
        by_weight=rival[np.array(rivals) + 1],
    )


def _sizes(sizes: Sequence[int], n_nodes: int) -> tuple[int, ...]:
    asked = np.atleast_1d(np.asarray(sizes, dtype=object))
    _checks.require(len(asked) > 0, "(sizes=[])", "must hold a number of nodes", "Use (5, 10, 20).")
    checked = {
        _checks.integer("sizes", size, 1, n_nodes, of="the number of nodes") for size in asked
    }
    return tuple(sorted(checked))


def _labels(labels: Any, n: int, output: Float32Array) -> IntArray:
    _checks.require(
        output.ndim == 2,
        f"(model) with outputs of shape {output.shape[1:]}",
        "must give one row of outputs a sample",
        "Wrap the model so that it returns (b, n_classes).",
    )
    return _checks.classes("labels", labels, n, output.shape[1])


def _outputs(outputs: Sequence[int] | None, n_outputs: int) -> IntArray:
    if outputs is None:
        return np.arange(n_outputs)
    return _checks.indices("outputs", outputs, n_outputs)


def _groups(
    given: Sequence[Factors], clusters: Any, right: IntArray, n: int, n_outputs: int
) -> tuple[FloatArray, list[str]]:
    """Return which samples belong to which group, (n_groups, n), and the groups' names."""
    members: list[AnyArray] = [np.ones(n)]
    names = ["all"]
    if clusters is None:
        for cluster in given:
            names.append(cluster.name)
            members.append(np.isin(np.arange(n), cluster.indices))
    else:
        found = _checks.labels("clusters", clusters, n)
        names += [f"cluster {label}" for label in np.unique(found)]
        members += [found == label for label in np.unique(found)]
    for label in np.unique(right):
        names.append(f"class {label}")
        members.append(right == label)
    return np.stack(members).astype(np.float64), names


def _check_same(cluster: Factors, first: Factors, n: int) -> None:
    _checks.require(
        list(cluster.feature_names) == list(first.feature_names),
        f"(factors): {cluster.name}",
        f"must have the same columns as {first.name}",
        "Pass the factors of one fit.",
    )
    _checks.require(
        len(cluster.indices) > 0 and int(cluster.indices.max()) < n,
        f"(data) of {n} samples",
        f"must hold the samples of {cluster.name}",
        "Pass the data that were given to record.",
    )


def _distinct(orders: list[IntArray], sizes: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Return orders without those that silence the same nodes, and where each has gone."""
    known: dict[tuple[frozenset[int], ...], int] = {}
    starts = (0, *sizes)
    kept: list[IntArray] = []
    where: list[int] = []
    for order in orders:
        key = tuple(frozenset(order[a:b].tolist()) for a, b in zip(starts, sizes, strict=False))
        if key not in known:
            known[key] = len(kept)
            kept.append(order)
        where.append(known[key])
    return np.stack(kept), np.array(where)


def _baseline(
    output: Float32Array,
    right: IntArray,
    groups: FloatArray,
    kept: IntArray,
) -> FloatArray:
    hits = output.argmax(axis=1) == right
    baseline: FloatArray = groups @ np.column_stack([output[:, kept], hits])
    return baseline
