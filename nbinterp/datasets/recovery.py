"""How well factors find groups of variables that are known."""

from typing import Any, NamedTuple

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray


class Recovery(NamedTuple):
    """How well factors find known groups; cosine distances are best at 0, areas at 1."""

    group_cosine: float
    group_auc: float
    top_cosine: float
    top_auc: float


@_checks.named
def group_recovery(groups: Any, mutual_information: Any) -> Recovery:
    """Return how well the rows of `mutual_information` point out known groups of variables.

    A factor that finds a group shares much with its variables and nothing with others. A factor is
    compared with a group by the cosine distance between its mutual information and the group's
    indicator, and by the area under the precision-recall curve of telling members by mutual
    information. `group_` figures ask whether every group is found: the mean over groups of the
    best factor (Kerby, White and Moon 2024, algorithm 1). `top_` figures ask whether what is found
    is a group: the mean over the first five factors of the best group (algorithm 2).

    Parameters
    ----------
    groups : array-like of shape (n_groups, n_features)
        1 or True where a variable is in a group.
    mutual_information : array-like of shape (n_factors, n_features)
        Of a fit; rows by falling total correlation, as CorEx estimators sort them.

    Returns
    -------
    Recovery
        Its fields are group_cosine, group_auc, top_cosine and top_auc. A factor that shares
        nothing with any variable is at distance 1.

    References
    ----------
    Kerby, White and Moon, "Learning local higher-order interactions with total correlation",
    arXiv 2402.04440 (2024), section 3.1 and appendix A.

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
        f"must have a column a variable, {members.shape[1]}",
        "Pass mutual_information_ of a fit to the variables of the groups.",
    )
    _checks.require(
        bool(members.any(axis=1).all()),
        f"(groups={_checks.show(members)})",
        "must have a member in every group",
        "Leave empty groups out.",
    )
    distance = _cosine_distance(members, shared)
    area = np.array([[_area(group, factor) for factor in shared] for group in members])
    top = slice(5)  # the paper's number of true groups, also where there are four
    return Recovery(
        group_cosine=float(distance.min(axis=1).mean()),
        group_auc=float(area.max(axis=1).mean()),
        top_cosine=float(distance.min(axis=0)[top].mean()),
        top_auc=float(area.max(axis=0)[top].mean()),
    )


def _cosine_distance(groups: Any, factors: Any) -> FloatArray:
    lengths = np.sqrt(groups.sum(axis=1))[:, None] * np.linalg.norm(factors, axis=1)
    # A factor of zeros has no direction; SciPy calls it 0, which is perfect, or NaN.
    cosine = np.divide(groups @ factors.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    result: FloatArray = 1.0 - np.minimum(cosine, 1.0)
    return result


def _area(group: Any, factor: Any) -> float:
    """Return the area by trapezoids, as the paper's program; average precision is another one."""
    from sklearn.metrics import auc, precision_recall_curve  # slow to import, and seldom needed

    precision, recall, _ = precision_recall_curve(group, factor)
    return float(auc(recall, precision))
