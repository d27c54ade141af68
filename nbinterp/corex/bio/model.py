"""The model of Bio CorEx: its estimate, likelihoods and posterior, for several restarts.

Axes: r restarts, m factors, k states, p columns, n samples. Responsibilities have shape ``(r, m, k,
n)``. Log likelihoods of single columns have shape ``(p, r, m, k - 1, n)``: they are relative to
state 0, which does not change the posterior.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from nbinterp._numerics.parallel import begin, parallel_map
from nbinterp._state import HasState, fields
from nbinterp.corex.bio.marginals import Block, Table

Result = TypeVar("Result")

_PSEUDOCOUNT = 0.001  # samples added to each state


@dataclass(frozen=True)
class Model(HasState):
    """The parameters of the factors of r restarts.

    Attributes
    ----------
    log_prior : Tensor of shape (r, m, k)
        ``log p(y_j = c)``.
    coefficients : tuple of Tensors of shape (r, m, k, p_f, s_f)
        Coefficients of ``log p(x_i | y_j = c)``, one tensor per family of columns.
    alpha : Tensor of shape (r, m, p)
        Weight of each column for each factor.
    """

    log_prior: Tensor
    coefficients: tuple[Tensor, ...]
    alpha: Tensor

    _STATE = fields("log_prior coefficients alpha")

    def take(self, restart: int, factors: Tensor) -> "Model":
        """Return one restart with its factors in the order of `factors`."""
        return Model(
            self.log_prior[restart, factors].unsqueeze(0),
            tuple(c[restart, factors].unsqueeze(0) for c in self.coefficients),
            self.alpha[restart, factors].unsqueeze(0),
        )

    @functools.cached_property
    def relative(self) -> list[Tensor]:
        """The coefficients of ``log p(x_i | c) - log p(x_i | 0)``."""
        return [c - c[:, :, :1] for c in self.coefficients]


@dataclass(frozen=True)
class BlockLikelihoods:
    """The evidence of each single column about each factor, for a block of rows."""

    block: Block
    model: Model
    q: Tensor  # (r, m, k, n), of these rows

    @functools.cached_property
    def ratios(self) -> Tensor:
        """``log p(x_i | y = c) - log p(x_i | y = 0)`` for c > 0, ``(p, r, m, k - 1, n)``."""
        return self.block.each([c[:, :, 1:] for c in self.model.relative])

    @functools.cached_property
    def agrees(self) -> Tensor:
        """1 where a column alone favours the likeliest state, else 0, ``(p, r, m, n)``.

        An entry that is missing, or equally likely in all states, favours no state; in the authors'
        program it favours the first. The result is floats, because summing bools takes several
        times as long.
        """
        chosen, k = _likeliest(self.q), self.q.shape[2]
        ratios = self.ratios.unbind(-2)  # of the other states to the first
        wins = []
        for a, b in itertools.combinations(range(k), 2):
            side = chosen[b] - chosen[a]  # 1 or -1 if a or b is the likeliest state, else 0
            lead = ratios[b - 1] if a == 0 else ratios[b - 1] - ratios[a - 1]
            wins.append((lead * side).gt_(side.abs() - 1.0))
        return functools.reduce(torch.mul, wins)

    def mixture(self) -> Tensor:
        """Return ``log p_j(x_i) - log p(x_i | y_j = 0)``, ``(p, r, m, n)``; 0 where missing."""
        prior = self.model.log_prior.unsqueeze(-1)
        joint = (self.ratios + prior[:, :, 1:]).unbind(-2)
        return functools.reduce(torch.logaddexp, joint, prior[:, :, 0])

    def posterior(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``p(y_j = c | x)`` ``(r, m, k, n)`` and ``log p_j(x)`` ``(r, m, n)``.

        ``log p_j(x)`` weights each column by alpha. It omits the same term as `independent`,
        the log likelihood of state 0.
        """
        sizes = [c.shape[-2] for c in self.model.coefficients]
        split = alpha.split(sizes, -1)  # type: ignore[no-untyped-call]
        weighted = [
            c * each[:, :, None, :, None]
            for c, each in zip(self.model.relative, split, strict=True)
        ]
        joint = self.model.log_prior.unsqueeze(-1) + self.block.total(weighted)
        together = functools.reduce(torch.logaddexp, joint.unbind(2))
        return (joint - together.unsqueeze(2)).exp(), together

    def independent(self, alpha: Tensor) -> Tensor:
        """Return ``sum_i alpha_ij log p_j(x_i)`` ``(r, m, n)``, relative to state 0."""
        return self.mixture().mul_(alpha.permute(2, 0, 1).unsqueeze(-1)).sum(0)


