"""Linear CorEx to its end: stages of falling noise, for many problems at once.

A problem whose step is refused halves it in the next iteration, beside problems that move on: no
branch, and no word to the host, between two convergence tests.
"""

from dataclasses import dataclass, field
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbinterp._numerics.watch import Watch
from nbinterp.corex.linear_update import Preconditioner, rescale
from nbinterp.corex.moments import half_gradient, moments
from nbinterp.corex.products import Product, inner, inner_of_all
from nbinterp.corex.quasi_newton import Memory

_CHECK_EVERY = 5  # iterations between two convergence tests, the only transfers to the host
_REFRESH_EVERY = 4  # convergence tests between two products that clear the rounding of many steps
_AT_HAND = ("cpu",)  # devices whose values the host can see without a transfer
_ARMIJO = 0.1


@dataclass
class Solution:
    """What the iteration found for one problem."""

    weights: Tensor
    history: list[npt.NDArray[np.float64]] = field(default_factory=list)  # nats, one array a stage
    converged: bool = False


class _Batch:
    """Problems under way. Each stands at a trial: its last accepted weights plus step * way.

    Weights, ways and gradients are kept in the coordinates of `Product.lift`.
    """

    def __init__(self, product: Product, w: Tensor, epsilon: Tensor) -> None:
        self.product = product
        self.noise = (epsilon * epsilon).view(-1, 1, 1)
        self.v = product.lift(w, self.noise)
        self.way, self.g = torch.zeros_like(self.v), torch.zeros_like(self.v)
        # What there is one of a problem is (K, 1, 1, 1).
        self.step = torch.zeros_like(epsilon).view(-1, 1, 1, 1)
        self.slope = torch.zeros_like(self.step)
        # Minus the total correlation of the last accepted weights.
        self.value = torch.full_like(self.step, torch.inf, dtype=torch.float64)
        self.smallest_step = torch.finfo(w.dtype).eps ** 0.5
        self.taken = torch.zeros_like(self.value)  # steps accepted
        self.memory = Memory(self.v)
        self.scale = torch.full_like(self.step, -1.0)  # of the preconditioner, downhill
        # A number of Python would cost a conversion each time it is used.
        self.zero, self.one, self.half = w.new_zeros(()), w.new_ones(()), w.new_full((), 0.5)
        self.ones = torch.ones_like(self.step)
        self.nowhere = w.new_full((), -torch.inf)
        self.at_hand = w.device.type in _AT_HAND

    def iterate(self) -> Tensor:
        """Judge every problem's trial, set out from it or go half-way back; return the values."""
        w = self.product.weights(self.v, self.noise)
        at = moments(w, self.product.rho(self.v, self.noise))
        value = -at.total_correlation.view(-1, 1, 1, 1)
        bound = torch.add(self.value, self.step * self.slope, alpha=_ARMIJO)
        accepted = (value <= bound) & (value > self.nowhere)  # not where it is NaN
        # Where to ask costs nothing, no work is done in vain.
        n_accepted = int(accepted.sum()) if self.at_hand else None
        if n_accepted == 0:
            self.step = self.half * self.step
            self.v.addcmul_(self.step, self.way, value=-1.0)
            self.memory.skip()
            return self.value.view(-1)
        # Where a trial was refused its gradient, which may be NaN, is not looked at.
        choose = partial(_new_or_old, accepted, accepted.shape[0] == n_accepted)
        g = choose(self.product.lift(half_gradient(w, at), self.noise), self.g)
        precondition = Preconditioner(self.v, at.u)
        self._remember(g - self.g, accepted, precondition)
        precondition.scale(self.scale)
        # A way without numbers becomes none, and its problem, stuck, forgets what led there.
        way = self.memory.improve(g, precondition).nan_to_num_(0.0, 0.0, 0.0)

        self.g = g
        self.slope = choose(inner_of_all(way, g), self.slope)
        self.way = choose(way, self.way)
        self.value = choose(value, self.value)
        self.taken += accepted
        half = self.half * self.step
        self.v.addcmul_(choose(self.one, -half), self.way)
        self.step = choose(self.ones, half)
        return self.value.view(-1)

    def _remember(self, change: Tensor, accepted: Tensor, precondition: Preconditioner) -> None:
        """Remember how the gradient changed over the last steps, where it tells of curvature."""
        curvature = self.step * inner_of_all(self.way, change)
        valid = accepted & (curvature > self.zero)
        # How much the preconditioner overrates the inverse curvature along the newest change.
        overrated = -curvature / precondition.length(change)
        self.scale = torch.where(valid & (overrated < self.zero), overrated, self.scale)
        self.memory.push(self.way, self.step, change, curvature, valid)

    def stuck(self) -> Tensor:
        """Return which problems have no way down left, to the precision of the numbers."""
        stuck: Tensor = (self.slope >= 0) | (self.step < self.smallest_step)
        return stuck.view(-1)

    def accepted(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last accepted weights of the problems `which`, and their u."""
        v = self.v[which] - self.step[which] * self.way[which]
        return self.product.take(which).weights(v, self.noise[which]), inner(v, v)[:, 0, :, 0]

    def advance(self, which: Tensor, epsilon: Tensor) -> None:
        """Start the problems `which` on their next stage, at noise `epsilon`."""
        w, u = self.accepted(which)
        product = self.product.take(which)
        w, _ = rescale(product, w, u, epsilon)
        self.noise[which] = (epsilon * epsilon).view(-1, 1, 1)
        self.v[which] = product.lift(w, self.noise[which])
        self._forget(which)

    def restart(self, which: Tensor) -> None:
        """Set the problems `which` out anew from where they are, without memory."""
        w, _ = self.accepted(which)
        v = self.product.take(which).lift(w, self.noise[which])
        u = inner(v, v)
        self.v[which] = v * torch.where(u < 1.0, 1.0, (0.999 / u).sqrt())  # rounding may move u
        self._forget(which)

    def _forget(self, which: Tensor) -> None:
        self.way[which] = 0.0
        self.step = self.step.index_fill(0, which, 0.0)  # which may be the shared ones
        self.slope[which] = 0.0
        self.value[which] = torch.inf
        self.scale[which] = -1.0
        self.memory.forget(which)

    def refresh(self) -> None:
        """Compute the coordinates anew: their sides, sums of many steps, gather rounding."""
        self.v = self.product.lift(self.product.weights(self.v, self.noise), self.noise)

    def keep(self, kept: Tensor) -> None:
        """Drop all problems but `kept`."""
        self.product = self.product.take(kept)
        self.memory.keep(kept)
        for name in ("v", "noise", "way", "g", "step", "slope", "value", "taken", "scale", "ones"):
            setattr(self, name, getattr(self, name)[kept])


def _new_or_old(accepted: Tensor, every: bool, new: Tensor, old: Tensor) -> Tensor:
    return new if every else torch.where(accepted, new, old)


def anneal(
    product: Product,
    w: Tensor,
    schedule: npt.NDArray[np.float64],
    tol: npt.NDArray[np.float64],
    max_iter: int,
    watch: Watch | None = None,
    relative_tol: npt.ArrayLike = 0.0,
) -> list[Solution]:
    """Maximize the total correlation of K problems from weights `w`, stage by stage.

    Parameters
    ----------
    product : Product
        The correlation matrices of the problems.
    w : Tensor of shape (K, m, p)
        Start weights; zero where a variable is padding.
    schedule : array of shape (stages,)
        The noise of each stage, falling.
    tol : array of shape (K,)
        A stage ends when the total correlation rises by less than this, in nats an iteration.
    max_iter : int
        Iterations a stage may take.
    watch : Watch, optional
        May stop it; each stage that a problem ends is a step done.
    relative_tol : float or array of shape (stages,)
        A stage also ends when the total correlation rises by less than this share of itself.

    Returns
    -------
    list of Solution
        One a problem, factors in the order of the start weights.
    """
    solutions = [Solution(row) for row in w]
    noise = torch.as_tensor(schedule, dtype=w.dtype, device=w.device)
    batch = _Batch(product, w, noise[0].repeat(len(w)))
    active = np.arange(len(w))  # which problem each row of the batch is
    stage = np.zeros(len(w), dtype=int)
    before = np.full(len(w), np.inf)  # the value at the last test
    precision = torch.finfo(w.dtype).eps
    rounding = 64.0 * precision
    # No stage ends later than by the rounding of the value.
    relative_tol = np.broadcast_to(np.maximum(relative_tol, precision), len(schedule))
    restarted = before.copy()  # the value when it was last stuck
    tested = np.zeros(len(w))  # the steps accepted by then
    traces: list[list[npt.NDArray[np.float64]]] = [[] for _ in w]
    for turn in count(1):
        if not len(active):
            break
        if watch is not None:
            watch.go_on()
        values = torch.stack([batch.iterate() for _ in range(_CHECK_EVERY)])
        state = torch.stack([batch.stuck().to(values), batch.taken.view(-1)])
        report = torch.cat([values, state]).cpu().numpy()
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
        if watch is not None:
            watch.done(int(ending.sum()))
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


def _on(like: Tensor, rows: npt.NDArray[np.intp]) -> Tensor:
    """Return row numbers on the device of `like`."""
    return torch.as_tensor(rows, device=like.device)
