"""The iteration of Bio CorEx, for several random starts at once.

Names of axes: r restarts, m factors, k states, p columns, n samples. Responsibilities lie as
``(r, m, k, n)``, what concerns single columns as ``(p, r, m, k - 1, n)``: log likelihoods are kept
relative to state 0, which the posterior does not notice.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm.auto import tqdm

from nbinterp.corex.bio_marginals import Block, Table

_CHECK_EVERY = 5  # iterations between two convergence tests, the only transfers to the host
_WEAK = 0.01  # nats below which a factor's alpha is raised, to give it another chance
_JITTER = 0.001  # of that raised alpha
_PSEUDOCOUNT = 0.001  # samples of each state
_ALPHA_STEPS = 100  # iterations after which alpha stay, those the authors' program takes at most


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
        ratios = (None, *self.ratios.unbind(-2))
        wins = []
        for a, b in itertools.combinations(range(k), 2):
            side = chosen[b] - chosen[a]  # 1 or -1 where a duel of a and b matters, else 0
            lead = ratios[b] if ratios[a] is None else ratios[b] - ratios[a]
            wins.append(lead * side > side.abs() - 1.0)
        return functools.reduce(torch.logical_and, wins)

    def mixture(self) -> Tensor:
        """Return ``log p_j(x_i) - log p(x_i | y_j = 0)``, ``(p, r, m, n)``; 0 where missing."""
        prior = self.model.log_prior.unsqueeze(-1)
        joint = (self.ratios + prior[:, :, 1:]).unbind(-2)
        return functools.reduce(torch.logaddexp, joint, prior[:, :, 0])

    def posterior(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``p(y_j = c | x)`` ``(r, m, k, n)`` and ``log Z_j(x)`` ``(r, m, n)``, in nats."""
        split = alpha.split([c.shape[-2] for c in self.model.coefficients], -1)
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


def reliance(walk: Callable[[], Iterable[Piece]], strength: Tensor, jitter: Tensor) -> Tensor:
    """Return alpha ``(r, m, p)``: the part of what a column tells a factor that no better one has.

    Of the samples where column i agrees with factor j, those where it agrees with no factor with
    which it agrees more often. Factors of a `strength` ``(r, m)`` of less than a hundredth nat get
    theirs raised to near 1. Pepke and Ver Steeg (2017), section 3.3, count on up to 10,000 random
    samples and draw `jitter` ``(r, m, p)`` anew in each iteration; with all samples and the same
    jitter the iteration comes to rest.
    """
    total = torch.stack([piece.agrees.sum(-1) for piece in walk()]).sum(0)
    m = total.shape[-1]
    rank = (
        total.argsort(dim=-1, descending=True, stable=True)
        .argsort(-1)
        .to(torch.int16)
        .unsqueeze(-1)
    )
    unique = torch.zeros_like(total)
    for piece in walk():
        order = piece.agrees.logical_not().to(torch.int16).mul_(m).add_(rank)
        unique += (order.amin(2, keepdim=True) == rank).sum(-1)
    alpha = (unique.to(strength.dtype) / total.clamp(min=1)).permute(1, 2, 0)

    power = math.log(0.99) / alpha.amax(-1, keepdim=True).clamp(0.01, 0.99).log()
    weak = (strength.abs() < _WEAK).unsqueeze(-1)
    return torch.where(weak, alpha**power + _JITTER * jitter, alpha)


def update(
    table: Table,
    q: Tensor,
    strength: Tensor,
    jitter: Tensor,
    smooth: bool,
    alpha: Tensor | None = None,
) -> tuple[Model, Tensor, Tensor]:
    """Return the model of responsibilities `q`, the responsibilities it implies, and ``log Z``.

    With `alpha` given or counted anew.
    """
    model, _ = estimate(table, q, smooth)
    walk = pieces(table, model, q)
    if alpha is None and q.shape[1] > 1:
        alpha = reliance(walk, strength, jitter) * table.varying
    if alpha is not None:
        model = replace(model, alpha=alpha)
    return model, *_respond(walk, model.alpha, torch.empty_like(q))


