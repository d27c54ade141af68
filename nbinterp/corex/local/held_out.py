"""Measure factors in samples that they were not fitted to: of their region, and at random."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.corex.linear.gaussianize import Columns
from nbinterp.corex.linear.objective import moments

_N_RANDOM = 49  # random selections: ranks are multiples of 0.02
# Of a selection that is measured: its rows, and its entries where there are many columns.
_MOST_ROWS, _LEAST_ROWS = 256, 64
_MOST_ENTRIES = 2**15


class HalfFit(NamedTuple):
    """The factors of one half of some rows, and the rows of both halves."""

    fitted: IntArray
    left_out: IntArray
    columns: Columns
    weights: FloatArray  # (m, p), normalized
    noise: FloatArray  # (m,), the share of the noise in the variance of a factor


class Measured(NamedTuple):
    """Total correlations in nats: in a group, and in random selections."""

    factors: FloatArray  # (m,)
    total: float
    random: FloatArray  # (n_random, m)
    random_total: FloatArray  # (n_random,)

    @classmethod
    def nothing(cls, m: int) -> "Measured":
        """Return that nothing is known of `m` factors."""
        return cls(np.full(m, np.nan), np.nan, np.empty((0, m)), np.empty(0))

    @classmethod
    def mean(cls, parts: Sequence["Measured"]) -> "Measured":
        """Return the mean of what several fits explain."""
        factors, total, random, random_total = (
            np.mean(each, axis=0) for each in zip(*parts, strict=True)
        )
        return cls(factors, float(total), random, random_total)


def measure_held_out(
    data: FloatingArray,
    half: HalfFit,
    noise_floor: float,
    seed: int,
    device: torch.device,
) -> Measured:
    """Return what factors explain in the other half, and in as many random samples of all data.

    The random samples are none of those of the fit: where the group itself was drawn at random, its
    other half is one more of these selections. Large ones are measured in a random part.
    """
    rng = np.random.default_rng(seed)
    most = max(_LEAST_ROWS, min(_MOST_ROWS, _MOST_ENTRIES // data.shape[1]))
    size = min(len(half.left_out), most)
    others = np.setdiff1d(np.arange(len(data)), half.fitted, assume_unique=True)
    sets = [rng.choice(half.left_out, size, replace=False)]
    sets += [rng.choice(others, size, replace=False) for _ in range(_N_RANDOM)]
    factors, totals = _explained(data, sets, half, noise_floor, device)
    return Measured(factors[0], float(totals[0]), factors[1:], totals[1:])


@torch.inference_mode()
def _explained(
    data: FloatingArray,
    sets: list[IntArray],
    half: HalfFit,
    noise_floor: float,
    device: torch.device,
) -> tuple[FloatArray, FloatArray]:
    """Return the total correlation of each factor, (sets, m), and of all together, (sets,)."""
    w = torch.as_tensor(half.weights, device=device)
    images = []
    for rows in sets:
        scores = torch.as_tensor(np.nan_to_num(half.columns.apply(data[rows])), device=device)
        images.append(_times_correlation(w, scores))
    rho = torch.stack(images)
    rho += noise_floor**2 * (w - rho)
    # Of unit variance in the fit; the noise in a factor stays, the nodes may vary more or less.
    variance = (w * rho).sum(-1, keepdim=True) + torch.as_tensor(half.noise, device=device)[:, None]
    w, rho = w / variance.sqrt(), rho / variance.sqrt()
    at = moments(w, rho)
    shared = -0.5 * torch.log1p(-rho * rho).sum(-1)
    each = shared + 0.5 * torch.log1p(-at.u)
    return each.cpu().numpy(), at.total_correlation.cpu().numpy()


def _times_correlation(w: Tensor, scores: Tensor) -> Tensor:
    """Return ``w S``, (m, p), for the correlations S of `scores`, which need not be formed."""
    spread, mean = torch.std_mean(scores, dim=0, correction=0)
    varies = spread > 1e-9 * mean.abs()
    standard = (scores - mean) / torch.where(varies, spread, torch.inf)
    image: Tensor = (standard @ w.mT).mT @ standard / len(scores)
    return image
