import pytest
import torch

from nbinterp.interactions.andor.solver.penalty import dual_norm, dual_part, penalty


def test_penalty():
    u = torch.tensor([[3.0, -1.0], [-4.0, 0.5]])
    assert penalty(u, 0.1).tolist() == pytest.approx([4 + 0.7, 1 + 0.15])


@pytest.mark.parametrize("models", [1, 2, 3, 5])
@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.0])
def test_proximal_map_is_no_worse_than_any_other_point(models, alpha):
    generator = torch.Generator().manual_seed(models)
    u = torch.randn(models, 40, dtype=torch.float64, generator=generator)
    step = torch.full((1, 40), 0.3, dtype=torch.float64)
    found = u - dual_part(u, alpha, step)

    def cost(x):
        return penalty(x, alpha) * step[0] + (x - u).square().sum(-2) / 2

    for scale in (1e-3, 1e-2, 0.1):
        for _ in range(50):
            other = found + scale * torch.randn(u.shape, dtype=u.dtype, generator=generator)
            assert bool((cost(found) <= cost(other) + 1e-12).all())


def test_proximal_map_of_three_models_by_hand():
    u = torch.tensor([1.0, -0.8, 0.3], dtype=torch.float64)[:, None]
    step = torch.tensor([[0.5]], dtype=torch.float64)
    # Thresholded: 0.95, 0.75, 0.25; the ball of radius 0.5 subtracts 0.35 and 0.15.
    found = (u - dual_part(u, 0.1, step))[:, 0]
    torch.testing.assert_close(found, torch.tensor([0.6, -0.6, 0.25], dtype=torch.float64))


@pytest.mark.parametrize("models", [1, 2, 4])
def test_dual_norm(models):
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(models, 20, dtype=torch.float64, generator=generator)
    norm = dual_norm(y, 0.3)
    u = torch.randn(2000, models, 20, dtype=torch.float64, generator=generator)
    ratio = (u * y).sum(-2) / penalty(u, 0.3)
    assert bool((ratio <= norm * (1 + 1e-9)).all())
    assert float((ratio.amax(0) / norm).min()) > 0.8
    # What the proximal map subtracts is a subgradient: its norm is at most the step.
    part = dual_part(3 * y, 0.3, torch.full((1, 20), 0.5, dtype=torch.float64))
    assert float(dual_norm(part, 0.3).max()) <= 0.5 * (1 + 1e-9)
