"""Landmarks: groups of samples, and the random walk between them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from nbinterp._numerics.eigen import leading_eigenpairs
from nbinterp._numerics.kmeans import assign, rough_centers
from nbinterp._numerics.parallel import interruptible, parallel_map
from nbinterp.manifold.diffusion import DiffusionOperator
from nbinterp.manifold.kernel import Affinities

# Number of spectral features used to choose landmarks, as in the authors' program.
_N_FEATURES = 100
# Rounds of four products with the kernel for these features: sixteen in all, as in the randomised
# SVD of the authors' program. With more rounds, landmarks follow tiny, nearly separate groups
# instead of the classes (measured on MNIST).
_N_ROUNDS = 3
# The kernel multiplies this many columns at a time, so that they stay in the processor's cache.
_COLUMNS_AT_A_TIME = 28
# k-means for landmarks sees so many samples, in all or each.
_SAMPLES_SEEN = 20_000
_SAMPLES_PER_LANDMARK = 10


@dataclass(frozen=True)
class Landmarks:
    """Groups of samples, and the walk between the groups.

    Parameters
    ----------
    labels : Tensor of shape (n_samples,), int64
        The landmark of each sample; every landmark has at least one sample.
    weights : Tensor of shape (n_samples, n_landmarks)
        Sparse; each row sums to one and writes a sample as a mean of landmarks.
    operator : DiffusionOperator
        The walk from landmark to sample to landmark.
    """

    labels: torch.Tensor
    weights: torch.Tensor
    operator: DiffusionOperator


def spectral_features(kernel: torch.Tensor, random: np.random.RandomState) -> torch.Tensor:
    """Return the leading eigenvectors of the walk as coordinates ``(n, 100)`` of the samples."""
    n = kernel.shape[0]
    degrees = kernel.sum(1).to_dense()
    rows, columns = kernel.indices()
    scaled = (kernel.values() / (degrees[rows] * degrees[columns]).sqrt()).float()
    starts_of_rows = torch.searchsorted(rows, torch.arange(n, device=rows.device))

    def walked(block: torch.Tensor) -> torch.Tensor:
        """Return the product of the symmetric form of the walk with a block."""
        return torch.nn.functional.embedding_bag(
            columns, block, starts_of_rows, mode="sum", per_sample_weights=scaled
        )

    def fourth_power_of(block: torch.Tensor) -> torch.Tensor:
        return walked(walked(walked(walked(block.contiguous()))))

    def fourth_power(block: torch.Tensor) -> torch.Tensor:
        starts = range(0, block.shape[1], _COLUMNS_AT_A_TIME)
        parts = [partial(fourth_power_of, block[:, i : i + _COLUMNS_AT_A_TIME]) for i in starts]
        return torch.cat(parallel_map(parts, kernel.device), dim=1)

    _, modes = leading_eigenpairs(
        fourth_power, n, min(_N_FEATURES, n), random, n_iter=_N_ROUNDS, like=scaled
    )
    root = degrees.sqrt().float()[:, None]
    return walked(root * modes) / root


@contextmanager
def _quiet_about_csr() -> Iterator[None]:
    """Silence torch's warning that its CSR format is in beta; its products are the fastest."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        yield


def find_landmarks(
    kernel: torch.Tensor, n_landmarks: int, random: np.random.RandomState
) -> Landmarks:
    """Group samples by k-means on spectral features, and compute the walk between groups.

    Parameters
    ----------
    kernel : Tensor of shape (n_samples, n_samples)
        Sparse and symmetric.
    n_landmarks : int
        Number of groups; there are fewer if samples coincide.
    random : RandomState
        Draws the start of k-means.

    Returns
    -------
    Landmarks
        Groups, weights and the walk.

    References
    ----------
    Moon et al. 2019, Methods, "Scalability of PHATE".
    """
    features = spectral_features(kernel, random)
    n_seen = max(_SAMPLES_SEEN, _SAMPLES_PER_LANDMARK * n_landmarks)
    centers, _ = rough_centers(features, n_landmarks, random, n_seen=n_seen)
    nearest, _ = assign(features, centers)
    _, labels = torch.unique(nearest, return_inverse=True)  # empty groups are dropped
    rows, columns = kernel.indices()
    sums = group_sums(Affinities(rows, columns, kernel.values()), labels, kernel.shape[0])
    return Landmarks(labels, normalised(sums), landmark_operator(sums))


def group_sums(found: Affinities, labels: torch.Tensor, n_rows: int) -> torch.Tensor:
    """Sum affinities over groups of base rows; return them as sparse ``(n_rows, n_groups)``."""
    entries = torch.stack([found.rows, labels[found.columns]])
    shape = (n_rows, int(labels.max()) + 1)
    return torch.sparse_coo_tensor(entries, found.values, shape, check_invariants=False).coalesce()


def normalised(sums: torch.Tensor) -> torch.Tensor:
    """Return a sparse matrix with each row divided by its sum."""
    rows = sums.indices()[0]
    totals = sums.sum(1).to_dense()
    return torch.sparse_coo_tensor(
        sums.indices(),
        sums.values() / totals[rows],
        sums.shape,
        check_invariants=False,
        is_coalesced=True,
    )


def landmark_operator(sums: torch.Tensor) -> DiffusionOperator:
    """Return the walk from a landmark to a sample and on to a landmark.

    Let ``M`` be the sums of the kernel over groups, with row sums ``d`` and column sums ``c``. The
    walk is ``diag(1/c) M' diag(1/d) M``.
    """
    mass = sums.sum(0).to_dense()
    with _quiet_about_csr():
        product = partial(torch.sparse.mm, sums.T.coalesce(), normalised(sums))
        flow = interruptible(product, sums.device).to_dense()
    return DiffusionOperator(flow / mass[:, None], mass)
