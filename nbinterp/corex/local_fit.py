"""The fits of Local CorEx: groups of rows, and their shuffled selves, as one batch."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from nbinterp import _device
from nbinterp._checks import Floats
from nbinterp.corex.cluster_factors import ClusterFactors
from nbinterp.corex.correlation import correlation_of
from nbinterp.corex.gaussianize import Columns, learn_columns
from nbinterp.corex.linear import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.problems import Factors, Problem, Settings, fit_problems, random_start

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
    learned: list[Columns] = []
    problems: list[Problem] = []
    fitted_as: list[int | None] = []  # where in `problems` a group stands, its null after it
    for _, rows in groups:
        columns = learn_columns(data[rows], corex.gaussianize)
        learned.append(columns)
        if len(rows) < MIN_SAMPLES or not columns.scale.any():
            fitted_as.append(None)
            continue
        fitted_as.append(len(problems))
        # A generator a group: a group's factors do not depend on what is fitted beside it.
        rng = check_random_state(corex.random_state)
        start = random_start(rng, settings.n_restarts, settings.n_factors, data.shape[1])
        problems.append(Problem(correlation_of(columns, data[rows], device), start))
        shuffled = shuffle_columns(rng, data[rows])
        null = correlation_of(columns, shuffled, device)
        problems.append(Problem(null, start[:1], coarse=True))
    solved = fit_problems(problems, settings)
    out = []
    for (name, rows), columns, place in zip(groups, learned, fitted_as, strict=True):
        if place is None:
            nothing = Factors.none(settings.n_factors, data.shape[1])
            few = len(rows) < MIN_SAMPLES
            note = (
                f"Not fitted: {len(rows)} samples, of at least {MIN_SAMPLES}."
                if few
                else "Not fitted: no column varies."
            )
            out.append(_result(name, rows, feature_names, columns, nothing, nothing, note))
        else:
            own, null_factors = solved[place][0], solved[place + 1][0]
            note = _note(own, settings)
            out.append(_result(name, rows, feature_names, columns, own, null_factors, note))
    return out


def shuffle_columns(rng: np.random.RandomState, data: Floats) -> Floats:
    """Return `data` with every column shuffled by itself."""
    result: Floats = np.random.default_rng(rng.randint(2**31)).permuted(data, axis=0)
    return result


def _note(factors: Factors, settings: Settings) -> str:
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
        null_mutual_information_=float(null.mutual_information.max()),
        note=note,
        _columns=columns,
    )
