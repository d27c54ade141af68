"""Quadratic functions of small networks, beside what is known of them."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from nbinterp import SmoothHess
from reproduction.smoothhess.errors import (
    best_beta,
    gradient_at,
    in_ball,
    pmse_rows,
    quadratic_errors,
    softplus,
)


class Quadratic(nn.Module):
    """Two outputs: ½ xᵀAx + bᵀx, and zero."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = torch.tensor([[2.0, -1.0, 0.0], [-1.0, 1.0, 0.5], [0.0, 0.5, -3.0]])
        self.slope = torch.tensor([1.0, 2.0, 3.0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value = 0.5 * ((x @ self.matrix) * x).sum(1) + x @ self.slope
        return torch.stack([value, 0 * value], dim=1)


def test_a_quadratic_function_is_its_own_second_order() -> None:
    model, row = Quadratic(), np.array([0.3, -0.2, 0.5], np.float32)
    gradient, points = gradient_at(model, row, 0), in_ball(200, 3, 0.5, seed=0)
    np.testing.assert_allclose(
        gradient, model.slope.numpy() + model.matrix.numpy() @ row, atol=1e-6
    )
    matrix = model.matrix.double().numpy()
    assert quadratic_errors(model, row, 0, gradient, matrix, points) < 1e-12
    missed = 0.5 * ((points @ matrix) * points).sum(1)
    first = quadratic_errors(model, row, 0, gradient, None, points)
    np.testing.assert_allclose(first, np.mean(missed**2), rtol=1e-4)


def test_the_error_is_the_one_that_the_result_measures() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2)).eval()
    row = np.linspace(-1, 1, 6, dtype=np.float32)
    found = SmoothHess(n_samples=2000, random_state=0, progress=False).explain(
        model, row[None], target=0
    )
    table = found.pmse(0.5, n_samples=20_000, random_state=1).iloc[0]
    points = in_ball(20_000, 6, 0.5, seed=3)
    for name, matrix in (("SmoothHess", found.hessian[0]), ("SmoothGrad", None)):
        ours = quadratic_errors(model, row, 0, found.gradient[0], matrix, points)
        assert abs(ours - table[name]) < 6 * table[f"{name}, standard error"]


def test_points_are_uniform_in_distance() -> None:
    lengths = np.linalg.norm(in_ball(20_000, 30, 0.5, seed=0), axis=1)
    assert lengths.max() <= 0.5
    np.testing.assert_allclose(
        np.quantile(lengths, [0.25, 0.5, 0.75]), [0.125, 0.25, 0.375], atol=0.01
    )


def test_softplus_takes_the_place_of_every_relu() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)), nn.ReLU())
    smooth = softplus(model, 1000.0)
    assert not [m for m in smooth.modules() if isinstance(m, nn.ReLU)]
    assert [m for m in model.modules() if isinstance(m, nn.ReLU)]
    x = torch.randn(5, 3)
    with torch.no_grad():
        assert float((smooth(x) - model(x)).abs().max()) < 5e-3


def test_the_best_sharpness_is_that_of_the_network() -> None:
    """A network that is SoftPlus itself, of sharpness 20, written with its ReLU left in."""
    torch.manual_seed(0)
    first, last = nn.Linear(8, 12), nn.Linear(12, 1)

    class Smooth(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last, self.activation = first, last, SharpReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.activation(self.first(x)))

    class SharpReLU(nn.ReLU):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.softplus(x, 20.0)

    pixels = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    assert best_beta(Smooth().eval(), pixels, (2.0, 20.0, 200.0)) == 20.0


def test_a_reversed_order_fails() -> None:
    errors = pd.DataFrame(
        {
            "SmoothHess": [3.0, 3.0],
            "SmoothGrad": [2.0, 2.0],
            "gradient": [4.0, 4.0],
            "SoftPlus Hessian": [5.0, 5.0],
        }
    )
    failed = [row.what for row in pmse_rows(errors) if not row.agrees]
    assert failed == [
        "Mean P-MSE, SmoothGrad / SmoothHess",
        "… share of images where SmoothHess is better",
    ]