def _likeliest(q: Tensor) -> list[Tensor]:
    """Return 1 where a state is the first of the likeliest, else 0, each ``(r, m, n)``."""
    first, *others = q.unbind(2)
    chosen, highest = [torch.ones_like(first)], first
    for each in others:
        higher = (each - highest).gt_(0.0)
        chosen = [one * (1.0 - higher) for one in chosen] + [higher]
        highest = torch.maximum(highest, each)
    return chosen


def _tasks(
    table: Table, q: Tensor, work: Callable[[Block, Tensor], Result]
) -> list[Callable[[], Result]]:
    """Return calls of `work` with each block of rows and its responsibilities."""
    r, m, k, _ = q.shape
    # Memory for responsibilities, ratios, `agrees`, and two temporary tensors of that size.
    per_row = q.element_size() * r * m * (k + len(table.varying) * (4 * k - 4))
    keep = table.fits(per_row)

    def one(rows: slice) -> Result:
        return work(table.block(rows, keep=keep), q[..., rows])

    return [partial(one, rows) for rows in table.rows(per_row)]


def estimate(table: Table, q: Tensor, smooth: bool) -> tuple[Model, list[Tensor]]:
    """Estimate the model from responsibilities `q`; return it and the sums of statistics."""

    def sums_of(block: Block, q: Tensor) -> list[Tensor]:
        return block.sums(q) + (block.sums(q * q) if smooth else [])

    parts = parallel_map(_tasks(table, q, sums_of), q.device)
    sums = [total(each) for each in zip(*parts, strict=True)]
    n_families = len(table.families)
    coefficients = tuple(
        family.estimate(sums[f], sums[n_families + f] if smooth else None)
        for f, family in enumerate(table.families)
    )
    weight = q.sum(-1) + _PSEUDOCOUNT
    log_prior = (weight / weight.sum(-1, keepdim=True)).log()
    model = Model(log_prior, coefficients, table.varying.expand(*q.shape[:2], -1))
    return model, sums[:n_families]


def total(parts: Sequence[Tensor]) -> Tensor:
    """Return the sum of tensors of one shape."""
    return functools.reduce(torch.add, parts)


class Likelihoods:
    """The likelihoods of all rows, block by block; kept if all fit in memory."""

    def __init__(self, table: Table, model: Model, q: Tensor) -> None:
        self._table, self._model, self._q = table, model, q
        self._kept: dict[int, BlockLikelihoods] = {}

    def each(self, work: Callable[[BlockLikelihoods], Result]) -> list[Result]:
        """Return the results of `work` for each block."""
        return parallel_map(self._tasks(work), self._q.device)

    def begin(self, work: Callable[[BlockLikelihoods], Result]) -> Callable[[], list[Result]]:
        """Start `work` in the thread pool; return a function that waits for the results."""
        return begin(self._tasks(work), self._q.device)

    def _tasks(self, work: Callable[[BlockLikelihoods], Result]) -> list[Callable[[], Result]]:
        def one(block: Block, q: Tensor) -> Result:
            if not block.kept:
                return work(BlockLikelihoods(block, self._model, q))
            if block.rows.start not in self._kept:
                self._kept[block.rows.start] = BlockLikelihoods(block, self._model, q)
            return work(self._kept[block.rows.start])

        return _tasks(self._table, self._q, one)
