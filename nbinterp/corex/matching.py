"""Match the factors of two fits."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from nbinterp import _checks
from nbinterp._typing import FloatArray


def similarity(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the cosines ``(m, m')`` between rows of mutual information; 0 for an empty row."""
    lengths = np.linalg.norm(first, axis=1)[:, None] * np.linalg.norm(second, axis=1)
    cosines: FloatArray = first @ second.T / np.where(lengths > 0, lengths, 1.0)
    return cosines


def assign(first: FloatArray, second: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return the row of `second` for each row of `first` (-1 for none), and their cosines.

    One to one, with the largest sum of cosines (Hungarian method).
    """
    cosines = similarity(first, second)
    rows, columns = linear_sum_assignment(-cosines)
    partner, cosine = np.full(len(first), -1, dtype=np.intp), np.zeros(len(first))
    partner[rows], cosine[rows] = columns, cosines[rows, columns]
    return partner, cosine


def stability(best: FloatArray, others: list[FloatArray]) -> FloatArray:
    """Return the mean cosine of each row of `best` to its partner in each of `others`."""
    cosines: FloatArray = np.mean([assign(best, other)[1] for other in others], axis=0)
    return cosines


def known_stable(factors: Any, *, computes: bool = True) -> list[bool | None]:
    """Return whether each factor is found again in halves of its samples; None if not known.

    Without `computes`, None too where nobody has asked for `ClusterFactors.comparison_`, which
    takes as long as a fit.
    """
    asks = computes or getattr(factors, "is_compared", True)
    stable = getattr(factors, "stable_", None) if asks else None
    return (
        [None] * len(factors.mutual_information_) if stable is None else np.asarray(stable).tolist()
    )


def known_unstable(factors: Any, numbers: Sequence[int]) -> list[int]:
    """Return which of the factors `numbers` are known not to be stable; nothing is computed."""
    stable = known_stable(factors, computes=False)
    return [number for number in numbers if stable[number] is False]


def listed_factors(numbers: Iterable[int]) -> str:
    """Return numbers of factors as text.

    Examples
    --------
    >>> listed_factors([2]), listed_factors([0, 3])
    ('factor 2', 'factors 0, 3')
    """
    texts = [str(number) for number in numbers]
    return f"factor{'s' * (len(texts) > 1)} {', '.join(texts)}"


@_checks.named
def match_factors(first: Any, second: Any, *, n: int = 5) -> pd.DataFrame:
    """Return which factor of one cluster is which of another, and what differs between them.

    Parameters
    ----------
    first, second : ClusterFactors
        Of the same variables, such as two of ``LocalCorEx.clusters_``.
    n : int, default=5
        How many nodes to name in `gained` and `lost`.

    Returns
    -------
    DataFrame
        One row per factor of `first`: `factor`, `partner` (the factor of `second`, -1 if it has
        none), `similarity` (cosine of their mutual information, 0 to 1), the nodes whose mutual
        information is higher in the partner (`gained`) or lower (`lost`) by the most, and whether
        both are found again in halves of their samples (`stable`, `partner_stable`; None if that
        is not known). That takes as long as a fit, once; see `ClusterFactors.comparison_`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> local = LocalCorEx(LinearCorEx(2), random_state=0).fit(X, clusters=y)
    >>> match_factors(local.clusters_[0], local.clusters_[0])["similarity"].round(6).tolist()
    [1.0, 1.0]
    """
    for name, factors in (("first", first), ("second", second)):
        _checks.require(
            hasattr(factors, "feature_names") and hasattr(factors, "mutual_information_"),
            f"({name}={_checks.show(factors)})",
            "must be ClusterFactors",
            "Pass one of local.clusters_, or what fit_selection returned.",
            TypeError,
        )
    names = first.feature_names
    _checks.require(
        names == second.feature_names,
        "(second=…)",
        "must have the same variables as the first",
        "Pass two clusters of one LocalCorEx.",
    )
    count = _checks.integer("n", n, 1)
    partner, cosine = assign(first.mutual_information_, second.mutual_information_)
    stable, known = known_stable(first), known_stable(second)
    gained, lost = [], []
    for row, other in zip(first.mutual_information_, partner, strict=True):
        change = (second.mutual_information_[other] if other >= 0 else 0.0) - row
        order = np.argsort(change, kind="stable")
        lost.append([names[i] for i in order[:count] if change[i] < 0])
        gained.append([names[i] for i in order[::-1][:count] if change[i] > 0])
    return pd.DataFrame(
        {
            "factor": np.arange(len(partner)),
            "partner": partner,
            "similarity": cosine,
            "gained": gained,
            "lost": lost,
            "stable": stable,
            "partner_stable": [known[other] if other >= 0 else None for other in partner],
        }
    )
