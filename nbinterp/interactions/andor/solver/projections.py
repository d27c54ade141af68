"""Projections to the constraints of an AND/OR split.

A state stacks the unknowns on its first axis: the AND interactions a, the OR interactions o (with
complements as indices and signs flipped, so that both are Möbius transforms), and then weighted
copies of the quantities that have bounds. With Z the sum over subsets and J the complement, the
parts of the output are ``p = Z a`` and ``q = J Z o``; their sum is the output minus noise.
"""

from functools import lru_cache
from typing import Protocol

import torch

from nbinterp.interactions.andor.solver.problem import Problem
from nbinterp.interactions.invariant import Invariant
from nbinterp.interactions.kronecker import InverseOfSum, KroneckerPower, products
from nbinterp.interactions.moebius import n_players

Tensor = torch.Tensor

# Weights of the copies of the sum and of the parts, chosen by trial for fast convergence.
_SUM_WEIGHT = 1.0
_PART_WEIGHT = 1.0


class Projection(Protocol):
    """The projections that the iteration needs."""

    def start(self) -> Tensor:
        """Return the first state, (2 + copies, samples, models, 2^n)."""

    def bounded(self, copies: Tensor) -> Tensor:
        """Return the nearest copies within the bounds."""

    def consistent(self, state: Tensor) -> Tensor:
        """Return the nearest state whose copies agree with its interactions."""

    def feasible(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return γ and ε of a split within all bounds, near a consistent `state`."""

    def multipliers(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return dual variables near `y`, and the multipliers of the sum and of γ."""


class Free:
    """No bound on γ: all pairs (a, o) with ``Z a + J Z o = v - ε``.

    The projection is exact. The matrix to invert is a sum of two Kronecker powers; with noise the
    identity is added, and the inverse is applied in the basis of total spins.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        n, device = n_players(problem.values), problem.values.device
        self._limits = problem.noise_limits
        self._is_noisy = bool((self._limits > 0).any())
        self._sum = _power(n, device, ((1.0, 0.0), (1.0, 1.0)))
        self._sum_back = _power(n, device, ((1.0, 1.0), (0.0, 1.0)))
        self._inverse = _inverse_of_sums(n, device)
        self._shrunk = _shrunk_inverse(n, device) if self._is_noisy else None

    def start(self) -> Tensor:
        """Return γ = 0."""
        half = self._problem.values / 2
        backward = _power(n_players(half), half.device, ((1.0, 0.0), (-1.0, 1.0)))
        state = backward(torch.stack([half, half.flip(-1)]))
        if self._is_noisy:
            state = torch.cat([state, _SUM_WEIGHT * self._problem.values[None]])
        return state

    def bounded(self, copies: Tensor) -> Tensor:
        """Keep the sum within the noise of the outputs."""
        if not self._is_noisy:
            return copies
        return self._within_noise(copies / _SUM_WEIGHT) * _SUM_WEIGHT

    def consistent(self, state: Tensor) -> Tensor:
        """Project to the outputs; with noise, project the interactions and the copy of the sum."""
        if self._shrunk is None:
            return self._with_sum(state, self._problem.values)
        missing = self._shrunk(state[2] / _SUM_WEIGHT - self._total(state))
        projected = torch.empty_like(state)
        projected[:2] = state[:2] + self._spread(missing)
        projected[2] = state[2] - missing / _SUM_WEIGHT
        return projected

    def feasible(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Project to a sum that is within the noise."""
        total = self._problem.values
        if self._is_noisy:
            total = self._within_noise(state[2] / _SUM_WEIGHT)
        parts = self._sum(self._with_sum(state[:2], total))
        return (parts[0] - parts[1].flip(-1)) / 2, self._problem.values - total

    def multipliers(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the nearest dual variables with multipliers of zero for γ."""
        of_sum = self._inverse(self._total(y))
        return self._spread(of_sum), of_sum, torch.zeros_like(of_sum)

    def _total(self, state: Tensor) -> Tensor:
        parts = self._sum(state[:2])
        return parts[0] + parts[1].flip(-1)

    def _spread(self, of_sum: Tensor) -> Tensor:
        return self._sum_back(torch.stack([of_sum, of_sum.flip(-1)]))

    def _with_sum(self, state: Tensor, total: Tensor) -> Tensor:
        return state[:2] + self._spread(self._inverse(total - self._total(state)))

    def _within_noise(self, total: Tensor) -> Tensor:
        values = self._problem.values
        return torch.clamp(total, values - self._limits, values + self._limits)


class Bounded:
    """Bounds on the γ of each model, by copies of both parts p and q.

    The projection treats the parts separately. Singular vectors of a Kronecker power are Kronecker
    powers, so that it is exact for any number of players; it needs more iterations.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        n, device = n_players(problem.values), problem.values.device
        self._limits = problem.noise_limits
        moebius = torch.tensor([[1.0, 0.0], [-1.0, 1.0]], dtype=torch.float64, device=device)
        left, values, right = torch.linalg.svd(moebius)
        self._left, self._left_back = KroneckerPower(left, n), KroneckerPower(left.T, n)
        self._right, self._right_back = KroneckerPower(right.T, n), KroneckerPower(right, n)
        self._moebius, self._moebius_back = (
            KroneckerPower(moebius, n),
            KroneckerPower(moebius.T, n),
        )
        self._stretch = products([], n, values)
        self._inverse = 1 / (self._stretch.square() + _PART_WEIGHT**2)
        gram, flipped = moebius.T @ moebius, (moebius.T @ moebius).flip(0, 1)
        self._gamma_inverse = InverseOfSum(gram, flipped, n)

    def start(self) -> Tensor:
        """Return γ = 0."""
        half = self._problem.values / 2
        parts = torch.stack([half, half.flip(-1)])
        return torch.cat([self._moebius(parts), _PART_WEIGHT * parts])

    def bounded(self, copies: Tensor) -> Tensor:
        """Keep the sum within the noise, and γ within its bound of a γ that all models share."""
        total, gamma = self._clipped(copies / _PART_WEIGHT)
        half = total / 2
        return _PART_WEIGHT * torch.stack([half + gamma, (half - gamma).flip(-1)])

    def consistent(self, state: Tensor) -> Tensor:
        """Project to interactions and parts that agree."""
        shared = self._inverse * (
            self._stretch * self._left_back(state[:2]) + _PART_WEIGHT * self._right_back(state[2:])
        )
        return torch.cat([self._left(self._stretch * shared), _PART_WEIGHT * self._right(shared)])

    def feasible(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Move the parts within their bounds."""
        total, gamma = self._clipped(state[2:] / _PART_WEIGHT)
        return gamma, self._problem.values - total

    def multipliers(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the nearest dual variables with multipliers of zero for the shared γ."""
        of_parts = self._moebius_back(y)
        of_gamma = of_parts[0] - of_parts[1].flip(-1)
        shift = self._gamma_inverse(of_gamma.mean(-2, keepdim=True))
        y = y - self._moebius(torch.stack([shift, -shift.flip(-1)]))
        of_parts = self._moebius_back(y)
        other = of_parts[1].flip(-1)
        return y, (of_parts[0] + other) / 2, of_parts[0] - other

    def _clipped(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        p, q, values = parts[0], parts[1].flip(-1), self._problem.values
        total = torch.clamp(p + q, values - self._limits, values + self._limits)
        return total, near_shared((p - q) / 2, self._problem.specific_bound)


def near_shared(gamma: Tensor, bound: Tensor) -> Tensor:
    """Return the nearest γ that lie, for each coalition, within `bound` of a shared value.

    Parameters
    ----------
    gamma : tensor of shape (samples, models, 2^n)
    bound : tensor of shape (samples, models)
    """
    if gamma.shape[1] == 1:
        return gamma
    reach = bound[..., None]
    if gamma.shape[1] == 2:
        apart = gamma[:, :1] - gamma[:, 1:]
        excess = apart - torch.clamp(apart, -reach.sum(1, True), reach.sum(1, True))
        return torch.cat([gamma[:, :1] - excess / 2, gamma[:, 1:] + excess / 2], dim=1)
    shared = _shared(gamma - reach, gamma + reach)
    return shared + torch.clamp(gamma - shared, -reach, reach)


def _shared(low: Tensor, high: Tensor) -> Tensor:
    """Return the value with the smallest sum of squared distances to intervals (…, models, 2^n).

    Half the derivative of that sum increases, and is linear between the ends of the intervals.
    """
    ends = torch.cat([low, high], dim=-2).sort(dim=-2).values
    at = ends[..., :, None, :]
    slope = (at - high[..., None, :, :]).clamp(min=0).sum(-2)
    slope = slope - (low[..., None, :, :] - at).clamp(min=0).sum(-2)
    last = ((slope <= 0).sum(-2, keepdim=True) - 1).clamp(0, ends.shape[-2] - 2)
    left, right = ends.gather(-2, last), ends.gather(-2, last + 1)
    below, above = slope.gather(-2, last), slope.gather(-2, last + 1)
    rise = above - below
    share = torch.where(rise > 0, -below / rise.clamp(min=torch.finfo(rise.dtype).tiny), 0.0)
    return left + share.clamp(0, 1) * (right - left)


def _power(
    n: int, device: torch.device, factor: tuple[tuple[float, float], tuple[float, float]]
) -> KroneckerPower:
    return KroneckerPower(torch.tensor(factor, dtype=torch.float64, device=device), n)


def _grams(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return ``Z Zᵀ`` of one player, and the same with on and off exchanged."""
    gram = torch.tensor([[1.0, 1.0], [1.0, 2.0]], dtype=torch.float64, device=device)
    return gram, gram.flip(0, 1)


def _inverse_of_sums(n: int, device: torch.device) -> InverseOfSum:
    return InverseOfSum(*_grams(device), n)


@lru_cache(maxsize=4)
def _shrunk_inverse(n: int, device: torch.device) -> Invariant:
    unit = torch.eye(2, dtype=torch.float64, device=device)

    def inverse(powers: list[Tensor]) -> Tensor:
        first, second, one = powers
        matrix = first + second + one / _SUM_WEIGHT**2
        return torch.cholesky_inverse(torch.linalg.cholesky(matrix))

    return Invariant([*_grams(device), unit], n, inverse)
