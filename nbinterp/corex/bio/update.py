"""The iteration of Bio CorEx, for several random starts at once; axes as in `model`."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from nbinterp._numerics.progress import progress_bar
from nbinterp._typing import FloatArray
from nbinterp.corex.bio.marginals import Table
from nbinterp.corex.bio.model import BlockLikelihoods, Likelihoods, Model, estimate, total

Pending = Callable[[], Tensor]  # waits for a worker's tensor

_CHECK_EVERY = 5  # iterations between convergence tests, the only transfers to the host
_WEAK = 0.01  # in nats: alpha of weaker factors is raised, to give them another chance
_JITTER = 0.001  # added to raised alpha
_ALPHA_STEPS = 100  # iterations after which alpha is fixed; the authors' program stops there


def reliance(
    likelihoods: Likelihoods, strength: Pending, jitter: Tensor, raised: bool = True
) -> Tensor:
    """Return alpha ``(r, m, p)``: the share of a column's agreement unique to a factor.

    Take the samples where column i agrees with factor j. Alpha is the share of them where the
    column agrees with no other factor with which it agrees more often overall. Factors with a
    `strength` ``(r, m)`` below 0.01 nats get an alpha near 1 if `raised`. The authors' program
    counts on up to 10,000 random samples and draws `jitter` ``(r, m, p)`` again in each iteration.
    Here all samples count and the jitter is fixed, so that the iteration converges.
    """
    agreed = total(likelihoods.each(lambda part: part.agrees.sum(-1)))
    # m for the factor with which the column agrees most often, down to 1 for the last.
    grade = agreed.argsort(dim=-1, descending=True, stable=True).argsort(-1)
    grade = (agreed.shape[-1] - grade).to(agreed.dtype).unsqueeze(-1)

    def count(part: BlockLikelihoods) -> Tensor:
        graded = part.agrees * grade
        best = graded.amax(2, keepdim=True)
        return torch.eq(best, grade, out=graded).sum(-1)

    unique = total(likelihoods.each(count))
    alpha = (unique / agreed.clamp(min=1)).permute(1, 2, 0)

    if not raised:
        return alpha
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
    raised: bool = True,
) -> tuple[Model, Tensor, Pending]:
    """Return the model of responsibilities `q`, the responsibilities it implies, and ``log Z``.

    If `alpha` ``(r, m, p)`` is None, it is counted. ``log Z`` takes a logarithm for each factor of
    each entry, and the next update uses it only at its end, for `strength`. So a worker computes it
    in parallel with that update.
    """
    model, _ = estimate(table, q, smooth)
    likelihoods = Likelihoods(table, model, q)
    if alpha is None and q.shape[1] > 1:
        alpha = reliance(likelihoods, strength, jitter, raised) * table.varying
    if alpha is not None:
        model = replace(model, alpha=alpha)
    strength()  # wait, so that only one is in progress
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
    """The fit from one start, strongest factor first."""

    model: Model
    q: Tensor  # (1, m, k, n)
    log_z: Tensor  # (1, m, n)
    history: FloatArray  # total correlation after each iteration, in nats
    converged: bool

    @property
    def total_correlation(self) -> float:
        """Total correlation of all factors together, in nats."""
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
    """Repeat the update until the total correlation of each restart converges.

    Alpha is a ratio of counts and may alternate forever, as each change in the order of factors
    causes the next. After 100 iterations, where the authors' program always stops, alpha is fixed,
    and everything else converges.

    Parameters
    ----------
    table : Table
        The data.
    q : Tensor of shape (r, m, k, n)
        Responsibilities to start from.
    jitter : Tensor of shape (r, m, p)
        See `reliance`.
    max_iter : int
        Maximum number of iterations.
    tol : float
        Stop when the mean of five total correlations differs from the mean of the five before by
        less than this.
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
    for step in progress_bar(range(1, max_iter + 1), desc="BioCorEx", shown=progress):
        fixed = alpha if step > _ALPHA_STEPS else None
        # Raised alpha count again what other factors explain, so these are not the ones to keep.
        raised = step < min(_ALPHA_STEPS, max_iter)
        model, q, log_z = update(table, q, strength, jitter, smooth, fixed, raised)
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
    """Return a function that computes the mean over samples once, at its first call."""
    return functools.cache(lambda: log_z().mean(-1))


def _rests(history: list[float], tol: float) -> bool:
    if len(history) <= 10:
        return False
    return abs(float(np.mean(history[-5:]) - np.mean(history[-10:-5]))) < tol
