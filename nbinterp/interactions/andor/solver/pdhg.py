"""The split by a primal-dual iteration that proves how far it is from the optimum."""

from dataclasses import replace

import torch
from tqdm.auto import tqdm

from nbinterp.interactions.andor.solver.penalty import dual_norm, dual_part
from nbinterp.interactions.andor.solver.problem import Problem, Split, empty_split, objective
from nbinterp.interactions.andor.solver.projections import Bounded, Free, Projection, near_shared

Tensor = torch.Tensor

_RELAXATION = 1.7
_STEP = 1 / 30  # of the proximal map of the penalty, in units of the largest output
_CHECK_EVERY = 50
_REFRESH = 1e-9  # how much of the unit γ may miss its bound by before it counts


def solve(problem: Problem, *, tol: float, max_iter: int, progress: bool = False) -> Split:
    """Return the split of least penalty, to a relative duality gap of `tol` if it gets there.

    The iteration is the primal-dual hybrid gradient method with the exact inverse as its
    preconditioner, which makes it Douglas-Rachford splitting: alternate between the sparse and
    the consistent. The bound on the γ of models is at first left out, as it is seldom reached;
    samples that overstep it are solved again with it.

    Parameters
    ----------
    problem : Problem
        The batch.
    tol : float
        Largest gap between objective and bound, as a share of the objective.
    max_iter : int
        Iterations of each of the two passes.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Split
        Always feasible; `objective` and `bound` tell how good.

    References
    ----------
    O'Connor and Vandenberghe (2020), On the equivalence of the primal-dual hybrid gradient
    method and Douglas-Rachford splitting, Mathematical Programming.
    """
    unit = problem.values.abs().amax((1, 2))
    unit = torch.where(unit > 0, unit, torch.ones_like(unit))
    scaled = problem.in_units_of(unit)
    split = empty_split(scaled)
    todo = torch.ones_like(unit, dtype=torch.bool)
    if Free.suits(scaled):
        split = _run(Free, scaled, tol, max_iter, progress)
        missed = near_shared(split.gamma, scaled.specific_bound) - split.gamma
        todo = missed.abs().amax((1, 2)) > _REFRESH
    if bool(todo.any()):
        bounded = _run(Bounded, scaled.rows(todo), tol, max_iter, progress)
        split.gamma[todo], split.noise[todo] = bounded.gamma, bounded.noise
        split.objective[todo] = bounded.objective
        # What bounds the free problem bounds the harder one too.
        split.bound[todo] = torch.maximum(split.bound[todo], bounded.bound)
    tables = {name: getattr(split, name) * unit[:, None, None] for name in ("gamma", "noise")}
    return replace(split, **tables, objective=split.objective * unit, bound=split.bound * unit)


def _run(
    kind: type[Free] | type[Bounded],
    problem: Problem,
    tol: float,
    max_iter: int,
    progress: bool,
) -> Split:
    """Iterate until all samples are within `tol`; those that are leave the batch."""
    found = empty_split(problem)
    running = torch.arange(len(problem.values), device=problem.values.device)
    way: Projection = kind(problem)
    state = way.start()
    step = _steps(problem)
    with tqdm(total=max_iter, desc="AndOr", delay=1, disable=not progress, leave=False) as bar:
        for iteration in range(1, max_iter + 1):
            near, reflected = _halves(way, problem, state, step)
            state += _RELAXATION * (reflected - near)
            if iteration % _CHECK_EVERY and iteration < max_iter:
                continue
            bar.update(iteration - bar.n)
            now = _judge(way, problem, state, step)
            _keep_better(found, now, running)
            gap = found.objective[running] - found.bound[running]
            going = gap > tol * found.objective[running]
            if not bool(going.any()):
                break
            if not bool(going.all()):
                running, problem, state = running[going], problem.rows(going), state[:, going]
                way = kind(problem)
    return found


def _halves(
    way: Projection, problem: Problem, state: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sparse point nearest to `state`, and the consistent one beyond it."""
    near = state.clone()
    near[:2] -= dual_part(state[:2], problem.alpha, step)
    if len(state) > 2:
        near[2:] = way.bounded(state[2:])
    return near, way.consistent(2 * near - state)


def _judge(way: Projection, problem: Problem, state: Tensor, step: Tensor) -> Split:
    """Return the feasible split at `state`, its objective and the bound that it proves."""
    _, consistent = _halves(way, problem, state, step)
    gamma, noise = way.feasible(consistent)
    y = dual_part(state[:2], problem.alpha, step) / _STEP
    return Split(gamma, noise, objective(problem, gamma, noise), _bound(way, problem, y))


def _bound(way: Projection, problem: Problem, y: Tensor) -> Tensor:
    """Return the lower bound (samples,) that dual variables near `y` prove."""
    y, of_sum, of_gamma = way.multipliers(y)
    # The OR interaction of the empty set is not counted (see `_steps`): its multiplier must be
    # zero. Taking it off costs nothing else, as the output of the empty coalition is zero.
    extra = y[1, ..., :1].clone()
    y[1] -= extra
    y[0, ..., :1] -= extra
    norms = dual_norm(y, problem.alpha)
    norms[0, :, 0] /= 2
    value = (of_sum * problem.values - of_sum.abs() * problem.noise_limits).sum((-1, -2))
    value = value - (of_gamma.abs().sum(-1) * problem.specific_bound).sum(-1)
    return (value / norms.amax((0, 2)).clamp(min=1)).clamp(min=0)


def _steps(problem: Problem) -> Tensor:
    """Return the step of each interaction, (2, 1, 1, 2^n).

    The parts cancel in the empty coalition, where the output is zero: its AND and its OR
    interaction are equal in size, and the first is counted twice instead of both once.
    """
    step = problem.values.new_full((2, 1, 1, problem.values.shape[-1]), _STEP)
    step[0, ..., 0] *= 2
    step[1, ..., 0] = 0
    return step


def _keep_better(found: Split, now: Split, rows: Tensor) -> None:
    """Write what is better in `now` to the `rows` of `found`."""
    better = now.objective < found.objective[rows]
    at = rows[better]
    found.gamma[at], found.noise[at] = now.gamma[better], now.noise[better]
    found.objective[at] = now.objective[better]
    found.bound[rows] = torch.maximum(found.bound[rows], now.bound)
