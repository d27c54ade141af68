"""Gaussians of the classes in a layer, and distances of new samples from them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from nbinterp import _checks, _device
from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.distance.construct.gaussians import whitening
from nbinterp.distance.construct.shrinkage import shrunk

# Returns the features (b, d) of some samples in a layer.
Read = Callable[[slice], FloatingArray]

_REMEDY = "Use shrinkage='oas', or drop constant and dependent features."


@dataclass(frozen=True)
class ClassGaussians:
    """One Gaussian for each class, with a shared covariance, and one for all samples.

    Attributes
    ----------
    means : ndarray of shape (n_classes, d)
        Means of the classes.
    covariance : ndarray of shape (d, d)
        Covariance within classes, shrunk.
    mean : ndarray of shape (d,)
        Mean of all samples.
    total_covariance : ndarray of shape (d, d)
        Covariance of all samples, shrunk.
    shrinkage, total_shrinkage : float
        Share of a multiple of the identity in each covariance.
    """

    means: FloatArray
    covariance: FloatArray
    mean: FloatArray
    total_covariance: FloatArray
    shrinkage: float
    total_shrinkage: float
    _whitening: FloatArray
    _total_whitening: FloatArray

    @property
    def n_features(self) -> int:
        """The number of features, d."""
        return len(self.mean)

    def distances(
        self, what: str, read: Read, n: int, relative: bool, device: torch.device
    ) -> FloatArray:
        """Return squared distances (n,) from the nearest class.

        If `relative`, the squared distance from the Gaussian of all samples is subtracted. The
        result is negative where a class fits better.
        """

        def placed(array: FloatArray) -> torch.Tensor:
            return torch.as_tensor(array, dtype=torch.float64, device=device)

        turn, total = placed(self._whitening).T, placed(self._total_whitening).T
        centre = placed(self.mean)
        # About the mean of all, to keep digits far from the origin.
        targets = (placed(self.means) - centre) @ turn
        found = []
        for _, rows in blocks(what, read, n, self.n_features, device):
            rows -= centre
            exact = "donot_use_mm_for_euclid_dist"
            squares = torch.cdist(rows @ turn, targets, compute_mode=exact).square().amin(dim=1)
            if relative:
                squares -= (rows @ total).square().sum(dim=1)
            found.append(squares)
        result: FloatArray = torch.cat(found).cpu().numpy()
        return result


def fit_gaussians(
    what: str,
    read: Read,
    codes: IntArray,
    d: int,
    shrinkage: str | float,
    ridge: float,
    device: torch.device,
) -> ClassGaussians:
    """Return the Gaussians of the classes `codes` (n,), from two passes over the rows."""
    n, k = len(codes), int(codes.max()) + 1
    where = torch.as_tensor(codes, device=device)
    counts = torch.as_tensor(np.bincount(codes), dtype=torch.float64, device=device)
    sums = torch.zeros((k, d), dtype=torch.float64, device=device)
    for part, rows in blocks(what, read, n, d, device):
        sums.index_add_(0, where[part], rows)
    means = sums / counts[:, None]
    mean = sums.sum(dim=0) / n

    within = torch.zeros((d, d), dtype=torch.float64, device=device)
    fourth = torch.zeros(2, dtype=torch.float64, device=device)
    for part, rows in blocks(what, read, n, d, device):
        fourth[1] += (rows - mean).square().sum(dim=1).square().sum()
        rows -= means[where[part]]
        fourth[0] += rows.square().sum(dim=1).square().sum()
        within += rows.T @ rows
    # The law of total covariance saves a third product over all rows.
    between = (means - mean).T @ ((means - mean) * counts[:, None])
    fourths = fourth.tolist()
    tied, whole = (part.cpu().numpy() / n for part in (within, within + between))
    # Rounding of the means leaves a small variance where nothing varies.
    noise = np.finfo(np.float64).eps * float(n * (mean.square().sum() + means.square().amax()))
    _checks.require(
        bool(np.trace(tied) > noise),
        what,
        "must vary within its classes, but all samples of a class are equal"
        if k < n
        else "must hold classes of more than one sample",
        "Choose a layer that is not dead, or classes with more samples.",
    )
    covariance, share = shrunk(tied, n, shrinkage, ridge, fourths[0])
    total, total_share = shrunk(whole, n, shrinkage, ridge, fourths[1])
    return ClassGaussians(
        means.cpu().numpy(),
        covariance,
        mean.cpu().numpy(),
        total,
        share,
        total_share,
        whitening("covariance", covariance, d, _REMEDY),
        whitening("covariance", total, d, _REMEDY),
    )


def blocks(
    what: str, read: Read, n: int, d: int, device: torch.device
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield rows (b, d) in float64 on `device`, each with its slice of all `n`."""
    size = _device.rows_per_block(device, 4 * 8 * d)
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        rows = np.asarray(read(part), dtype=np.float64)
        _checks.require(
            bool(np.isfinite(rows.sum())), what, "must be finite", "Drop or fill those entries."
        )
        yield part, torch.tensor(rows, device=device)
