"""Solve the split by a primal-dual iteration with a duality gap."""

from dataclasses import replace

import torch

from nbinterp._numerics.progress import current_token, progress_bar
from nbinterp.interactions.andor.solver.halpern import Halpern
from nbinterp.interactions.andor.solver.penalty import dual_norm, dual_part
from nbinterp.interactions.andor.solver.problem import Problem, Split, empty_split, objective
from nbinterp.interactions.andor.solver.projections import Bounded, Free, Projection, near_shared

Tensor = torch.Tensor

_STEP = 1 / 60  # first step of the penalty's proximal map, in units of the largest output
_CHECK_EVERY = 50
_SLACK = 1e-9  # violations of the bound on γ up to this, in the same units, are ignored


def solve(problem: Problem, *, tol: float, max_iter: int, progress: bool = False) -> Split:
    """Return the split with the smallest penalty, up to a relative duality gap of `tol`.

    The iteration is the primal-dual hybrid gradient method with an exact inverse as
    preconditioner. This is Douglas-Rachford splitting: it alternates between the nearest sparse
    and the nearest consistent state. Halpern's iteration with restarts takes about a third of the
    steps of the plain one. The bound on the γ of models is rarely active, so samples are solved
    without it first; those that violate it are solved again.

    Parameters
    ----------
    problem : Problem
        The batch.
    tol : float
        Largest gap between objective and bound, as a share of the objective.
    max_iter : int
        Largest number of iterations of each of the two passes.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Split
        Always feasible; `objective` and `bound` give the duality gap.

    References
    ----------
    O'Connor and Vandenberghe (2020), On the equivalence of the primal-dual hybrid gradient
    method and Douglas-Rachford splitting, Mathematical Programming.
    """
    unit = problem.values.abs().amax((1, 2))
    unit = torch.where(unit > 0, unit, torch.ones_like(unit))
    scaled = problem.in_units_of(unit)
    split = _run(Free, scaled, tol, max_iter, progress)
    missed = near_shared(split.gamma, scaled.specific_bound) - split.gamma
    unsolved = missed.abs().amax((1, 2)) > _SLACK
    if bool(unsolved.any()):
        bounded = _run(Bounded, scaled.rows(unsolved), tol, max_iter, progress)
        split.gamma[unsolved], split.noise[unsolved] = bounded.gamma, bounded.noise
        split.objective[unsolved] = bounded.objective
        # A bound of the problem with fewer constraints is one of this problem too.
        split.bound[unsolved] = torch.maximum(split.bound[unsolved], bounded.bound)
    tables = {name: getattr(split, name) * unit[:, None, None] for name in ("gamma", "noise")}
    return replace(split, **tables, objective=split.objective * unit, bound=split.bound * unit)


def _run(
    kind: type[Free] | type[Bounded],
    problem: Problem,
    tol: float,
    max_iter: int,
    progress: bool,
) -> Split:
    """Iterate until all samples are within `tol`. Samples that are within it leave the batch."""
    found = empty_split(problem)
    running = torch.arange(len(problem.values), device=problem.values.device)
    projection: Projection = kind(problem)
    state = projection.start()
    halpern, weights = Halpern(state, _STEP), _weights(problem)
    with progress_bar(total=max_iter, desc="AndOr", shown=progress) as bar:
        token = current_token()
        for iteration in range(1, max_iter + 1):
            token.raise_if_cancelled()
            step = weights * halpern.step
            near, reflected = _half_steps(projection, problem, state, step)
            state = halpern(state, near, reflected)
            if iteration % _CHECK_EVERY and iteration < max_iter:
                continue
            bar.update(iteration - bar.n)
            now = _evaluate(projection, problem, state, weights, halpern.step)
            _keep_better(found, now, running)
            gap = found.objective[running] - found.bound[running]
            unfinished = gap > tol * found.objective[running]
            if not bool(unfinished.any()):
                break
            if not bool(unfinished.all()):
                running, problem, state = (
                    running[unfinished],
                    problem.rows(unfinished),
                    state[:, unfinished],
                )
                projection = kind(problem)
                halpern.keep(unfinished)
    return found


def _half_steps(
    projection: Projection, problem: Problem, state: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sparse state nearest to `state`, and the consistent one nearest to its mirror."""
    near = state.clone()
    near[:2] -= dual_part(state[:2], problem.alpha, step)
    if len(state) > 2:
        near[2:] = projection.bounded(state[2:])
    return near, projection.consistent(2 * near - state)


def _evaluate(
    projection: Projection, problem: Problem, state: Tensor, weights: Tensor, unit: Tensor
) -> Split:
    """Return a feasible split near `state`, its objective, and a lower bound of the optimum.

    The steps are the `weights` of the interactions times the `unit` of each sample.
    """
    step = weights * unit
    _, consistent = _half_steps(projection, problem, state, step)
    gamma, noise = projection.feasible(consistent)
    y = dual_part(state[:2], problem.alpha, step) / unit
    return Split(gamma, noise, objective(problem, gamma, noise), _bound(projection, problem, y))


def _bound(projection: Projection, problem: Problem, y: Tensor) -> Tensor:
    """Return the lower bound (samples,) that follows from dual variables near `y`."""
    y, of_sum, of_gamma = projection.multipliers(y)
    # The OR interaction of the empty set does not count (see `_weights`): its multiplier must be
    # zero. Subtracting it changes nothing else, as the output of the empty coalition is zero.
    extra = y[1, ..., :1].clone()
    y[1] -= extra
    y[0, ..., :1] -= extra
    norms = dual_norm(y, problem.alpha)
    norms[0, :, 0] /= 2
    value = (of_sum * problem.values - of_sum.abs() * problem.noise_limits).sum((-1, -2))
    value = value - (of_gamma.abs().sum(-1) * problem.specific_bound).sum(-1)
    return (value / norms.amax((0, 2)).clamp(min=1)).clamp(min=0)


def _weights(problem: Problem) -> Tensor:
    """Return how much each interaction counts, (2, 1, 1, 2^n).

    The output of the empty coalition is zero, so that its AND and its OR interaction are equal in
    size: the first is counted twice instead of both once.
    """
    weights = problem.values.new_ones((2, 1, 1, problem.values.shape[-1]))
    weights[0, ..., 0] = 2
    weights[1, ..., 0] = 0
    return weights


def _keep_better(found: Split, now: Split, rows: Tensor) -> None:
    """Copy the better splits and bounds of `now` to the `rows` of `found`."""
    better = now.objective < found.objective[rows]
    at = rows[better]
    found.gamma[at], found.noise[at] = now.gamma[better], now.noise[better]
    found.objective[at] = now.objective[better]
    found.bound[rows] = torch.maximum(found.bound[rows], now.bound)
