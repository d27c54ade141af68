"""Gaussians of the classes of a layer's samples, and how far new samples lie from them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from nbinterp import _checks, _device
from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.distance.construct.gaussians import whitening
from nbinterp.distance.construct.shrinkage import shrunk

# The features (b, d) of some rows of a layer.
Read = Callable[[slice], FloatingArray]

_REMEDY = "Use shrinkage='oas', or drop constant and dependent features."


@dataclass(frozen=True)
class ClassGaussians:
    """One Gaussian a class, of one covariance, and the Gaussian of all samples together.

    Attributes
    ----------
    means : ndarray of shape (n_classes, d)
        Of the classes.
    covariance : ndarray of shape (d, d)
        That which classes share, shrunk.
    mean : ndarray of shape (d,)
        Of all samples.
    total_covariance : ndarray of shape (d, d)
        Of all samples whatever their class, shrunk.
    shrinkage, total_shrinkage : float
        The shares by which the two were drawn towards a multiple of the identity.
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
        """How many features a sample has, d."""
        return len(self.mean)

    def distances(
        self, what: str, read: Read, n: int, relative: bool, device: torch.device
    ) -> FloatArray:
        """Return squared distances (n,) from the nearest class; less those from all, if `relative`.

        Relative ones are negative where a class fits better than the Gaussian of all samples.
        """

        def placed(array: FloatArray) -> torch.Tensor:
            return torch.as_tensor(array, dtype=torch.float64, device=device)

        turn, total = placed(self._whitening).T, placed(self._total_whitening).T
        centre = placed(self.mean)
        # About the centre of all, so that far from the origin no digits are lost.
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
    # Not a third product over all rows: the law of total covariance.
    between = (means - mean).T @ ((means - mean) * counts[:, None])
    fourths = fourth.tolist()
    tied, whole = (part.cpu().numpy() / n for part in (within, within + between))
    # Rounding of means leaves traces where nothing varies.
    noise = np.finfo(np.float64).eps * float(n * (mean.square().sum() + means.square().amax()))
    _checks.require(
        bool(np.trace(tied) > noise),
        what,
        "must vary within its classes, but all samples of a class are alike"
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
    """Yield rows (b, d) in float64 on `device`, with their place among all `n`."""
    size = _device.rows_per_block(device, 4 * 8 * d)
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        rows = np.asarray(read(part), dtype=np.float64)
        _checks.require(
            bool(np.isfinite(rows.sum())), what, "must be finite", "Drop or fill those entries."
        )
        yield part, torch.tensor(rows, device=device)