def infer(table: Table, model: Model) -> tuple[Tensor, Tensor]:
    """Return the responsibilities ``(r, m, k, n)`` and ``log Z`` of any samples, in nats."""
    q = model.log_prior.new_empty((*model.log_prior.shape, table.n_samples))
    return _respond(pieces(table, model, q), model.alpha, q)


def _respond(
    walk: Callable[[], Iterable[Piece]], alpha: Tensor, q: Tensor
) -> tuple[Tensor, Tensor]:
    """Fill `q` with the posterior of all rows; return it and ``log Z``."""
    log_z = torch.empty_like(q[:, :, 0])
    for piece in walk():
        rows = piece.block.rows
        q[..., rows], log_z[..., rows] = piece.posterior(alpha)
    return q, log_z


@dataclass(frozen=True)
class Solution:
    """What the iteration found from one start, strongest factor first."""

    model: Model
    q: Tensor  # (1, m, k, n)
    log_z: Tensor  # (1, m, n)
    history: npt.NDArray[np.float64]  # total correlation after each iteration, in nats
    converged: bool

    @property
    def total_correlation(self) -> float:
        """Of all factors together, in nats."""
        return float(self.history[-1])


def iterate(
    table: Table,
    q: Tensor,
    jitter: Tensor,
    *,
    max_iter: int,
    tol: float,
    smooth: bool,
    progress: bool,
) -> list[Solution]:
    """Repeat the update until the total correlation rests, each restart for itself.

    Alpha are counts, which may alternate for ever, one flip of an order causing the next. After 100
    iterations, where the authors' program stops in any case, they stay, and all else comes to rest.

    Parameters
    ----------
    table : Table
        The data.
    q : Tensor of shape (r, m, k, n)
        Responsibilities to begin with.
    jitter : Tensor of shape (r, m, p)
        See `reliance`.
    max_iter : int
        Iterations at most.
    tol : float
        Stop when the mean of five total correlations differs from that of the five before by less.
    smooth, progress : bool
        As in `BioCorEx`.

    Returns
    -------
    list of Solution
        One a restart.
    """
    found: dict[int, Solution] = {}
    running = list(range(len(q)))
    history: list[list[float]] = [[] for _ in running]
    strength = torch.zeros_like(jitter[..., 0])
    alpha = torch.ones_like(jitter)
    trail: list[Tensor] = []
    for step in tqdm(
        range(1, max_iter + 1), desc="BioCorEx", delay=1, leave=False, disable=not progress
    ):
        fixed = alpha if step > _ALPHA_STEPS else None
        model, q, log_z = update(table, q, strength, jitter, smooth, fixed)
        alpha, strength = model.alpha, log_z.mean(-1)
        trail.append(strength.sum(-1))
        if step % _CHECK_EVERY and step < max_iter:
            continue
        values = torch.stack(trail).cpu().numpy()
        trail = []
        still = []
        for row, restart in enumerate(running):
            history[restart] += values[:, row].tolist()
            rests = _rests(history[restart], tol)
            if rests or step == max_iter:
                order = strength[row].argsort(descending=True, stable=True)
                found[restart] = Solution(
                    model.take(row, order),
                    q[row, order].unsqueeze(0),
                    log_z[row, order].unsqueeze(0),
                    np.array(history[restart]),
                    rests,
                )
            else:
                still.append(row)
        if not still:
            break
        running = [running[row] for row in still]
        if len(still) < len(q):
            q, jitter, strength, alpha = (each[still] for each in (q, jitter, strength, alpha))
    return [found[restart] for restart in sorted(found)]


def _rests(history: list[float], tol: float) -> bool:
    if len(history) <= 10:
        return False
    return abs(float(np.mean(history[-5:]) - np.mean(history[-10:-5]))) < tol
