"""P-MSE: how far a quadratic function is from a network near a sample."""

from collections.abc import Iterable

import pandas as pd
import torch
from torch import Tensor

from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.interactions.smooth.low_rank import Symmetric

BALLS = ("radius", "volume")

_ROWS = 4096


def pmse_table(
    function: ScalarFunction,
    rows: Tensor,
    gradients: Tensor,
    matrices: Iterable[Symmetric],
    radius: Tensor,
    *,
    n: int,
    ball: str,
    seed: int,
) -> pd.DataFrame:
    """Return the mean squared errors of three models of each sample, and their standard errors.

    See `squared_errors`; `rows` and `gradients` are ``(samples, d)``, and the `radius` is one
    number, or one for each input.
    """
    generator = torch.Generator(rows.device).manual_seed(seed)
    table = []
    for sample, (row, gradient, matrix) in enumerate(zip(rows, gradients, matrices, strict=True)):
        errors = squared_errors(
            function.for_sample(sample),
            row,
            gradient,
            matrix,
            radius,
            n=n,
            ball=ball,
            generator=generator,
        )
        table.append(torch.cat([errors.mean(1), errors.std(1) / n**0.5]).tolist())
    names = ["SmoothHess", "SmoothGrad", "gradient"]
    return pd.DataFrame(table, columns=names + [f"{each}, standard error" for each in names])


def squared_errors(
    function: ScalarFunction,
    row: Tensor,
    gradient: Tensor,
    matrix: Symmetric,
    radius: Tensor,
    *,
    n: int,
    ball: str,
    generator: torch.Generator,
) -> Tensor:
    """Return squared errors ``(3, n)`` at `n` random points near the sample `row` ``(d,)``.

    They are those of the second-order function with the smoothed `gradient` ``(d,)`` and Hessian
    `matrix`, of the first-order function with the smoothed gradient, and of the first-order
    function with the gradient of the network at the sample.
    """
    with function.eval_mode(), torch.no_grad():
        value = function.values(row[None]).to(torch.float64)
        plain = function.gradients(row[None])[0].to(torch.float64)
        parts = []
        for start in range(0, n, _ROWS):
            offsets = in_ball(min(_ROWS, n - start), len(row), radius, ball, generator)
            change = function.values((row + offsets).to(row.dtype)).to(torch.float64) - value
            wide = offsets.to(torch.float64)
            second = 0.5 * (matrix.product(wide.T).T.to(torch.float64) * wide).sum(1)
            first = change - wide @ gradient
            parts.append(torch.stack([first - second, first, change - wide @ plain]).square())
    return torch.cat(parts, dim=1)


def in_ball(
    n: int, d: int, radius: float | Tensor, ball: str, generator: torch.Generator
) -> Tensor:
    """Return random points ``(n, d)`` in a ball, uniform in distance or in volume (`ball`).

    With a radius for each input, ``(d,)``, it is an ellipsoid: the ball, stretched.
    """
    device = generator.device
    points = torch.nn.functional.normalize(torch.randn((n, d), generator=generator, device=device))
    share = torch.rand((n, 1), generator=generator, device=device)
    return points * (share if ball == "radius" else share ** (1.0 / d)) * radius
