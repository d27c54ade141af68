"""What Linear CorEx finds with unlimited samples: fits to the true covariances, free of chance."""

from collections.abc import Iterator, Sequence

import numpy as np

from nbinterp import LinearCorEx
from nbinterp.datasets import CorExClusters, group_recovery, make_corex_clusters
from reproduction.report import Row, near
from reproduction.table1.measure import N_FACTORS

# The paper's figures with 10,000 samples per class: group cosine, top cosine.
_GLOBAL = {0.0: (0.189, 0.089), 1.0: (0.183, 0.086)}
_LOCAL = {"disjoint": (0.142, 0.026), "nondisjoint": (0.139, 0.048)}
_TOLERANCE = 0.005


def unlimited() -> Iterator[Row]:
    """Yield rows that compare fits to covariances with the paper's fits to 10,000 samples.

    The disjoint world is left out where both classes are fitted together: it has several optima
    there, with flat directions between them.
    """
    for alpha, paper in _GLOBAL.items():
        world = make_corex_clusters(2, alpha, "nondisjoint")
        found = _cosines(world.pooled_covariance, world.groups)
        yield from _compared(f"unlimited nondisjoint, Linear, α = {alpha:g}", found, paper)
    for overlap, paper in _LOCAL.items():
        world = make_corex_clusters(2, 1.0, overlap)
        yield from _compared(f"unlimited {overlap}, Local Linear, α = 1", _alone(world), paper)


def _alone(world: CorExClusters) -> np.ndarray:
    """Return the cosines of each class by itself, which is what regions are at best."""
    pairs = zip(world.covariances, world.groups, strict=True)
    found: np.ndarray = np.mean([_cosines(covariance, [g]) for covariance, g in pairs], axis=0)
    return found


def _cosines(covariance: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    found = []
    for m in N_FACTORS:
        corex = LinearCorEx(
            m, noise_floor=0, tol=1e-7, n_restarts=4, random_state=0, progress=False
        )
        corex.fit_covariance(covariance, n_samples=1_000_000)
        # Superfluous factors share nothing but rounding errors, which point anywhere.
        information = corex.mutual_information_.round(6)
        found += [group_recovery(each, information) for each in groups]
    group_cosine, _, top_cosine, _ = np.mean(found, axis=0)
    return np.array([group_cosine, top_cosine])


def _compared(what: str, found: np.ndarray, paper: tuple[float, float]) -> Iterator[Row]:
    for name, ours, theirs in zip(("group cosine", "top cosine"), found, paper, strict=True):
        yield near(f"{what}: {name}", ours, theirs, _TOLERANCE)
