"""Which variables belong to each factor: a scree of its mutual information, with a threshold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import get_tags

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._numerics.elbow import elbow
from nbinterp._typing import BoolArray, FloatArray
from nbinterp.corex.local.fit import chance_level, fit_clone

_PARTS = ("mutual_information_", "total_correlations_")


@dataclass(frozen=True, eq=False)
class Scree(Displayable):
    """The mutual information of each factor with all variables, and which of them belong to it.

    Attributes
    ----------
    name : str
        What was fitted, such as ``"cluster 3"``.
    feature_names : list of str
        The variables.
    mutual_information : array of shape (n_factors, n_features)
        ``I(X_i; Z_j)`` in nats.
    total_correlations : array of shape (n_factors,)
        Of each factor alone, in nats.
    knee : array of shape (n_factors,)
        In nats, of the first variable behind the elbow of the sorted curve: up to there it is level
        ground. 0 for a factor whose curve has no elbow.
    chance : float
        In nats, what shuffled data stay below; NaN if that is not known. See `scree`.
    threshold : array of shape (n_factors,)
        The larger of `knee` and `chance`.
    belongs : array of bool of shape (n_factors, n_features)
        Whether a variable shares more with the factor than the threshold.
    stable : array of bool of shape (n_factors,) or None
        Whether each factor is found again in halves of the samples; None if that is not known.
    """

    name: str
    feature_names: list[str]
    mutual_information: FloatArray
    total_correlations: FloatArray
    knee: FloatArray
    chance: float
    stable: BoolArray | None

    @property
    def threshold(self) -> FloatArray:
        """What a variable must share with each factor to belong to it, in nats."""
        larger: FloatArray = np.fmax(self.knee, self.chance)
        return larger

    @property
    def belongs(self) -> BoolArray:
        """Whether each variable belongs to each factor, shape (n_factors, n_features)."""
        above: BoolArray = self.mutual_information > self.threshold[:, None]
        return above

    @_checks.named
    def members(self, factor: int) -> list[str]:
        """Return the names of the variables that belong to a factor, the strongest first.

        Parameters
        ----------
        factor : int
            Which factor, from 0.

        Returns
        -------
        list of str
            Empty if the factor shares with no variable more than chance gives.
        """
        row = _checks.integer("factor", factor, 0, len(self.knee) - 1, of="the last factor")
        order = np.argsort(-self.mutual_information[row], kind="stable")
        return [self.feature_names[i] for i in order if self.belongs[row, i]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per factor and variable, the strongest of each factor first.

        Columns: factor, place (from 1), node, mutual_information, threshold (both in nats),
        belongs.
        """
        m, p = self.mutual_information.shape
        order = np.argsort(-self.mutual_information, axis=1, kind="stable")
        names = np.array(self.feature_names, dtype=object)
        return pd.DataFrame(
            {
                "factor": np.repeat(np.arange(m), p),
                "place": np.tile(np.arange(1, p + 1), m),
                "node": names[order].ravel(),
                "mutual_information": np.take_along_axis(self.mutual_information, order, 1).ravel(),
                "threshold": np.repeat(self.threshold, p),
                "belongs": np.take_along_axis(self.belongs, order, 1).ravel(),
            }
        )

    def __repr__(self) -> str:
        """Return how many variables each factor has."""
        counts = ", ".join(map(str, self.belongs.sum(1)))
        return f"Scree({self.name!r}, {len(self.feature_names)} variables, of factors: {counts})"


