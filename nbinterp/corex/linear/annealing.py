"""Maximize the objective of Linear CorEx in stages of falling noise, for many problems at once.

A problem whose step is refused halves it in the next iteration, beside problems that move on: no
branch, and no word to the host, between two convergence tests.
"""

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from nbinterp._numerics.arrays import Array, cast, full, namespace, on_host, to_device, to_host
from nbinterp._numerics.progress import ProgressToken
from nbinterp._typing import FloatArray
from nbinterp.corex.linear.lbfgs import Memory
from nbinterp.corex.linear.objective import half_gradient, moments
from nbinterp.corex.linear.operators import Product, inner, inner_of_all
from nbinterp.corex.linear.update import Preconditioner, rescale

_CHECK_EVERY = 5  # iterations between two convergence tests, the only transfers to the host
_REFRESH_EVERY = 4  # convergence tests between two products that clear the rounding of many steps
_ARMIJO = 0.1


@dataclass
class Solution:
    """What the iteration found for one problem."""

    weights: Array
    history: list[FloatArray] = field(default_factory=list)  # nats, one array per stage
    converged: bool = False


class _Batch:
    """Problems that are being solved, each at a trial: its last weights plus step * direction.

    Weights, directions and gradients are kept in the coordinates of `Product.lift`.
    """

    def __init__(self, product: Product, guide: Product, w: Array, epsilon: Array) -> None:
        self.product, self.guide = product, guide
        self.noise = (epsilon * epsilon)[:, None, None]
        self.v = product.lift(w, self.noise)
        self.direction = full(guide.table, self.v.shape, 0.0)
        self.g = self.direction
        # One number per problem: shape (K, 1, 1, 1).
        self.step = full(self.direction, (len(w), 1, 1, 1), 0.0)
        self.slope = 1.0 * self.step
        xp = namespace(w)
        self.taken = cast(self.step, xp.float64)  # steps accepted
        # Minus the total correlation of the last accepted weights.
        self.value = self.taken + xp.inf
        self.smallest_step = xp.finfo(w.dtype).eps ** 0.5
        self.memory = Memory(self.direction)
        self.scale = self.step - 1.0  # of the preconditioner, downhill
        self.on_host = on_host(w)

    def iterate(self) -> Array:
        """Judge every problem's trial, set out from it or go halfway back; return the values."""
        xp = namespace(self.v)
        w = self.product.weights(self.v, self.noise)
        at = moments(w, self.product.rho(self.v, self.noise))
        value = -at.total_correlation[:, None, None, None]
        bound = self.value + _ARMIJO * self.step * self.slope
        accepted = (value <= bound) & (value > -xp.inf)  # not where it is NaN
        # Where to ask costs nothing, no work is done in vain.
        n_accepted = int(accepted.sum()) if self.on_host else None
        if n_accepted == 0:
            self.step = 0.5 * self.step
            self.v -= self.step * self.direction
            self.memory.skip()
            return self.value.reshape(-1)
        # Where a trial was refused its gradient, which may be NaN, is not used.
        choose = partial(_new_or_old, xp, accepted, len(accepted) == n_accepted)
        kind = self.g.dtype
        g = self.guide.lift(cast(half_gradient(w, at), kind), cast(self.noise, kind))
        g = choose(g, self.g)
        precondition = Preconditioner(cast(self.v, kind), cast(at.u, kind))
        self._remember(g - self.g, accepted, precondition)
        precondition.scale(self.scale)
        direction = self.memory.improve(g, precondition)
        slope = inner_of_all(direction, g)
        # A direction without numbers becomes none, and its problem, stuck, forgets what led there.
        fine = xp.isfinite(slope)
        if not self.on_host or not fine.all():
            direction, slope = xp.where(fine, direction, 0.0), xp.where(fine, slope, 0.0)

        self.g = g
        self.slope = choose(slope, self.slope)
        self.direction = choose(direction, self.direction)
        self.value = choose(value, self.value)
        self.taken = self.taken + accepted
        half = 0.5 * self.step
        self.step = xp.where(accepted, 1.0, half)
        self.v += xp.where(accepted, 1.0, -half) * self.direction
        return self.value.reshape(-1)

    def _remember(self, change: Array, accepted: Array, precondition: Preconditioner) -> None:
        """Remember how the gradient changed over the last steps, where it tells of curvature."""
        curvature = self.step * inner_of_all(self.direction, change)
        valid = accepted & (curvature > 0.0)
        # How much the preconditioner overrates the inverse curvature along the newest change.
        overrated = -curvature / precondition.length(change)
        self.scale = namespace(change).where(valid & (overrated < 0.0), overrated, self.scale)
        self.memory.push(self.direction, self.step, change, curvature, valid)

    def stuck(self) -> Array:
        """Return which problems have no descent left, to the precision of the numbers."""
        return ((self.slope >= 0) | (self.step < self.smallest_step)).reshape(-1)

    def accepted(self, which: Array) -> tuple[Array, Array]:
        """Return the last accepted weights of the problems `which`, and their u."""
        v = self.v[which] - self.step[which] * self.direction[which]
        return self.product.take(which).weights(v, self.noise[which]), inner(v, v)[:, 0, :, 0]

    def advance(self, which: Array, epsilon: Array) -> None:
        """Start the problems `which` on their next stage, at noise `epsilon`."""
        w, u = self.accepted(which)
        product = self.product.take(which)
        w, _ = rescale(product, w, u, epsilon)
        self.noise[which] = (epsilon * epsilon)[:, None, None]
        self.v[which] = product.lift(w, self.noise[which])
        self._forget(which)

    def restart(self, which: Array) -> None:
        """Set the problems `which` out anew from where they are, without memory."""
        w, _ = self.accepted(which)
        v = self.product.take(which).lift(w, self.noise[which])
        u = inner(v, v)
        xp = namespace(u)
        self.v[which] = v * xp.where(u < 1.0, 1.0, xp.sqrt(0.999 / u))  # rounding may move u
        self._forget(which)

    def _forget(self, which: Array) -> None:
        self.direction = 1.0 * self.direction  # which may be the gradient of the beginning
        self.direction[which] = 0.0
        self.step[which] = 0.0
        self.slope[which] = 0.0
        self.value[which] = np.inf
        self.scale[which] = -1.0
        self.memory.forget(which)

    def refresh(self) -> None:
        """Compute the coordinates anew: their sides, sums of many steps, gather rounding."""
        self.v = self.product.lift(self.product.weights(self.v, self.noise), self.noise)

    def keep(self, kept: Array) -> None:
        """Drop all problems but `kept`."""
        self.product, self.guide = self.product.take(kept), self.guide.take(kept)
        self.memory.keep(kept)
        for name in ("v", "noise", "direction", "g", "step", "slope", "value", "taken", "scale"):
            setattr(self, name, getattr(self, name)[kept])


