"""PHATE as a scikit-learn estimator."""

import warnings
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.pca import principal_components
from nbinterp.manifold import diffusion
from nbinterp.manifold.kernel import affinities, kernel_matrix
from nbinterp.manifold.landmarks import find_landmarks, group_sums, normalised
from nbinterp.manifold.mds import Scaling, classical_mds, distances, smacof, stress
from nbinterp.manifold.package import fit_package, transform_package

_N_STAGES = 6
# Relative fall of the error in an iteration at which SMACOF rests.
_TOLERANCE = 1e-4


class PHATE(Displayable, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Map samples so that distances on the map are distances of diffusion through the data.

    Neighbours are joined in a graph, random walks spread on it for `t` steps, and the logarithms
    of where they arrive, the potentials, are laid out by multidimensional scaling. Clusters,
    branches and trajectories of the data stay apart on the map.

    Parameters
    ----------
    n_components : int
        Dimensions of the map; 2 to look at, about 10 to cluster.
    n_neighbors : int
        The neighbour whose distance is the width of a sample's kernel.
    decay : float
        Steepness of the kernel; 40 makes it nearly a graph of nearest neighbours.
    n_landmarks : int or None
        With more samples than this, walks go between as many groups of samples, and each sample
        is placed as a mean of groups. None has no groups; memory then grows as the square.
    t : int or "auto"
        Steps of the walks. "auto" is the knee of their von Neumann entropy.
    gamma : float
        Kind of potential, from -1 to 1: 1 is the logarithm, 0 the square root, -1 none.
    n_pca : int or None
        Principal components to find neighbours in; None takes the features themselves.
    mds : {"metric", "classic"}
        Multidimensional scaling by SMACOF, or by Torgerson's eigenvectors.
    engine : {"torch", "phate"}
        Ours, or the package `phate` from PyPI, to compare with. The latter has its own scale.
    device : str or torch.device
        Where to compute; "auto" is CUDA where there is one, else the CPU.
    max_iter : int
        Iterations of SMACOF, at most.
    progress : bool
        Whether work of more than a second shows a progress bar.
    random_state : int, RandomState or None
        What starts of the iterations and of k-means are drawn from.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components)
        The map, on its principal axes (of the landmarks, if there are any). Its unit is that of
        potentials, natural logarithms of probability when ``gamma=1``: Euclidean distances on the
        map approximate those between potentials, whatever the scale of the data.
    t_ : int
        Steps of the walks.
    von_neumann_entropy_ : ndarray of shape (100,)
        Nats; entry ``t`` is that of the walk of ``t + 1`` steps.
    stress_ : float
        Kruskal's stress-1 of the map's distances, between landmarks if there are any, at the scale
        that fits best: 0 is exact.
    converged_ : bool
        Whether SMACOF came to rest within `max_iter`.
    n_iter_ : int
        Its iterations.
    n_features_in_ : int
        Features seen in `fit`.

    Raises
    ------
    ValueError
        If the data are not finite, or too few for `n_neighbors` or `n_components`.

    Notes
    -----
    `fit_transform` gives the map of the training samples. `transform` places samples as new ones,
    by their own kernel; given training samples, where each is now among its own neighbours, it
    gives nearly the same.

    References
    ----------
    Moon et al., Visualizing structure and transitions in high-dimensional biological data, Nature
    Biotechnology 37, 2019: kernel, equation 2; potential distance, equation 5.

    Examples
    --------
    >>> blobs = np.random.RandomState(0).normal(size=(60, 3)) + np.repeat([[0], [20]], 30, axis=0)
    >>> map_ = PHATE(random_state=0).fit_transform(blobs)
    >>> map_.shape
    (60, 2)
    >>> bool((map_[:30, 0].max() < map_[30:, 0].min()) or (map_[30:, 0].max() < map_[:30, 0].min()))
    True
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 5,
        decay: float = 40,
        n_landmarks: int | None = 2000,
        t: int | str = "auto",
        gamma: float = 1,
        n_pca: int | None = 100,
        mds: str = "metric",
        engine: str = "torch",
        device: str | torch.device = "auto",
        max_iter: int = 1000,
        progress: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.decay = decay
        self.n_landmarks = n_landmarks
        self.t = t
        self.gamma = gamma
        self.n_pca = n_pca
        self.mds = mds
        self.engine = engine
        self.device = device
        self.max_iter = max_iter
        self.progress = progress
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Map the samples.

        Parameters
        ----------
        X : array, DataFrame or Tensor of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        PHATE
            Itself.
        """
        # Fitted apart, so that an error or an interrupt leaves this object as it was.
        fresh = copy(self)
        fresh._fit(X)
        self.__dict__ = fresh.__dict__
        return self

    def fit_transform(self, X: Any, y: Any = None) -> _checks.Floats:
        """Map the samples and return the map, ``(n_samples, n_components)``."""
        return self.fit(X).embedding_

    def transform(self, X: Any) -> _checks.Floats:
        """Return where samples, as new ones, fall on the map.

        Parameters
        ----------
        X : array, DataFrame or Tensor of shape (n_new, n_features)
            Samples of the features seen in `fit`.

        Returns
        -------
        ndarray of shape (n_new, n_components)
            Means of landmarks, or of training samples, weighted by the kernel.
        """
        _checks.fitted(self, "embedding_")
        data = _checks.samples("PHATE.transform", X, estimator=self, reset=False, min_samples=1)
        if self.engine == "phate":
            return transform_package(self._package, data)
        device = _device.resolve("PHATE", self.device)
        base, labels, points = (part.to(device) for part in self._reference)
        reduced = self._reduction(torch.as_tensor(data, device=device, dtype=base.dtype))
        found = affinities(reduced, base, self.n_neighbors, self.decay)
        weights = normalised(group_sums(found, labels, len(reduced)))
        placed: _checks.Floats = (weights @ points).cpu().numpy()
        return placed

    def _fit(self, X: Any) -> None:
        data = _checks.samples("PHATE", X, estimator=self)
        self._check(len(data))
        if self.engine == "phate":
            self.__dict__.update(fit_package(self, data))
            return
        device = _device.resolve("PHATE", self.device)
        random = check_random_state(self.random_state)
        with tqdm(
            total=_N_STAGES, desc="PHATE", delay=1, leave=False, disable=not self.progress
        ) as bar:
            samples = torch.as_tensor(data, device=device)
            reduction = principal_components(samples, self.n_pca, random)
            base = reduction(samples)
            bar.update()
            kernel = kernel_matrix(base, self.n_neighbors, self.decay)
            bar.update()
            if self.n_landmarks is not None and len(data) > self.n_landmarks:
                landmarks = find_landmarks(kernel, self.n_landmarks, random)
                labels, weights, operator = landmarks.labels, landmarks.weights, landmarks.operator
            else:
                labels, weights = torch.arange(len(data), device=device), None
                operator = diffusion.diffusion_operator(kernel)
            bar.update()
            entropy = diffusion.von_neumann_entropy(diffusion.spectrum(operator))
            # The entry after the knee's power, as in the authors' program.
            t = diffusion.knee_point(entropy) if self.t == "auto" else int(self.t)
            bar.update()
            target = distances(diffusion.potential(operator, t, self.gamma))
            bar.update()
            points = classical_mds(target, self.n_components, random)
            scaling = Scaling(points, converged=True, n_iter=0)
            if self.mds == "metric":
                scaling = smacof(target, points, self.max_iter, _TOLERANCE)
            bar.update()
        if not scaling.converged:
            warnings.warn(
                f"PHATE's SMACOF was still improving after max_iter={self.max_iter} iterations. "
                "Use a larger max_iter.",
                ConvergenceWarning,
                stacklevel=3,
            )
        placed = scaling.points if weights is None else weights @ scaling.points
        self.embedding_ = placed.cpu().numpy()
        self.t_ = t
        self.von_neumann_entropy_ = entropy
        self.stress_ = stress(target, scaling.points)
        self.converged_ = scaling.converged
        self.n_iter_ = scaling.n_iter
        self._reduction = reduction
        self._reference = (base.cpu(), labels.cpu(), scaling.points.cpu())

    @property
    def _n_features_out(self) -> int:
        """Number of columns of the map, for their names."""
        return self.n_components

    def _is_showable(self) -> bool:
        return hasattr(self, "embedding_")

    def _check(self, n: int) -> None:
        """Raise on settings that are wrong in themselves or for `n` samples."""
        others = n - 1
        few = "the number of other samples"
        _checks.integer("PHATE", "n_neighbors", self.n_neighbors, 1, others, of=few)
        _checks.integer("PHATE", "n_components", self.n_components, 1, others, of=few)
        _checks.real("PHATE", "decay", self.decay, 0, open_low=True)
        _checks.real("PHATE", "gamma", self.gamma, -1, 1)
        _checks.integer("PHATE", "max_iter", self.max_iter, 1)
        _checks.boolean("PHATE", "progress", self.progress)
        _checks.choice("PHATE", "mds", self.mds, ("metric", "classic"))
        _checks.choice("PHATE", "engine", self.engine, ("torch", "phate"))
        if self.n_landmarks is not None:
            _checks.integer("PHATE", "n_landmarks", self.n_landmarks, self.n_components + 1)
        if self.n_pca is not None:
            _checks.integer("PHATE", "n_pca", self.n_pca, 1)
        if self.t != "auto":
            _checks.integer("PHATE", "t", self.t, 1)
