"""The fits of Local CorEx: groups of rows, and their shuffled selves, as one batch."""

import threading
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import check_random_state

from nbinterp import _device
from nbinterp._checks import Floats
from nbinterp.corex.cluster_factors import ClusterFactors
from nbinterp.corex.correlation import product_of
from nbinterp.corex.gaussianize import Columns, learn_columns
from nbinterp.corex.linear import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.package import fit_with_package
from nbinterp.corex.problems import Factors, Problem, fit_problems, random_start
from nbinterp.corex.products import Product, Scores
from nbinterp.corex.settings import Settings
from nbinterp.corex.workers import run_side_by_side

Rows = npt.NDArray[np.int64]


def fit_groups(
    corex: LinearCorEx,
    data: Floats,
    groups: Sequence[tuple[str, Rows]],
    feature_names: list[str],
) -> list[ClusterFactors]:
    """Return the factors of each named group of rows, fitted together with their nulls."""
    settings = corex._settings(data.shape[1])
    device = _device.resolve(type(corex).__name__, corex.device)
    starts, tasks = [], []
    for _, rows in groups:
        # A generator a group: a group's factors do not depend on what is fitted beside it.
        rng = check_random_state(corex.random_state)
        starts.append(random_start(rng, settings.n_restarts, settings.n_factors, data.shape[1]))
        seed = int(rng.randint(2**31))
        tasks.append(partial(_prepare, data, rows, corex.gaussianize, seed, device))
    prepared = run_side_by_side(tasks, device)
    problems = []
    for (_, own, null), start in zip(prepared, starts, strict=True):
        problems += [Problem(own, start), Problem(null, start[:1], coarse=True)]
    if corex.engine == "linearcorex":
        owns = [
            fit_with_package(
                columns.apply(data[rows]), own, settings, check_random_state(corex.random_state)
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
        _result(name, rows, feature_names, columns, own[0], null[0], settings)
        for (name, rows), (columns, _, _), own, null in zip(
            groups, prepared, owns, nulls, strict=True
        )
    ]


def _prepare(
    data: Floats,
    rows: Rows,
    way: str,
    seed: int,
    device: torch.device,
    stop: threading.Event,
) -> tuple[Columns, Product, Product]:
    """Return the columns of a group, its correlations, and those after shuffling."""
    own = data[rows]
    columns = learn_columns(own, way)
    if len(rows) < MIN_SAMPLES or stop.is_set():
        shape = (1, 0, data.shape[1])
        nothing = Scores(torch.zeros(shape, dtype=torch.float64, device=device))
        return columns, nothing, nothing
    shuffled = np.random.default_rng(seed).permuted(own, axis=0)
    return (
        columns,
        product_of(columns, own, device),
        product_of(columns, shuffled, device),
    )


def _note(n_samples: int, factors: Factors, settings: Settings) -> str:
    """Return what to know before trusting the factors."""
    if n_samples < MIN_SAMPLES:
        return f"Not fitted: {n_samples} samples, of at least {MIN_SAMPLES}."
    if not factors.history:
        return "Not fitted: no column varies."
    notes = []
    if not factors.converged:
        notes.append(f"Not converged in max_iter={settings.max_iter} iterations.")
    if factors.copies:
        notes.append(
            f"{factors.copies} columns are copies of others up to "
            f"noise_floor={settings.noise_floor:g}, which alone keeps their total correlation "
            "finite."
        )
    return " ".join(notes)


def _result(
    name: str,
    rows: Rows,
    feature_names: list[str],
    columns: Columns,
    own: Factors,
    null: Factors,
    settings: Settings,
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
        null_mutual_information_=float(null.mutual_information.max()),
        note=_note(len(rows), own, settings),
        _columns=columns,
    )