def _new_or_old(xp: Any, accepted: Array, every: bool, new: Array, old: Array) -> Array:
    return new if every else xp.where(accepted, new, old)


def anneal(
    product: Product,
    w: Array,
    schedule: FloatArray,
    tol: FloatArray,
    max_iter: int,
    token: ProgressToken | None = None,
    relative_tol: npt.ArrayLike = 0.0,
    guide: Product | None = None,
) -> list[Solution]:
    """Maximize the total correlation of K problems from weights `w`, stage by stage.

    Parameters
    ----------
    product : Product
        The correlation matrices of the problems.
    w : Array of shape (K, m, p)
        Start weights; zero where a variable is padding.
    schedule : array of shape (stages,)
        The noise of each stage, falling.
    tol : array of shape (K,)
        A stage ends when the total correlation rises by less than this, in nats per iteration.
    max_iter : int
        Most iterations per stage.
    token : ProgressToken, optional
        May stop it; each stage that a problem ends is a step done.
    relative_tol : float or array of shape (stages,)
        A stage also ends when the total correlation rises by less than this share of itself.
    guide : Product, optional
        The same correlation matrices in another precision: steps are found in it, and judged in
        that of `product`.

    Returns
    -------
    list of Solution
        One per problem, factors in the order of the start weights.
    """
    solutions = [Solution(row) for row in w]
    xp = namespace(w)
    noise = to_device(schedule, w, w.dtype)
    batch = _Batch(product, guide or product, w, full(w, (len(w),), schedule[0]))
    active = np.arange(len(w))  # which problem each row of the batch is
    stage = np.zeros(len(w), dtype=int)
    before = np.full(len(w), np.inf)  # the value at the last test
    precision = xp.finfo(w.dtype).eps
    rounding = 64.0 * precision
    # No stage ends later than by the rounding of the value.
    relative_tol = np.broadcast_to(np.maximum(relative_tol, precision), len(schedule))
    restarted = before.copy()  # the value when it was last stuck
    tested = np.zeros(len(w))  # the steps accepted by then
    traces: list[list[FloatArray]] = [[] for _ in w]
    for turn in count(1):
        if not len(active):
            break
        if token is not None:
            token.raise_if_cancelled()
        values = [batch.iterate() for _ in range(_CHECK_EVERY)]
        report = to_host(xp.stack([*values, 1.0 * batch.stuck(), batch.taken.reshape(-1)]))
        now, stuck, taken = report[_CHECK_EVERY - 1], report[-2] > 0, report[-1]
        # Refused steps say nothing about convergence, so the test waits for accepted ones.
        ripe = taken - tested[active] >= _CHECK_EVERY
        enough = np.maximum(tol[active], relative_tol[stage[active]] * abs(now))
        # Without a first accepted step values are infinite, and their differences no numbers.
        with np.errstate(invalid="ignore"):
            done = ripe & (before[active] - now < (taken - tested[active]) * enough)
            # Rounding may spoil the remembered curvature; one ends if it is stuck without, too.
            hopeless = stuck & (restarted[active] - now < np.maximum(enough, rounding * abs(now)))
        again = np.flatnonzero(stuck & ~hopeless)
        if len(again):
            batch.restart(_on(w, again))
            restarted[active[again]] = now[again]
        done |= hopeless
        before[active[ripe]], tested[active[ripe]] = now[ripe], taken[ripe]
        for row, problem in enumerate(active):
            traces[problem].append(-report[:_CHECK_EVERY, row])
        spent = _CHECK_EVERY * np.array([len(traces[problem]) for problem in active])
        ending = done | (spent >= max_iter)
        if token is not None:
            token.done(int(ending.sum()))
        for row in np.flatnonzero(ending).tolist():
            problem = active[row]
            solutions[problem].history.append(np.concatenate(traces[problem]))
            solutions[problem].converged = bool(done[row])
            traces[problem], before[problem], restarted[problem] = [], np.inf, np.inf
        last = stage[active] == len(schedule) - 1
        onward = np.flatnonzero(ending & ~last)
        if len(onward):
            stage[active[onward]] += 1
            batch.advance(_on(w, onward), noise[_on(w, stage[active[onward]])])
        finished = np.flatnonzero(ending & last)
        if len(finished):
            weights, _ = batch.accepted(_on(w, finished))
            for row, problem in enumerate(active[finished].tolist()):
                solutions[problem].weights = weights[row]
            kept = np.flatnonzero(~(ending & last))
            active = active[kept]
            batch.keep(_on(w, kept))
        if turn % _REFRESH_EVERY == 0:
            batch.refresh()
    return solutions


def _on(like: Array, rows: npt.NDArray[np.intp]) -> Array:
    """Return row numbers where `like` is."""
    return to_device(rows, like)
