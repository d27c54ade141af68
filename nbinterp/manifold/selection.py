"""Choose the number of dimensions of a map, by the loss of its multidimensional scaling."""

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._numerics.elbow import elbow
from nbinterp._numerics.progress import current_token, progress_bar, tracking
from nbinterp._typing import FloatArray, IntArray
from nbinterp.manifold.phate import PHATE

# A gain in stress of one per cent of the distances is none.
_NEGLIGIBLE = 0.01


@dataclass(frozen=True, eq=False)
class ComponentSelection(Displayable):
    """How well maps of more and more dimensions keep the distances of PHATE.

    Attributes
    ----------
    n_components : array of shape (candidates,)
        The numbers of dimensions that were tried, rising.
    stress : array of shape (candidates,)
        Kruskal's stress-1 of each map, the relative error of its distances: 0 is exact.
    best : int
        The elbow of the curve: more dimensions than these lower the stress only slowly. Where it
        has none, `reason` says what was taken.
    reason : str
        Why it is the best, in a sentence.
    """

    n_components: IntArray
    stress: FloatArray

    @property
    def best(self) -> int:
        """The elbow of the stress; see `reason`."""
        return int(self.n_components[self._place()])

    def _place(self) -> int:
        if not self._falls():
            return 0
        corner = elbow(self.n_components, self.stress)
        return len(self.stress) - 1 if corner is None else corner

    def _falls(self) -> bool:
        return bool(self.stress[0] - self.stress.min() >= _NEGLIGIBLE)

    @property
    def reason(self) -> str:
        """Why `best` is the best."""
        first, last = self.n_components[0], self.n_components[-1]
        if not self._falls():
            return f"More than {first} dimensions lower the stress by less than {_NEGLIGIBLE:g}."
        place = self._place()
        if place == len(self.stress) - 1:
            return (
                f"The stress falls about evenly up to {last} dimensions, without an elbow: "
                "try more of them."
            )
        before, after = self._slope(0, place), self._slope(place, len(self.stress) - 1)
        return (
            f"A dimension lowers the stress by {before:.2g} up to {self.best}, "
            f"and by {after:.2g} beyond."
        )

    def _slope(self, start: int, end: int) -> float:
        fall = self.stress[start] - self.stress[end]
        return float(fall / (self.n_components[end] - self.n_components[start]))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of dimensions.

        Columns: n_components, stress, fall (how much each dimension since the row before lowers
        the stress) and best.
        """
        fall = -np.diff(self.stress) / np.diff(self.n_components)
        return pd.DataFrame(
            {
                "n_components": self.n_components,
                "stress": self.stress,
                "fall": np.r_[np.nan, fall],
                "best": self.n_components == self.best,
            }
        )


@_checks.named
def select_n_components(
    X: Any,
    candidates: Any = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20),
    *,
    phate: PHATE | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> ComponentSelection:
    """Return how well PHATE's map of each number of dimensions keeps the distances.

    The graph of neighbours and the random walks are computed once; only the points are placed
    anew for each number. What is measured is the loss of the last step, multidimensional scaling:
    a cluster of the data that few dimensions must squeeze into another one costs stress.

    Parameters
    ----------
    X : array, DataFrame or Tensor of shape (n_samples, n_features)
        Samples, or with ``metric="precomputed"`` of `phate` their distances.
    candidates : sequence of int
        Numbers of dimensions to try; those that the samples or landmarks cannot span are left out.
    phate : PHATE or None, default=None
        How to map; its `n_components` is not used. None is ``PHATE()``. One that was fitted to `X`
        is quicker, as its graph and walks are taken. It stays as it is.
    random_state : int, RandomState or None, default=None
        Seeds PHATE if its own `random_state` is None.

    Returns
    -------
    ComponentSelection

    Raises
    ------
    TypeError
        If `phate` is something else.
    ValueError
        If there is no candidate that `X` can span, or the engine is the package phate, which
        tells no stress.

    References
    ----------
    Kruskal (1964), "Multidimensional scaling by optimizing goodness of fit to a nonmetric
    hypothesis", Psychometrika 29: stress, and its elbow. Kerby, White and Moon (2024), arXiv
    2402.04440, appendix D: the loss of the scaling chooses the dimensions to cluster in.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> blobs = np.repeat(40 * np.eye(5), 20, axis=0) + rng.normal(size=(100, 5))
    >>> select_n_components(blobs, [2, 3, 4, 5, 6, 8], random_state=0).best  # five corners: 4-d
    4
    """
    _checks.require(
        phate is None or isinstance(phate, PHATE),
        f"(phate={_checks.show(phate)})",
        "must be a PHATE",
        "Pass PHATE(…), with the settings that you will use.",
        TypeError,
    )
    # A copy keeps the graph and the walks of the fit, which a clone would not.
    mapper = copy(PHATE() if phate is None else phate)
    _checks.require(
        mapper.engine == "torch",
        f"(phate={_checks.show(phate)})",
        "must have engine='torch': the package phate tells no stress",
        "Use PHATE(engine='torch').",
    )
    if mapper.random_state is None:
        mapper.set_params(random_state=random_state)
    n = len(_checks.samples(X)) if mapper.metric == "euclidean" else int(np.shape(X)[0])
    most = n - 1 if mapper.n_landmarks is None else min(n, mapper.n_landmarks) - 1
    tried = _checks.candidates(
        candidates, 1, most, of="what the samples span", remedy="Try fewer dimensions."
    )
    token = current_token()
    token.expect(len(tried), "map")
    stress = []
    for count in progress_bar(tried, desc="select_n_components", shown=mapper.progress):
        token.raise_if_cancelled()
        with tracking(token):  # no bar within the bar
            stress.append(mapper.set_params(n_components=count).fit(X).stress_)
        token.done()
    return ComponentSelection(np.array(tried, dtype=np.int64), np.array(stress))
