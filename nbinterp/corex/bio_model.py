"""What the factors of Bio CorEx say of columns and columns of factors, in several restarts.

Names of axes: r restarts, m factors, k states, p columns, n samples. Responsibilities lie as
``(r, m, k, n)``, what concerns single columns as ``(p, r, m, k - 1, n)``: log likelihoods are kept
relative to state 0, which the posterior does not notice.
"""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from nbinterp.corex.bio_marginals import Block, Table

_PSEUDOCOUNT = 0.001  # samples of each state


@dataclass(frozen=True)
class Model:
    """What describes the factors of r restarts.

    Attributes
    ----------
    log_prior : Tensor of shape (r, m, k)
        ``log p(y_j = c)``.
    coefficients : tuple of Tensors of shape (r, m, k, p_f, s_f)
        Of ``log p(x_i | y_j = c)``, one tensor a family of columns.
    alpha : Tensor of shape (r, m, p)
        How much of each column counts for each factor.
    """

    log_prior: Tensor
    coefficients: tuple[Tensor, ...]
    alpha: Tensor

    def take(self, restart: int, factors: Tensor) -> "Model":
        """Return one restart alone, its factors in another order."""
        return Model(
            self.log_prior[restart, factors].unsqueeze(0),
            tuple(c[restart, factors].unsqueeze(0) for c in self.coefficients),
            self.alpha[restart, factors].unsqueeze(0),
        )

    @property
    def relative(self) -> list[Tensor]:
        """The coefficients of ``log p(x_i | c) - log p(x_i | 0)``."""
        return [c - c[:, :, :1] for c in self.coefficients]


@dataclass(frozen=True)
class Piece:
    """What each column of a block of rows says by itself about each factor."""

    block: Block
    model: Model
    q: Tensor  # (r, m, k, n) of these rows

    @functools.cached_property
    def ratios(self) -> Tensor:
        """``log p(x_i | y = c) - log p(x_i | y = 0)`` for c > 0, ``(p, r, m, k - 1, n)``."""
        return self.block.each([c[:, :, 1:] for c in self.model.relative])

    @functools.cached_property
    def agrees(self) -> Tensor:
        """Where a column alone points to the posterior's likeliest state, ``(p, r, m, n)``.

        What is missing or the same in all states points nowhere; in the authors' program it points
        to the first state.
        """
        k = self.q.shape[2]
        likeliest = self.q.max(2).indices
        chosen = [(likeliest == c).to(self.q.dtype) for c in range(k)]
        ratios = self.ratios.unbind(-2)  # of all states but the first, to the first
        wins = []
        for a, b in itertools.combinations(range(k), 2):
            side = chosen[b] - chosen[a]  # 1 or -1 where a duel of a and b matters, else 0
            lead = ratios[b - 1] if a == 0 else ratios[b - 1] - ratios[a - 1]
            wins.append(lead * side > side.abs() - 1.0)
        return functools.reduce(torch.logical_and, wins)

    def mixture(self) -> Tensor:
        """Return ``log p_j(x_i) - log p(x_i | y_j = 0)``, ``(p, r, m, n)``; 0 where missing."""
        prior = self.model.log_prior.unsqueeze(-1)
        joint = (self.ratios + prior[:, :, 1:]).unbind(-2)
        return functools.reduce(torch.logaddexp, joint, prior[:, :, 0])

    def posterior(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``p(y_j = c | x)`` ``(r, m, k, n)`` and ``log Z_j(x)`` ``(r, m, n)``, in nats."""
        sizes = [c.shape[-2] for c in self.model.coefficients]
        split = alpha.split(sizes, -1)  # type: ignore[no-untyped-call]
        weighted = [
            c * each[:, :, None, :, None]
            for c, each in zip(self.model.relative, split, strict=True)
        ]
        joint = self.model.log_prior.unsqueeze(-1) + self.block.total(weighted)
        independent = self.mixture().mul_(alpha.permute(2, 0, 1).unsqueeze(-1)).sum(0)
        joint = joint - independent.unsqueeze(2)
        log_z = functools.reduce(torch.logaddexp, joint.unbind(2))
        return (joint - log_z.unsqueeze(2)).exp(), log_z


def estimate(table: Table, q: Tensor, smooth: bool) -> tuple[Model, list[Tensor]]:
    """Return the model that responsibilities `q` imply, and the sums of statistics it is from."""
    sums: list[Tensor] = []
    squares: list[Tensor] = []
    for block in table.blocks(q[..., 0].numel() * q.element_size()):
        part = q[..., block.rows]
        sums = _add(sums, block.sums(part))
        if smooth:
            squares = _add(squares, block.sums(part * part))
    coefficients = tuple(
        family.estimate(sums[f], squares[f] if smooth else None)
        for f, family in enumerate(table.families)
    )
    total = q.sum(-1) + _PSEUDOCOUNT
    log_prior = (total / total.sum(-1, keepdim=True)).log()
    return Model(log_prior, coefficients, table.varying.expand(*q.shape[:2], -1)), sums


def _add(total: list[Tensor], part: list[Tensor]) -> list[Tensor]:
    return [a + b for a, b in zip(total, part, strict=True)] if total else part


def pieces(table: Table, model: Model, q: Tensor) -> Callable[[], Iterable[Piece]]:
    """Return how to go over all rows; what one block holds is computed once."""
    r, m, k, _ = q.shape
    # The ratios, two tensors as large to work on them, and the answers of each column.
    per_row = q.element_size() * r * m * (k + len(table.varying) * (3 * k - 2))

    def each() -> Iterable[Piece]:
        return (Piece(block, model, q[..., block.rows]) for block in table.blocks(per_row))

    if not table.is_one_block(per_row):
        return each
    whole = list(each())
    return lambda: whole
