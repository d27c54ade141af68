"""Standard normal directions for smoothing, drawn so that estimates have little noise."""

import numpy as np
import torch
from torch import Tensor

SAMPLINGS = ("plain", "control_variate", "antithetic", "orthogonal", "moment_matched")

# A frame is a set of orthogonal directions. Frames up to this width are always drawn anew. Wider
# ones are reused with random signs, because one of 784 columns takes as long as 500 gradients of a
# small network.
CHEAP_FRAME = 256
USES_PER_FRAME = 16
_WIDEST_FRAME = 1024


def is_paired(sampling: str) -> bool:
    """Return whether each direction is used with both signs."""
    return sampling in ("antithetic", "orthogonal", "moment_matched")


def blocks(sampling: str, n: int, d: int, least: int) -> tuple[int, int]:
    """Return the number of blocks, at least `least` if possible, and of directions in each.

    `n` directions are divided into blocks. Blocks of ``"orthogonal"`` hold whole frames, those of
    ``"moment_matched"`` at least `d` directions.
    """
    size = max(2, n // least)
    frame = min(d, _WIDEST_FRAME)
    if sampling == "moment_matched":
        size = max(d, size)
    elif sampling == "orthogonal" and size > frame:
        size -= size % frame
    return n // size, size


class Directions:
    """A random stream of directions, each of them standard normal.

    Parameters
    ----------
    sampling : str
        One of `SAMPLINGS`. ``"orthogonal"`` directions are orthogonal in blocks of `d`, with
        lengths from the chi distribution. ``"moment_matched"`` directions are scaled so that
        ``zᵀz / n`` is the identity: this needs ``n >= d``, is exact for quadratic functions and
        has a bias of order d / n for others.
    d : int
        Number of coordinates.
    seed : int
    device : torch.device
    dtype : torch.dtype
    """

    def __init__(
        self, sampling: str, d: int, seed: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._sampling = sampling
        self._d = d
        self._device, self._dtype = device, dtype
        self._generator = torch.Generator(device).manual_seed(seed)
        self._lengths = np.random.RandomState(seed)
        self._frame = self._buffer = torch.empty(0)
        self._uses = 0

    def draw(self, n: int) -> Tensor:
        """Return `n` more directions ``(n, d)``. The next call may overwrite them."""
        if self._sampling == "orthogonal" and self._d > 1:
            return self._orthogonal(n)
        z = self._normal(n, self._d)
        if self._sampling == "moment_matched":
            # z C⁻ᵀ has the second moment C⁻¹ (CCᵀ) C⁻ᵀ, the identity.
            factor = torch.linalg.cholesky((z.T @ z).to(torch.float64) / n).to(z.dtype)
            z = torch.linalg.solve_triangular(factor, z.T, upper=False).T
        return z

    def _orthogonal(self, n: int) -> Tensor:
        rows = min(self._d, n, _WIDEST_FRAME)
        blocks = -(-n // rows)
        if self._d <= CHEAP_FRAME:
            z = self._frames(blocks, rows).reshape(-1, self._d)[:n]
        else:
            if len(self._buffer) != blocks * rows:
                self._buffer = torch.empty(
                    (blocks * rows, self._d), device=self._device, dtype=self._dtype
                )
            for out in self._buffer.view(blocks, rows, self._d):
                self._reuse_frame(rows, out)
            z = self._buffer[:n]
        # A normal vector has a length from the chi distribution with d degrees of freedom.
        lengths = np.sqrt(self._lengths.chisquare(self._d, size=(n, 1)))
        return z.mul_(torch.as_tensor(lengths).to(self._device, self._dtype))

    def _reuse_frame(self, rows: int, out: Tensor) -> None:
        """Write to `out` a frame with random signs of its coordinates, which keeps it uniform."""
        if self._uses % USES_PER_FRAME == 0 or len(self._frame) != rows:
            self._frame = self._frames(1, rows)[0].contiguous()
        self._uses += 1
        signs = torch.randint(0, 2, (self._d,), generator=self._generator, device=self._device)
        torch.mul(self._frame, (2 * signs - 1).to(self._frame.dtype), out=out)

    def _frames(self, count: int, rows: int) -> Tensor:
        """Return `count` sets of `rows` orthogonal directions, uniform over all such sets.

        They are products of reflections along normal vectors of decreasing length (Stewart 1980).
        A QR decomposition of a normal matrix gives the same distribution, but spends half of its
        time on finding the reflections.
        """
        above = self._normal(count, rows, self._d).triu_()
        first, lengths = above.diagonal(dim1=1, dim2=2).clone(), above.norm(dim=2)
        signs = torch.where(first < 0, -1.0, 1.0).to(first.dtype)
        above /= (first + signs * lengths).unsqueeze(2)
        q = torch.linalg.householder_product(above.mT, 1 + first.abs() / lengths)
        # Without the signs the distribution is not uniform.
        frames: Tensor = q.mT * -signs.unsqueeze(2)
        return frames

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._device, dtype=self._dtype)
