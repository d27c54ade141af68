"""Measure with CorEx how dropout changes what hidden nodes share, on trained pairs."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from nbinterp import _checks, _device
from nbinterp._numerics.progress import current_token, progress_bar, tracking
from nbinterp._typing import AnyArray, FloatingArray, IntArray
from nbinterp.corex.linear.estimator import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.local.estimator import LocalCorEx
from nbinterp.network.dropout.result import DropoutStudy, Widths, dashed, layer_names, measured
from nbinterp.network.dropout.twins import (
    classifier,
    shuffled_batches,
    train_together,
    with_dropout,
)
from nbinterp.network.recording.record import record
from nbinterp.network.subject.settings import plain_settings

_UNLIKE = 100.0  # times the median spread


class _Training(NamedTuple):
    """Settings of the training of pairs."""

    n_pairs: int
    dropout: float
    epochs: int
    batch_size: int
    learning_rate: float
    device: torch.device
    progress: bool


@_checks.named
@plain_settings()
def dropout_study(
    data: Any,
    y: Any,
    test_data: Any,
    test_y: Any,
    *,
    samples: Any = None,
    hidden: Iterable[Sequence[int]] = ((200, 200), (200, 200, 200)),
    dropout: float = 0.5,
    n_pairs: int = 10,
    corex: LinearCorEx | None = None,
    epochs: int = 16,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    device: str | torch.device = "auto",
    random_state: int | np.random.RandomState | None = None,
    progress: bool = True,
) -> DropoutStudy:
    """Train pairs of classifiers with and without dropout, and compare their total correlation.

    The two networks of a pair start with the same weights and see the same batches; only one of
    them uses dropout. All networks of one architecture are trained together as one batch. Then
    Linear CorEx is fitted to the activations of each hidden layer (after the nonlinearity, in eval
    mode) for one group of samples. Total correlation, in nats, is the information that the nodes
    share.

    Parameters
    ----------
    data, y : array-like of shape (n_samples, n_inputs) and (n_samples,)
        The training samples, any numbers, and their classes. They are standardized inside: all
        columns alike, or each by itself if one varies far more than most, as in tables.
    test_data, test_y : array-like of shape (n_test, n_inputs) and (n_test,)
        The samples to measure accuracy on, best held out, and their classes, written as in `y`.
    samples : array-like of int, or boolean mask of shape (n_test,), optional
        The test samples whose activations are measured, such as a cluster; by default all.
    hidden : iterable of sequences of int
        The hidden widths of each architecture to train.
    dropout : float
        The share of nodes set to zero in training, above 0 and at most 0.95. The paper does not
        state its rate; its authors' runs are named after 0.5.
    n_pairs : int
        Pairs of each architecture.
    corex : LinearCorEx or None
        The estimator of total correlation; None is ``LinearCorEx(n_factors=5)``.
    epochs, batch_size, learning_rate : int, int, float
        Settings of the training, with Adam.
    device : str or torch.device, default="auto"
        Where to train and measure; ``"auto"`` is CUDA if there is one, else the CPU.
    random_state : int, RandomState or None
        Seeds the initial weights, the order of samples (another for each pair), dropout and the
        starts of CorEx.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    DropoutStudy

    Raises
    ------
    ValueError
        If data and classes do not match, a setting is out of range, or `corex` has more factors
        than a layer has nodes.

    Notes
    -----
    Total correlation is at least that of the null (the same nodes with their values shuffled),
    which grows with nodes and falls with samples: compare layers above their nulls. The last stage
    of every fit is in float64. Nodes that are constant on the measured samples are left out and
    counted; copies of nodes, whose total correlation would be infinite, are kept finite by
    `LinearCorEx`'s `noise_floor`.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4, table 2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from nbinterp.network import dropout_study
    >>> X, y = load_digits(return_X_y=True)
    >>> study = dropout_study(X[:1200], y[:1200], X[1200:], y[1200:], hidden=[(20, 20)],
    ...                       n_pairs=2, epochs=3, random_state=0, progress=False)
    >>> study.summary()[["plain", "dropout"]].shape
    (2, 2)
    """
    inputs, classes, codes = _labelled("data", data, "y", y)
    test_inputs, _, test_codes = _labelled("test_data", test_data, "test_y", test_y, classes)
    _checks.require(
        test_inputs.shape[1] == inputs.shape[1],
        f"(test_data={_checks.show(test_inputs)})",
        f"must have as many columns as data, {inputs.shape[1]}",
        "Pass the same columns.",
    )
    n_test = len(test_inputs)
    chosen = np.arange(n_test) if samples is None else samples
    rows = _checks.indices("samples", chosen, n_test, at_least=MIN_SAMPLES)
    architectures = _architectures(hidden)
    training = _Training(
        _checks.integer("n_pairs", n_pairs, 1),
        _checks.real("dropout", dropout, 0.0, 0.95, open_low=True),
        _checks.integer("epochs", epochs, 1),
        _checks.integer(
            "batch_size", batch_size, 2, len(inputs), of="the number of training samples"
        ),
        _checks.real("learning_rate", learning_rate, 0.0, open_low=True),
        _device.resolve(device),
        _checks.boolean("progress", progress),
    )
    measure = LinearCorEx(n_factors=5) if corex is None else corex
    _check_measure(measure, min(min(widths) for widths in architectures))
    rng = _checks.generator(random_state)

    frames, networks = [], {}
    for widths in architectures:
        seed = int(rng.randint(2**31))
        pairs = _trained(inputs, codes, len(classes), widths, training, seed)
        recordings = [
            record(network, test_inputs, layer_names(widths), progress=False)
            for network in chain.from_iterable(pairs)
        ]
        # Sets seed and device of its corex if these are not set.
        local = LocalCorEx(measure, device=str(training.device), random_state=seed)
        with nullcontext() if training.progress else tracking(current_token()):  # shows no bar
            frames.append(measured(recordings, rows, test_codes, widths, training.dropout, local))
        networks[widths] = pairs
    return DropoutStudy(pd.concat(frames, ignore_index=True), networks)


def _trained(
    data: FloatingArray,
    codes: IntArray,
    n_classes: int,
    widths: Widths,
    training: _Training,
    seed: int,
) -> list[tuple[nn.Module, nn.Module]]:
    """Return trained pairs of networks without and with dropout."""
    where, n_pairs = training.device, training.n_pairs
    inputs = torch.as_tensor(data, dtype=torch.float32, device=where)
    mean, deviation = _standard(inputs)
    # Initial weights and dropout draw from torch's global generators: these are restored.
    with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
        torch.manual_seed(seed)
        plain = [
            classifier(inputs.shape[1], widths, n_classes, mean=mean, deviation=deviation)
            for _ in range(n_pairs)
        ]
        pairs = [(network, with_dropout(network, training.dropout)) for network in plain]
        batches = shuffled_batches(
            len(inputs),
            training.batch_size,
            training.epochs,
            n_pairs,
            torch.Generator().manual_seed(seed),
        )
        bar = progress_bar(
            batches,
            desc=f"{2 * n_pairs} networks {dashed(widths)}",
            total=training.epochs * (len(inputs) // training.batch_size),
            shown=training.progress,
        )
        train_together(
            list(chain.from_iterable(pairs)),
            inputs,
            torch.as_tensor(codes, device=where),
            (rows.repeat_interleave(2, dim=0) for rows in bar),
            learning_rate=training.learning_rate,
        )
    return pairs


def _standard(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean and deviation of all inputs, or of each if they have different units.

    Pixels have one unit, however little some of them vary; no image has one that varies a hundred
    times as much as half of the others.
    """
    own = inputs.std(dim=0)
    varies = own > 0
    if own.max() <= _UNLIKE * own[varies].median():
        return inputs.mean().cpu(), inputs.std().cpu()
    return inputs.mean(dim=0).cpu(), torch.where(varies, own, 1.0).cpu()


