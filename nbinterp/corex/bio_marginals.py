"""How each column of Bio CorEx is distributed given the state of a factor.

Both families are exponential: ``log p(x_i | y = c)`` is a product of a few statistics of ``x_i``
with as many coefficients a state. So the estimate is one matrix product of responsibilities with
statistics, and the likelihood another one back, without a loop over variables.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nbinterp import _device

_LEAST_WEIGHT = 0.1  # samples that a state is taken to have at least
_LEAST_FREEDOM = 0.01  # and degrees of freedom of its variance
_PSEUDOCOUNT = 0.001  # of each level in each state


def _trust(departure: Tensor, expected: Tensor) -> Tensor:
    """Return how far to believe a squared departure, from 0 to 1, beside the one by chance."""
    tiny = torch.finfo(departure.dtype).tiny
    return departure / (departure + expected + tiny)


@dataclass(frozen=True)
class Gaussian:
    """Standardized columns, normal in each state. Statistics: ``1, x, x^2``.

    Attributes
    ----------
    scores : Tensor of shape (p, n)
        Mean 0 and variance 1 in the data of the fit; NaN where missing.
    floor : Tensor of shape (p,)
        Least variance in a state.
    kurtosis : Tensor of shape (p,)
        Mean fourth power of the scores in the data of the fit.
    """

    scores: Tensor
    floor: Tensor
    kurtosis: Tensor

    n_statistics = 3

    def __len__(self) -> int:
        return len(self.scores)

    def statistics(self, rows: slice) -> Tensor:
        """Return the statistics ``(p, 3, n)`` of some rows, zero where missing."""
        x = self.scores[:, rows]
        seen = x.isnan().logical_not().to(x.dtype)
        x = x.nan_to_num(nan=0.0)
        return torch.stack([seen, x, x * x], 1)

    def estimate(self, sums: Tensor, squares: Tensor | None) -> Tensor:
        """Return the coefficients ``(..., k, p, 3)``, up to what all states have in common.

        Parameters
        ----------
        sums : Tensor of shape (..., k, p, 3)
            Of the statistics, weighted by the responsibilities of the states.
        squares : Tensor of shape (..., k, p, 3) or None
            The same with squared responsibilities: shrink towards the whole column. The authors'
            program bootstraps the standard errors that this takes; of a weighted mean and of a
            weighted variance of independent draws they are known in closed form.
        """
        count, first, second = sums.unbind(-1)
        weight = count.clamp(min=_LEAST_WEIGHT)
        mean = first / weight
        spread = second - 2.0 * mean * first + mean * mean * count
        variance = spread / (weight - 1.0).clamp(min=_LEAST_FREEDOM)
        if squares is not None:
            error = squares[..., 0] / (weight * weight)
            excess = variance - 1.0
            mean = mean * _trust(mean * mean, error)
            error = error * (self.kurtosis - 1.0).clamp(min=0.0)
            variance = 1.0 + excess * _trust(excess * excess, error)
        variance = torch.maximum(variance, self.floor)
        constant = -0.5 * (mean * mean / variance + variance.log())
        return torch.stack([constant, mean / variance, -0.5 / variance], -1)


@dataclass(frozen=True)
class Discrete:
    """Columns of a few levels. Statistics: one indicator a level.

    Attributes
    ----------
    codes : Tensor of shape (p, n)
        Which level; -1 where missing.
    n_levels : Tensor of shape (p,)
        How many levels each column has.
    marginal : Tensor of shape (p, levels)
        Their frequencies in the data of the fit, zero for levels that a column has not.
    """

    codes: Tensor
    n_levels: Tensor
    marginal: Tensor

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_statistics(self) -> int:
        """The most levels that any column has."""
        return self.marginal.shape[1]

    def statistics(self, rows: slice) -> Tensor:
        """Return the statistics ``(p, levels, n)`` of some rows, zero where missing."""
        level = torch.arange(self.n_statistics, device=self.codes.device).view(-1, 1)
        return (self.codes[:, None, rows] == level).to(self.marginal.dtype)

    def estimate(self, sums: Tensor, squares: Tensor | None) -> Tensor:
        """Return the coefficients ``(..., k, p, levels)``: log frequencies, 0 for what is no level.

        `squares` as for `Gaussian`: the likelihood ratio against independence is compared with its
        expectation under independence, known in closed form, instead of with permutations.
        """
        exists = self.marginal > 0
        raised = sums + _PSEUDOCOUNT * exists
        weight = raised.sum(-1, keepdim=True)
        frequency = raised / weight
        if squares is not None:
            ratio = torch.where(exists, frequency / self.marginal, 1.0).log()
            departure = 2.0 * (sums * ratio).sum((-3, -1)).clamp(min=0.0)
            spread = (squares.sum(-1) / weight[..., 0]).sum(-2) - 1.0
            expected = (self.n_levels - 1.0) * spread.clamp(min=0.0)
            trust = _trust(departure, expected).unsqueeze(-2).unsqueeze(-1)
            frequency = torch.lerp(self.marginal, frequency, trust)
        return torch.where(exists, frequency, 1.0).log()


Family = Gaussian | Discrete


@dataclass(frozen=True)
class Block:
    """The statistics of some rows, one tensor ``(p_f, s_f, n)`` a family of columns."""

    rows: slice
    statistics: tuple[Tensor, ...]

    def sums(self, weights: Tensor) -> list[Tensor]:
        """Return the statistics summed with weights ``(..., n)``: ``(..., p_f, s_f)`` a family."""
        flat = weights.reshape(-1, weights.shape[-1])
        return [
            (flat @ each.flatten(0, 1).mT).view(*weights.shape[:-1], *each.shape[:2])
            for each in self.statistics
        ]

    def total(self, coefficients: Sequence[Tensor]) -> Tensor:
        """Return ``sum_i log p(x_i)`` ``(..., n)`` by coefficients ``(..., p_f, s_f)``."""
        lead = coefficients[0].shape[:-2]
        parts = [
            (c.reshape(lead.numel(), -1) @ each.flatten(0, 1)).view(*lead, -1)
            for c, each in zip(coefficients, self.statistics, strict=True)
        ]
        return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]

    def each(self, coefficients: Sequence[Tensor]) -> Tensor:
        """Return every ``log p(x_i)``, ``(p, ..., n)``, by coefficients ``(..., p_f, s_f)``."""
        lead = coefficients[0].shape[:-2]
        parts = [
            torch.bmm(c.reshape(-1, *c.shape[-2:]).transpose(0, 1), each)
            for c, each in zip(coefficients, self.statistics, strict=True)
        ]
        joined = torch.cat(parts) if len(parts) > 1 else parts[0]
        return joined.view(len(joined), *lead, -1)


@dataclass(frozen=True)
class Table:
    """All columns of a data set, family by family.

    Attributes
    ----------
    families : tuple of Gaussian and Discrete
        In this order lie the columns wherever a tensor has an axis p.
    varying : Tensor of shape (p,)
        1 for a column with two different values at least, else 0.
    n_observed : Tensor of shape (p,)
        Observed entries of each column, at least 1.
    n_samples : int
        Rows.
    """

    families: tuple[Family, ...]
    varying: Tensor
    n_observed: Tensor
    n_samples: int

    def blocks(self, bytes_per_row: int) -> Iterator[Block]:
        """Yield blocks of as many rows as fit, with `bytes_per_row` of the caller's."""
        if self.is_one_block(bytes_per_row):
            yield self._whole
            return
        size = self._rows_at_once(bytes_per_row)
        for begin in range(0, self.n_samples, size):
            yield self._block(slice(begin, min(begin + size, self.n_samples)))

    def is_one_block(self, bytes_per_row: int) -> bool:
        """Return whether `blocks` would yield all rows at once."""
        return self._rows_at_once(bytes_per_row) >= self.n_samples

    @functools.cached_property
    def _whole(self) -> Block:
        return self._block(slice(0, self.n_samples))

    def _block(self, rows: slice) -> Block:
        return Block(rows, tuple(family.statistics(rows) for family in self.families))

    def _rows_at_once(self, bytes_per_row: int) -> int:
        width = sum(len(family) * family.n_statistics for family in self.families)
        own = 2 * width * self.varying.element_size()
        return _device.rows_per_block(self.varying.device, bytes_per_row + own)
