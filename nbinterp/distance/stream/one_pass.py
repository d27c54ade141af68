"""Moments of the inputs and pre-activations of a layer, from one pass over the data."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks
from nbinterp._numerics.moments import Moments
from nbinterp._numerics.progress import progress_bar
from nbinterp.distance.stream.groups import Groups
from nbinterp.distance.stream.layer_inputs import rows_of
from nbinterp.distance.stream.sampling import Sampled, Sampler
from nbinterp.network.contract.contract import agreed
from nbinterp.network.data.batches import length, n_batches
from nbinterp.network.subject.hooks import observe_call
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True, eq=False)
class Stream:
    """Moments of the rows that a layer reads, and of the pre-activations of its nodes."""

    n_samples: int
    inputs: Moments  # of all rows
    cluster_inputs: Moments  # of the rows of each cluster, their means only
    nodes: Moments  # of each cluster, up to the fourth power
    positive: Moments  # of each cluster, the share of pre-activations above zero
    sampled: Sampled


def stream(
    subject: Subject,
    layer: str,
    data: Any,
    groups: Groups,
    *,
    conv: str,
    fourth: bool,
    batch_size: int,
    random_state: np.random.RandomState,
    progress: bool,
) -> Stream:
    """Run `subject` over `data` and return moments of the inputs and outputs of `layer`.

    With `fourth`, fourth powers of the lengths of rows too: Ledoit and Wolf's shrinkage needs them.
    """
    module = subject.layer(layer)
    n_clusters = len(groups.names)
    inputs = Moments(products=True, lengths=fourth)
    nodes = Moments(order=4, n_groups=n_clusters)
    positive, cluster_inputs = Moments(n_groups=n_clusters), Moments(n_groups=n_clusters)
    sampler = Sampler(random_state)
    start = stop = n_runs = 0

    def put(x: Tensor, z: Tensor) -> None:
        nonlocal n_runs
        n_runs += 1
        _checks.require(
            x.ndim > 1 and len(x) == len(z) == stop - start,
            f"(layer) that reads an input of shape {tuple(x.shape)}",
            f"must read one item for each sample, {stop - start}, along the first axis",
            "Choose a layer whose input has the samples along its first axis.",
        )
        for samples, rows, made in rows_of(module, x, z, conv):
            first, n = start + samples.start, samples.stop - samples.start
            codes = groups.of(rows, first, n)
            inputs.add(rows)
            cluster_inputs.add(rows, codes)
            nodes.add(made, codes)
            positive.add((made > 0).to(made.dtype), codes)
            sampler.add(first, n, made, codes)

    bar = progress_bar(total=n_batches(data, batch_size), desc="distances", shown=progress)
    with bar, subject.ready():
        given = subject.batches(data, batch_size)
        first = next(given)
        groups.check_count(length(first), whole=False)
        subject = agreed(subject, first, {layer: module}, output=False)
        with observe_call(module, put):
            for batch in chain([first], given):
                start, stop, n_runs = stop, stop + length(batch), 0
                groups.check_count(stop, whole=False)
                subject.call(batch)
                _checks.require(
                    n_runs == 1,
                    "(layer)",
                    f"must run once in the forward pass, but it ran {n_runs} times",
                    "Choose a layer that the forward pass calls exactly once.",
                )
                bar.update()
    groups.check_count(stop, whole=True)
    n_rows = int(inputs.count.sum())
    if n_rows == 0:
        _checks.fail("(data)", "must reach the layer, but no row did", "Pass larger inputs.")
    _checks.require(
        n_rows >= 2,
        "(data)",
        f"must have at least 2 rows at the layer, not {n_rows}, to have a deviation",
        "Pass more samples.",
    )
    _checks.require(
        bool(torch.isfinite(inputs.products.sum() + inputs.mean.sum() + nodes.powers[2].sum())),
        "(data)",
        "must be finite numbers before and after the layer",
        "Look for NaN or infinite values in the network.",
    )
    return Stream(stop, inputs, cluster_inputs, nodes, positive, sampler.result())
