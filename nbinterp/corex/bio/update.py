"""The iteration of Bio CorEx, for several random starts at once; axes as in `bio_model`."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from nbinterp._typing import FloatArray
from nbinterp.corex.bio.marginals import Table
from nbinterp.corex.bio.model import BlockLikelihoods, Likelihoods, Model, estimate, total

Pending = Callable[[], Tensor]  # waits for a tensor that a worker computes

_CHECK_EVERY = 5  # iterations between two convergence tests, the only transfers to the host
_WEAK = 0.01  # nats below which a factor's alpha is raised, to give it another chance
_JITTER = 0.001  # of that raised alpha
_ALPHA_STEPS = 100  # iterations after which alpha stay, those the authors' program takes at most


def reliance(likelihoods: Likelihoods, strength: Pending, jitter: Tensor) -> Tensor:
    """Return alpha ``(r, m, p)``: the part of what a column tells a factor that no better one has.

    Of the samples where column i agrees with factor j, those where it agrees with no factor with
    which it agrees more often. Factors of a `strength` ``(r, m)`` of less than a hundredth nat get
    theirs raised to near 1. The authors' program counts on up to 10,000 random samples and draws
    `jitter` ``(r, m, p)`` anew in each iteration; with all samples and the same jitter there is an
    end to it.
    """
    agreed = total(likelihoods.each(lambda part: part.agrees.sum(-1)))
    # From m for the factor with which the column agrees most often down to 1 for the last.
    grade = agreed.argsort(dim=-1, descending=True, stable=True).argsort(-1)
    grade = (agreed.shape[-1] - grade).to(agreed.dtype).unsqueeze(-1)

    def count(part: BlockLikelihoods) -> Tensor:
        graded = part.agrees * grade
        best = graded.amax(2, keepdim=True)
        return torch.eq(best, grade, out=graded).sum(-1)

    unique = total(likelihoods.each(count))
    alpha = (unique / agreed.clamp(min=1)).permute(1, 2, 0)

    power = math.log(0.99) / alpha.amax(-1, keepdim=True).clamp(0.01, 0.99).log()
    weak = (strength().abs() < _WEAK).unsqueeze(-1)
    return torch.where(weak, alpha**power + _JITTER * jitter, alpha)


def update(
    table: Table,
    q: Tensor,
    strength: Pending,
    jitter: Tensor,
    smooth: bool,
    alpha: Tensor | None = None,
) -> tuple[Model, Tensor, Pending]:
    """Return the model of responsibilities `q`, the responsibilities it implies, and ``log Z``.

    Where no `alpha` ``(r, m, p)`` are given, they are counted. ``log Z`` takes a logarithm for each
    factor of each entry, and the next update needs no more of it than `strength`, last of all: a
    worker computes it beside that update.
    """
    model, _ = estimate(table, q, smooth)
    likelihoods = Likelihoods(table, model, q)
    if alpha is None and q.shape[1] > 1:
        alpha = reliance(likelihoods, strength, jitter) * table.varying
    if alpha is not None:
        model = replace(model, alpha=alpha)
    strength()  # so that no more than one is under way
    return model, *_respond(likelihoods, model.alpha, torch.empty_like(q))


def infer(table: Table, model: Model) -> tuple[Tensor, Tensor]:
    """Return the responsibilities ``(r, m, k, n)`` and ``log Z`` of any samples, in nats."""
    q = model.log_prior.new_empty((*model.log_prior.shape, table.n_samples))
    q, log_z = _respond(Likelihoods(table, model, q), model.alpha, q)
    return q, log_z()


def _respond(likelihoods: Likelihoods, alpha: Tensor, q: Tensor) -> tuple[Tensor, Pending]:
    """Fill `q` with the posterior of all rows; return it and ``log Z``."""
    log_z = torch.empty_like(q[:, :, 0])

    def fill(part: BlockLikelihoods) -> None:
        rows = part.block.rows
        q[..., rows], log_z[..., rows] = part.posterior(alpha)

    def subtract(part: BlockLikelihoods) -> None:
        log_z[..., part.block.rows] -= part.independent(alpha)

    likelihoods.each(fill)
    done = likelihoods.begin(subtract)

    def pending() -> Tensor:
        done()
        return log_z

    return q, pending


@dataclass(frozen=True)
class Solution:
    """What the iteration found from one start, strongest factor first."""

    model: Model
    q: Tensor  # (1, m, k, n)
    log_z: Tensor  # (1, m, n)
    history: FloatArray  # total correlation after each iteration, in nats
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
        One per restart.
    """
    found: dict[int, Solution] = {}
    running = list(range(len(q)))
    history: list[list[float]] = [[] for _ in running]
    strength = _now(torch.zeros_like(jitter[..., 0]))
    alpha = torch.ones_like(jitter)
    trail: list[Pending] = []
    for step in tqdm(
        range(1, max_iter + 1), desc="BioCorEx", delay=1, leave=False, disable=not progress
    ):
        fixed = alpha if step > _ALPHA_STEPS else None
        model, q, log_z = update(table, q, strength, jitter, smooth, fixed)
        alpha, strength = model.alpha, _mean(log_z)
        trail.append(strength)
        if step % _CHECK_EVERY and step < max_iter:
            continue
        values = torch.stack([each().sum(-1) for each in trail]).cpu().numpy()
        trail = []
        still = []
        for row, restart in enumerate(running):
            history[restart] += values[:, row].tolist()
            rests = _rests(history[restart], tol)
            if rests or step == max_iter:
                order = strength()[row].argsort(descending=True, stable=True)
                found[restart] = Solution(
                    model.take(row, order),
                    q[row, order].unsqueeze(0),
                    log_z()[row, order].unsqueeze(0),
                    np.array(history[restart]),
                    rests,
                )
            else:
                still.append(row)
        if not still:
            break
        running = [running[row] for row in still]
        if len(still) < len(q):
            q, jitter, alpha = q[still], jitter[still], alpha[still]
            strength = _now(strength()[still])
    return [found[restart] for restart in sorted(found)]


def _now(value: Tensor) -> Pending:
    return lambda: value


def _mean(log_z: Pending) -> Pending:
    """Return the mean over the samples, once it is asked for."""
    return functools.cache(lambda: log_z().mean(-1))


def _rests(history: list[float], tol: float) -> bool:
    if len(history) <= 10:
        return False
    return abs(float(np.mean(history[-5:]) - np.mean(history[-10:-5]))) < tol