def _labelled(
    name: str, data: Any, y_name: str, y: Any, known: AnyArray | None = None
) -> tuple[FloatingArray, AnyArray, IntArray]:
    """Return samples, classes and the number of each sample's class, of the `known` if given."""
    inputs = _checks.samples(data, name=name)
    _checks.same_order(y_name, y, data)
    labels = _checks.class_labels(y_name, y, len(inputs))
    classes = np.unique(labels) if known is None else known
    _checks.require(
        len(classes) > 1 and inputs.std() > 0,
        f"({name}={_checks.show(inputs)})",
        "must hold samples that differ, of two classes or more",
        "Pass data that a classifier can learn from.",
    )
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    codes = [numbers.get(label, -1) for label in labels.tolist()]
    if -1 in codes:  # such as names for numbers: each would count as a wrong answer
        _checks.fail(
            f"({y_name}={_checks.show(y)})",
            f"must be classes of y, but {labels.tolist()[codes.index(-1)]!r} is none",
            "Write both alike, and leave out samples of other classes.",
        )
    return inputs, classes, np.array(codes, dtype=np.int64)


def _architectures(hidden: Any) -> list[Widths]:
    """Return the hidden widths of each architecture, checked."""
    listed = list(hidden) if isinstance(hidden, Iterable) else []
    _checks.require(
        bool(listed) and all(isinstance(widths, Sequence) and len(widths) for widths in listed),
        f"(hidden={_checks.show(hidden)})",
        "must be a sequence of architectures, each the widths of its hidden layers",
        "Pass a list such as [(200, 200)].",
    )
    distinct = dict.fromkeys(
        tuple(_checks.integer("hidden", width, 1) for width in widths) for widths in listed
    )
    return list(distinct)


def _check_measure(corex: Any, n_nodes: int) -> None:
    _checks.require(
        isinstance(corex, LinearCorEx),
        f"(corex={_checks.show(corex)})",
        "must be a LinearCorEx",
        "Pass LinearCorEx(n_factors=5), or leave it out.",
        TypeError,
    )
    if corex.n_factors is None:
        return
    # Before the training, not after.
    with _checks.call("LinearCorEx"):
        _checks.integer(
            "n_factors",
            corex.n_factors,
            1,
            n_nodes,
            of="the nodes of the narrowest layer",
            remedy="Use fewer factors or wider layers.",
        )
