"""Measure how well factors recover known groups of variables."""

from typing import Any, NamedTuple

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatArray


class Recovery(NamedTuple):
    """How well factors recover known groups: cosine distances are best at 0, areas at 1."""

    group_cosine: float
    group_auc: float
    top_cosine: float
    top_auc: float


@_checks.named
def group_recovery(groups: Any, mutual_information: Any) -> Recovery:
    """Measure how well factors recover known groups of variables.

    A factor recovers a group if it shares much information with the group's variables and none with
    others. It is compared with a group in two ways: by the cosine distance between its mutual
    information and the group's indicator, and by the area under the precision-recall curve when
    mutual information is used to find the members. `group_` figures say whether each group is
    found: the mean over groups of the best factor (Kerby, White and Moon 2024, algorithm 1). `top_`
    figures say whether the factors found are groups: the mean over the first five factors of the
    best group (algorithm 2).

    Parameters
    ----------
    groups : array-like of shape (n_groups, n_features)
        1 or True if a variable is in a group.
    mutual_information : array-like of shape (n_factors, n_features)
        ``mutual_information_`` of a fit. Rows in order of falling total correlation, as CorEx
        estimators sort them.

    Returns
    -------
    Recovery
        With the fields group_cosine, group_auc, top_cosine and top_auc. A factor without any mutual
        information has distance 1.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.1 and appendix A.

    Examples
    --------
    >>> groups = [[1, 1, 0, 0], [0, 0, 1, 1]]
    >>> found = group_recovery(groups, [[0.9, 0.9, 0.0, 0.0], [0.0, 0.4, 0.4, 0.3]])
    >>> [round(figure, 3) for figure in found]
    [0.113, 0.833, 0.113, 0.833]
    """
    members = _checks.samples(groups, name="groups", min_samples=1) != 0
    shared = _checks.samples(mutual_information, name="mutual_information", min_samples=1)
    _checks.require(
        members.shape[1] == shared.shape[1],
        f"(mutual_information={_checks.show(shared)})",
        f"must have one column for each variable, {members.shape[1]}",
        "Pass mutual_information_ of a fit to the variables of the groups.",
    )
    _checks.require(
        bool(members.any(axis=1).all()),
        f"(groups={_checks.show(members)})",
        "must have a member in every group",
        "Leave out empty groups.",
    )
    distance = _cosine_distance(members, shared)
    area = _areas(members, np.asarray(shared, dtype=np.float64))
    top = slice(5)  # the paper's number, also where there are four groups
    return Recovery(
        group_cosine=float(distance.min(axis=1).mean()),
        group_auc=float(area.max(axis=1).mean()),
        top_cosine=float(distance.min(axis=0)[top].mean()),
        top_auc=float(area.max(axis=0)[top].mean()),
    )


def _cosine_distance(groups: Any, factors: Any) -> FloatArray:
    lengths = np.sqrt(groups.sum(axis=1))[:, None] * np.linalg.norm(factors, axis=1)
    # A factor of zeros has no direction. SciPy would give 0, which is perfect, or NaN.
    cosine = np.divide(groups @ factors.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    result: FloatArray = 1.0 - np.minimum(cosine, 1.0)
    return result


def _areas(groups: BoolArray, factors: FloatArray) -> FloatArray:
    """Return the areas under the precision-recall curves, of each group by each factor.

    By the trapezoidal rule, as in the paper's program; variables with equal information are found
    at once.
    """
    order = np.argsort(-factors, axis=1, kind="stable")
    falling = np.take_along_axis(factors, order, axis=1)
    # Where the last of the variables with the same information stands.
    ends = np.array([np.searchsorted(-row, -row, side="right") - 1 for row in falling])
    found = np.cumsum(groups[:, order], axis=2)
    found = np.take_along_axis(found, ends[None], axis=2)
    start = np.ones((*found.shape[:2], 1))
    precision = np.concatenate([start, found / (ends + 1)], axis=2)
    recall = np.concatenate([0 * start, found / groups.sum(axis=1)[:, None, None]], axis=2)
    areas: FloatArray = np.trapezoid(precision, recall, axis=2)
    return areas
