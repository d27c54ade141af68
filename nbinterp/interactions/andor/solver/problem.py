"""The split of outputs into AND and OR parts, as a convex problem: Eq. 4, 5 and 6."""

from dataclasses import dataclass

import torch

from nbinterp.interactions.andor.solver.penalty import penalty
from nbinterp.interactions.moebius import and_, or_

Tensor = torch.Tensor


@dataclass(frozen=True)
class Problem:
    """The outputs to split and the constraints, for a batch of samples.

    Parameters
    ----------
    values : tensor of shape (samples, models, 2^n)
        Outputs of all coalitions minus that of the empty one, float64.
    alpha : float
        Weight of the sum of strengths relative to their maximum over the models.
    noise_bound : tensor of shape (samples, models)
        Largest size of ε, in output units.
    specific_bound : tensor of shape (samples, models)
        Largest difference between the γ of a model and the γ that all models share.
    """

    values: Tensor
    alpha: float
    noise_bound: Tensor
    specific_bound: Tensor

    def rows(self, keep: Tensor) -> "Problem":
        """Return the problem of the samples `keep`."""
        return Problem(
            self.values[keep], self.alpha, self.noise_bound[keep], self.specific_bound[keep]
        )

    def in_units_of(self, unit: Tensor) -> "Problem":
        """Return the problem with all outputs of a sample divided by `unit` (samples,)."""
        by = unit[:, None]
        return Problem(
            self.values / by[..., None],
            self.alpha,
            self.noise_bound / by,
            self.specific_bound / by,
        )

    @property
    def noise_limits(self) -> Tensor:
        """The largest size of ε for each coalition, (samples, models, 2^n); 0 for the empty one.

        Noise there would shift all outputs alike, which gains nothing.
        """
        limits = self.noise_bound[..., None].expand_as(self.values).clone()
        limits[..., 0] = 0
        return limits


@dataclass(frozen=True)
class Split:
    """A feasible split, with its penalty and a lower bound of the optimum.

    Parameters
    ----------
    gamma, noise : tensor of shape (samples, models, 2^n)
        γ and ε: the AND part is ``(v - ε) / 2 + γ`` and the OR part ``(v - ε) / 2 - γ``.
    objective, bound : tensor of shape (samples,)
        The penalty, and a proven lower bound of the smallest possible penalty.
    """

    gamma: Tensor
    noise: Tensor
    objective: Tensor
    bound: Tensor


def interactions(problem: Problem, gamma: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return the AND and the OR interactions (samples, models, 2^n) of a split."""
    half = (problem.values - noise) / 2
    return and_(half + gamma), or_(half - gamma)


def objective(problem: Problem, gamma: Tensor, noise: Tensor) -> Tensor:
    """Return the penalty of a split, (samples,): Eq. 6, that is Eq. 5 for alpha 0."""
    parts = interactions(problem, gamma, noise)
    return sum((penalty(part, problem.alpha).sum(-1) for part in parts), torch.zeros(()))


def empty_split(problem: Problem) -> Split:
    """Return the split with γ and ε zero, and the bound zero."""
    zero = torch.zeros_like(problem.values)
    worst = objective(problem, zero, zero)
    return Split(zero, zero.clone(), worst, torch.zeros_like(worst))
