"""Distribution of each column of Bio CorEx given the state of a factor.

Both are exponential families: ``log p(x_i | y = c)`` is the inner product of a few statistics of
``x_i`` with the coefficients of the state. One matrix product of responsibilities with statistics
gives the estimate, and another gives the likelihood, without a loop over variables.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nbinterp import _device

_LEAST_WEIGHT = 0.1  # least number of samples that a state counts as having
_LEAST_FREEDOM = 0.01  # and least degrees of freedom of its variance
_PSEUDOCOUNT = 0.001  # samples added to each level in each state
_CACHED_BYTES = 12 * 2**20  # stay in the processor's cache


def _trust(departure: Tensor, expected: Tensor) -> Tensor:
    """Return from 0 to 1 how far a squared departure exceeds the one expected by chance."""
    tiny = torch.finfo(departure.dtype).tiny
    return departure / (departure + expected + tiny)


@dataclass(frozen=True)
class Gaussian:
    """Standardized columns, normal within each state. Statistics: ``1, x, x^2``.

    Attributes
    ----------
    scores : Tensor of shape (p, n)
        Mean 0 and variance 1 in the training data; NaN where missing.
    floor : Tensor of shape (p,)
        Least variance within a state.
    kurtosis : Tensor of shape (p,)
        Mean fourth power of the scores in the training data.
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
        """Return the coefficients ``(..., k, p, 3)``, up to a term common to all states.

        Parameters
        ----------
        sums : Tensor of shape (..., k, p, 3)
            Sums of the statistics, weighted by the responsibilities of the states.
        squares : Tensor of shape (..., k, p, 3) or None
            The same with squared responsibilities, to shrink towards the whole column. Shrinkage
            needs the standard errors of a weighted mean and variance of independent draws. They
            have a closed form; the authors' program bootstraps them.
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
    """Columns with a few levels. Statistics: one indicator per level.

    Attributes
    ----------
    codes : Tensor of shape (p, n)
        Level of each entry; -1 where missing.
    n_levels : Tensor of shape (p,)
        Number of levels of each column.
    marginal : Tensor of shape (p, levels)
        Frequency of each level in the training data, zero for levels that a column lacks.
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
        """Return the coefficients ``(..., k, p, levels)``: log frequencies, 0 for missing levels.

        `squares` as for `Gaussian`: shrinkage compares the likelihood ratio against independence
        with its expectation under independence. That has a closed form, so no permutations are
        needed.
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
    """The statistics of some rows, one tensor ``(p_f, s_f, n)`` per family of columns."""

    rows: slice
    statistics: tuple[Tensor, ...]
    kept: bool  # for later use

    def sums(self, weights: Tensor) -> list[Tensor]:
        """Sum the statistics with weights ``(..., n)``: ``(..., p_f, s_f)`` per family."""
        flat = weights.reshape(-1, weights.shape[-1])
        return [
            (flat @ each.flatten(0, 1).mT).view(*weights.shape[:-1], *each.shape[:2])
            for each in self.statistics
        ]

    def total(self, coefficients: Sequence[Tensor]) -> Tensor:
        """Return ``sum_i log p(x_i)`` ``(..., n)`` from coefficients ``(..., p_f, s_f)``."""
        lead = coefficients[0].shape[:-2]
        parts = [
            (c.reshape(lead.numel(), -1) @ each.flatten(0, 1)).view(*lead, -1)
            for c, each in zip(coefficients, self.statistics, strict=True)
        ]
        return functools.reduce(torch.add, parts)

    def each(self, coefficients: Sequence[Tensor]) -> Tensor:
        """Return every ``log p(x_i)``, ``(p, ..., n)``, from coefficients ``(..., p_f, s_f)``."""
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
        The families; an axis p of a tensor has the columns in this order.
    varying : Tensor of shape (p,)
        1 for a column with at least two different values, else 0.
    n_observed : Tensor of shape (p,)
        Number of observed entries of each column, at least 1.
    n_samples : int
        Rows.
    """

    families: tuple[Family, ...]
    varying: Tensor
    n_observed: Tensor
    n_samples: int

    def rows(self, bytes_per_row: int) -> list[slice]:
        """Return blocks of rows that fit in memory with the caller's bytes, or in a CPU's cache."""
        per_row = self._with_own(bytes_per_row)
        device = self.varying.device
        size = _device.rows_per_block(device, per_row)
        if device.type == "cpu":
            size = min(size, max(1, _CACHED_BYTES // per_row))
        n_blocks = -(-self.n_samples // size)
        size = -(-self.n_samples // n_blocks)  # of nearly equal size
        n = self.n_samples
        return [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]

    def block(self, rows: slice, *, keep: bool) -> Block:
        """Return the statistics of some rows; `keep` stores them for later use."""
        key = (rows.start, rows.stop)
        block = self._kept.get(key)
        if block is None:
            statistics = tuple(family.statistics(rows) for family in self.families)
            block = Block(rows, statistics, keep)
            if keep:
                self._kept[key] = block
        return block

    def fits(self, bytes_per_row: int) -> bool:
        """Return whether all rows fit in memory with `bytes_per_row` of the caller."""
        per_row = self._with_own(bytes_per_row)
        return _device.rows_per_block(self.varying.device, per_row) >= self.n_samples

    @functools.cached_property
    def _kept(self) -> dict[tuple[int, int], Block]:
        return {}

    def _with_own(self, bytes_per_row: int) -> int:
        width = sum(len(family) * family.n_statistics for family in self.families)
        return bytes_per_row + 2 * width * self.varying.element_size()
