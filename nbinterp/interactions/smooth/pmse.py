"""How far quadratic functions are from a network near a sample: P-MSE."""

import torch
from torch import Tensor

from nbinterp.interactions.gradients import Scalar
from nbinterp.interactions.smooth.low_rank import Symmetric

BALLS = ("radius", "volume")

_ROWS = 4096


def squared_errors(
    function: Scalar,
    row: Tensor,
    slope: Tensor,
    matrix: Symmetric,
    radius: float,
    *,
    n: int,
    ball: str,
    generator: torch.Generator,
) -> Tensor:
    """Return squared errors ``(3, n)`` at `n` points near the sample `row` ``(d,)``.

    Of the function of order two with the smoothed gradient `slope` ``(d,)`` and Hessian `matrix`,
    of order one with that gradient, and of order one with the gradient at the sample itself.
    """
    with function.visiting(), torch.no_grad():
        here = function.values(row[None]).to(torch.float64)
        plain = function.gradients(row[None])[0].to(torch.float64)
        parts = []
        for start in range(0, n, _ROWS):
            offsets = in_ball(min(_ROWS, n - start), len(row), radius, ball, generator)
            rise = function.values((row + offsets).to(row.dtype)).to(torch.float64) - here
            wide = offsets.to(torch.float64)
            bent = 0.5 * (matrix.product(wide.T).T.to(torch.float64) * wide).sum(1)
            smooth = rise - wide @ slope
            parts.append(torch.stack([smooth - bent, smooth, rise - wide @ plain]).square())
    return torch.cat(parts, dim=1)


def in_ball(n: int, d: int, radius: float, ball: str, generator: torch.Generator) -> Tensor:
    """Return points ``(n, d)`` whose distance, or whose place in the `ball`, is uniform."""
    where = generator.device
    points = torch.nn.functional.normalize(torch.randn((n, d), generator=generator, device=where))
    share = torch.rand((n, 1), generator=generator, device=where)
    return points * (radius * (share if ball == "radius" else share ** (1.0 / d)))
