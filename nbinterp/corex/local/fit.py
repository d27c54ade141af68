"""Fit groups of rows, each beside a copy with shuffled columns."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks, _device
from nbinterp._numerics.parallel import interruptible, parallel_map
from nbinterp._numerics.progress import ProgressToken, current_token, progress_bar
from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.corex.linear.correlation import product_of
from nbinterp.corex.linear.estimator import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.linear.gaussianize import Columns, learn_columns
from nbinterp.corex.linear.linearcorex import fit_with_package
from nbinterp.corex.linear.operators import Product, Scores
from nbinterp.corex.linear.settings import Settings, checked_settings
from nbinterp.corex.linear.solver import Factors, Problem, fit_problems, random_start
from nbinterp.corex.local.result import ClusterFactors

_CHANCE = 0.99  # share of the cells of a null that count as chance
_FILTERS_LOCK = threading.Lock()  # warning filters are the process's: two threads would mix them


def fit_groups(
    corex: Any,
    data: FloatingArray,
    groups: Sequence[tuple[str, IntArray]],
    feature_names: list[str],
    n_labels: int = 0,
) -> list[ClusterFactors]:
    """Return the factors of each named group of rows, fitted beside their nulls.

    The last `n_labels` columns are classes of the samples.
    """
    found = _fit_all(corex, data, groups, feature_names)
    return [replace(each, n_labels=n_labels) for each in found] if n_labels else found


def _fit_all(
    corex: Any,
    data: FloatingArray,
    groups: Sequence[tuple[str, IntArray]],
    feature_names: list[str],
) -> list[ClusterFactors]:
    if isinstance(corex, LinearCorEx):
        return _fit_together(corex, data, groups, feature_names)
    current_token().expect(2 * len(groups), "fit")
    bar = progress_bar(groups, desc=type(corex).__name__, shown=getattr(corex, "progress", True))
    return [_fit_one(corex, data[rows], name, rows, feature_names) for name, rows in bar]


def _fit_together(
    corex: LinearCorEx,
    data: FloatingArray,
    groups: Sequence[tuple[str, IntArray]],
    feature_names: list[str],
) -> list[ClusterFactors]:
    """Return the factors of all groups, fitted with their nulls as one batch."""
    settings = checked_settings(corex, data.shape[1])
    device, token = _device.of(corex), current_token()
    starts, tasks = [], []
    for _, rows in groups:
        # One generator per group: a group's factors do not depend on what is fitted beside it.
        rng = _checks.generator(corex.random_state)
        starts.append(random_start(rng, settings.n_restarts, settings.n_factors, data.shape[1]))
        seed = int(rng.randint(2**31))
        tasks.append(partial(_prepare, data, rows, corex.gaussianize, seed, device, token))
    prepared = parallel_map(tasks, device, always_workers=True, stop=token.stop)
    problems = []
    for (_, own, null), start in zip(prepared, starts, strict=True):
        problems += [Problem(own, start), Problem(null, start[:1], coarse=True)]
    if corex.engine == "linearcorex":
        owns = [
            fit_with_package(
                columns.apply(data[rows]), own, settings, _checks.generator(corex.random_state)
            )
            if bool((own.variances() > 0).any())
            else [Factors.none(settings.n_factors, data.shape[1])]
            for (_, rows), (columns, own, _) in zip(groups, prepared, strict=True)
        ]
        nulls = fit_problems(problems[1::2], settings)
    else:
        solved = fit_problems(problems, settings)
        owns, nulls = solved[::2], solved[1::2]
    return [
        _result(
            name, rows, feature_names, columns, own[0], null[0], _note(len(rows), own[0], settings)
        )
        for (name, rows), (columns, _, _), own, null in zip(
            groups, prepared, owns, nulls, strict=True
        )
    ]


def _prepare(
    data: FloatingArray,
    rows: IntArray,
    method: str,
    seed: int,
    device: torch.device,
    token: ProgressToken,
) -> tuple[Columns, Product, Product]:
    """Return the columns of a group, its correlations, and those after shuffling."""
    own = data[rows]
    columns = learn_columns(own, method if len(rows) >= MIN_SAMPLES else "standard")
    if len(rows) < MIN_SAMPLES or token.stop.is_set():
        shape = (1, 0, data.shape[1])
        nothing = Scores(torch.zeros(shape, dtype=torch.float64, device=device))
        return columns, nothing, nothing
    shuffled = np.random.default_rng(seed).permuted(own, axis=0)
    return (
        columns,
        product_of(columns, own, device),
        product_of(columns, shuffled, device),
    )


def chance_level(information: FloatArray) -> float:
    """Return the mutual information that 99 % of the cells of a null, (m, p), stay below.

    Each factor's largest cell is left out: a factor of shuffled data often takes one column for
    itself, which tells much of that column and nothing of what columns share.
    """
    varying = information[:, information.any(axis=0)]
    shared = np.sort(varying, axis=1)[:, :-1]
    return float(np.quantile(shared, _CHANCE)) if shared.size else 0.0


def _why_not_fitted(n_samples: int) -> str:
    if n_samples < MIN_SAMPLES:
        return f"Not fitted: {n_samples} samples, of at least {MIN_SAMPLES}."
    return "Not fitted: no column varies."


def _note(n_samples: int, factors: Factors, settings: Settings) -> str:
    """Return what to know before trusting the factors."""
    if not factors.history:
        return _why_not_fitted(n_samples)
    notes = []
    if not factors.converged:
        notes.append(f"Not converged in max_iter={settings.max_iter} iterations.")
    if factors.copies:
        notes.append(factors.on_copies(settings.noise_floor))
    return " ".join(notes)


def _result(
    name: str,
    rows: IntArray,
    feature_names: list[str],
    columns: Columns,
    own: Factors,
    null: Factors,
    note: str,
) -> ClusterFactors:
    return ClusterFactors(
        name=name,
        indices=rows,
        feature_names=feature_names,
        weights_=own.weights,
        correlation_=own.correlation,
        mutual_information_=own.mutual_information,
        total_correlation_=own.total_correlation,
        total_correlations_=own.total_correlations,
        n_iter_=own.n_iter,
        converged_=own.converged,
        history_=list(own.history),
        null_total_correlation_=null.total_correlation,
        null_mutual_information_=chance_level(null.mutual_information),
        note=note,
        _columns=columns,
    )


def _fit_one(
    corex: Any, own: FloatingArray, name: str, rows: IntArray, feature_names: list[str]
) -> ClusterFactors:
    """Return the factors that any CorEx finds in a group."""
    columns = learn_columns(own, "standard")
    if len(rows) < MIN_SAMPLES or not columns.scale.any():
        m = corex.get_params(deep=False).get("n_factors") or 0
        nothing = Factors.none(m, own.shape[1])
        why = _why_not_fitted(len(rows))
        return _result(name, rows, feature_names, columns, nothing, nothing, why)
    # What takes no seed is taken to need none: its null should not differ from run to run either.
    # A clone's generator: a group's factors do not depend on what was fitted before it.
    rng = _checks.generator(getattr(clone(corex), "random_state", 0))
    shuffle = np.random.default_rng(rng.randint(2**31)).permuted
    shuffled = interruptible(partial(shuffle, own, axis=0))
    token = current_token()
    found = []
    for each in (own, shuffled):
        token.raise_if_cancelled()
        found.append(fit_clone(corex, each))
        token.done()
    fitted, null = found
    mutual_information = np.asarray(fitted.mutual_information_, dtype=np.float64)
    n_iter, history = getattr(fitted, "n_iter_", 0), getattr(fitted, "history_", [])
    converged = bool(getattr(fitted, "converged_", True))
    return ClusterFactors(
        name=name,
        indices=rows,
        feature_names=feature_names,
        weights_=np.asarray(getattr(fitted, "weights_", np.full_like(mutual_information, np.nan))),
        correlation_=_correlation(fitted, own, columns),
        mutual_information_=mutual_information,
        total_correlation_=_total(fitted),
        total_correlations_=np.asarray(fitted.total_correlations_, dtype=np.float64),
        n_iter_=n_iter,
        converged_=converged,
        history_=list(history) if isinstance(history, list) else [np.asarray(history)],
        null_total_correlation_=_total(null),
        null_mutual_information_=chance_level(np.asarray(null.mutual_information_)),
        note="" if converged else f"Not converged in {n_iter} iterations.",
        _estimator=fitted,
    )


def fit_clone(corex: Any, data: FloatingArray) -> Any:
    """Return a clone of `corex` fitted to `data` without a bar; refuse what is no CorEx."""
    estimator = clone(corex)
    if hasattr(estimator, "progress"):
        estimator.set_params(progress=False)  # there is a bar over the groups
    with _FILTERS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `converged_` says it
        estimator.fit(data)
    found = [
        np.asarray(getattr(estimator, attribute, None)).shape
        for attribute in ("mutual_information_", "total_correlations_")
    ]
    with _checks.call("LocalCorEx"):
        _checks.require(
            len(found[0]) == 2 and found[0][1] == data.shape[1] and found[1] == found[0][:1],
            f"(corex={_checks.show(corex)})",
            "must be a CorEx: after fit it must have mutual_information_ of shape "
            "(n_factors, n_features) and total_correlations_ of shape (n_factors,)",
            "Use LinearCorEx(…) or BioCorEx(…).",
            TypeError,
        )
    return estimator


def _total(fitted: Any) -> float:
    """Return what all factors explain together; their sum, where the method knows no better."""
    return float(getattr(fitted, "total_correlation_", np.sum(fitted.total_correlations_)))


def _correlation(fitted: Any, data: FloatingArray, columns: Columns) -> FloatArray:
    """Return the correlation ``(m, p)`` of factor values with the observed entries of columns."""
    shape = np.shape(fitted.mutual_information_)
    if hasattr(fitted, "correlation_"):
        own: FloatArray = np.asarray(fitted.correlation_, dtype=np.float64)
        return own
    if not hasattr(fitted, "transform"):
        return np.full(shape, np.nan)
    values = np.asarray(fitted.transform(data), dtype=np.float64)
    values = values - values.mean(0)
    seen = ~np.isnan(data)
    x = np.nan_to_num(columns.apply(data))
    # The mean of a factor differs from column to column where their missing rows do.
    raw, sums = (values**2).T @ seen, values.T @ seen
    squares = raw - sums**2 / np.maximum(seen.sum(0), 1)
    varies = (squares > 1e-9 * raw) & (columns.scale > 0)
    scale = np.sqrt(np.where(varies, squares * (x**2).sum(0), 1.0))
    result: FloatArray = np.where(varies, values.T @ x / scale, 0.0)
    return result