@_checks.named
def scree(
    factors: Any, X: Any = None, *, random_state: int | np.random.RandomState | None = None
) -> Scree:
    """Return which variables belong to each factor.

    Every variable shares something with every factor. Sorted, the values fall steeply and then run
    level, like a slope with rubble at its foot (scree). A variable belongs to a factor if it lies
    before that elbow and above what chance gives.

    Parameters
    ----------
    factors : ClusterFactors, or a fitted LinearCorEx, BioCorEx or another CorEx
        What to read.
    X : array-like, DataFrame or Tensor of shape (n_samples, n_features), optional
        The data of the fit. A copy with shuffled columns is then fitted as they were: 99 % of its
        cells, each factor's largest left out, are chance. Without, `chance` of a fitted estimator
        is NaN and only the elbow decides (mutual information of `BioCorEx` is 0 where permutations
        reach as much). ClusterFactors know their chance level.
    random_state : int, RandomState or None, default=None
        Shuffles the columns.

    Returns
    -------
    Scree

    Raises
    ------
    TypeError
        If `factors` are none.
    ValueError
        If `X` has other columns, or is passed for ClusterFactors.

    Notes
    -----
    The elbow is sought in ``1 - exp(-2 I)``, of a Gaussian variable the share of its variance that
    the factor explains. In nats, a single variable that the factor nearly copies would be far above
    all others, and the elbow right behind it.

    References
    ----------
    Kerby, White and Moon (2024), arXiv 2402.04440, appendix D: a threshold as in scree plots.
    Cattell (1966), "The scree test for the number of factors", Multivariate Behavioral Research 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> parent = rng.normal(size=(300, 1))
    >>> X = np.hstack([parent + rng.normal(size=(300, 3)), rng.normal(size=(300, 5))])
    >>> from nbinterp.corex import LinearCorEx
    >>> found = scree(LinearCorEx(1, random_state=0).fit(X), X, random_state=0)
    >>> sorted(found.members(0))
    ['x0', 'x1', 'x2']
    """
    _checks.require(
        all(hasattr(factors, part) for part in _PARTS),
        f"(factors={_checks.show(factors)})",
        "must be ClusterFactors or a fitted CorEx",
        "Pass one of local.clusters_, or call fit first.",
        TypeError,
    )
    information = np.nan_to_num(np.asarray(factors.mutual_information_, dtype=np.float64))
    p = information.shape[1]
    rng = _checks.generator(random_state)
    chance = float(getattr(factors, "null_mutual_information_", np.nan))
    if X is not None:
        _checks.require(
            np.isnan(chance),
            f"(X={_checks.show(X)})",
            "must be left out for ClusterFactors, which know their chance level",
            "Call scree(factors).",
        )
        chance = _chance_in(factors, X, p, rng)
        lost = np.flatnonzero(information.max(axis=1, initial=0.0) <= chance)
        if len(lost):
            numbers = ", ".join(map(str, lost.tolist()))
            _checks.warn(
                f"scree(X) finds as much by chance in {len(X)} shuffled samples as there is in"
                f" factor {numbers}, which has no members then. Pass all samples of the fit, if"
                " these are fewer."
            )
    default = getattr(factors, "feature_names_in_", [f"x{i}" for i in range(p)])
    return Scree(
        name=getattr(factors, "name", type(factors).__name__),
        feature_names=[str(name) for name in getattr(factors, "feature_names", default)],
        mutual_information=information,
        total_correlations=np.nan_to_num(np.asarray(factors.total_correlations_, np.float64)),
        knee=np.array([_knee(row) for row in information]),
        chance=chance,
        stable=getattr(factors, "stable_", None),
    )


def _chance_in(corex: Any, X: Any, p: int, rng: np.random.RandomState) -> float:
    """Return what the same fit finds in a copy of its data with shuffled columns."""
    data = _checks.samples(X, missing=get_tags(corex).input_tags.allow_nan)
    _checks.require(
        data.shape[1] == p,
        f"(X={_checks.show(data)})",
        f"must have {p} columns",
        "Pass the data of the fit.",
    )
    shuffled = np.random.default_rng(rng.randint(2**31)).permuted(data, axis=0)
    null = fit_clone(clone(corex), shuffled)
    return chance_level(np.asarray(null.mutual_information_))


def _knee(information: FloatArray) -> float:
    """Return the mutual information of the first variable behind the elbow, 0 if there is none."""
    falling = np.sort(information)[::-1]
    # The curve ends on the ground, so that a factor of nearly all variables has its elbow too.
    shared = np.append(1 - np.exp(-2 * falling), 0.0)
    place = elbow(np.arange(len(shared)), shared)
    return 0.0 if place is None else float(falling[place])
