"""Curvature from the last steps of many problems at once (L-BFGS), in the metric of S.

Inner products are those of `products`, so that none needs a product with S. The two loops of
limited-memory BFGS over the pairs (Nocedal, Updating quasi-Newton matrices with limited storage,
1980) solve two triangular systems. Their matrix gains a column with each pair, so its inverse is
kept instead, and a loop is one product with it.
"""

from collections.abc import Callable
from math import prod

from nbinterp._numerics.arrays import Array, full, namespace

DEPTH = 6  # pairs remembered


class Memory:
    """The last `DEPTH` pairs of step and change of the gradient, ``(K, DEPTH, sides, m d)`` each.

    A pair takes the place of the oldest; nothing else moves, and nothing is kept in order of age.
    Step and change of an empty pair are zeros, so that nothing of it enters a product.
    """

    def __init__(self, like: Array) -> None:
        k, sides = like.shape[:2]
        self.steps = full(like, (k, DEPTH, sides, prod(like.shape[2:])), 0.0)
        self.changes = full(like, self.steps.shape, 0.0)
        # Of the inner products of each step with the changes no older than it.
        self.inverse = full(like, (k, DEPTH, DEPTH), 0.0)
        self.curvature = full(like, (k, 1, DEPTH), 0.0)
        self._newest = 0

    def _next(self) -> int:
        self._newest = (self._newest + 1) % DEPTH
        return self._newest

    def push(
        self, direction: Array, step: Array, change: Array, curvature: Array, valid: Array
    ) -> None:
        """Remember ``step * direction`` and its `curvature`; an empty pair where not `valid`."""
        xp, place = namespace(direction), self._next()
        shape = self.steps[:, place].shape
        self.steps[:, place] = (direction * xp.where(valid, step, 0.0)).reshape(shape)
        self.changes[:, place] = (change * valid).reshape(shape)
        curvature = xp.where(valid, curvature, 1.0).reshape(-1, 1)
        older = self._along(self.steps[:, :, 0], self.changes[:, place, -1]) @ self.inverse.mT
        self.inverse[:, place] = 0.0
        self.inverse[:, :, place] = older[:, 0] / -curvature
        self.inverse[:, place, place] = 1.0 / curvature[:, 0]
        self.curvature[:, :, place] = curvature

    def skip(self) -> None:
        """Remember an empty pair of every problem."""
        place = self._next()
        self.steps[:, place] = self.changes[:, place] = 0.0
        self.inverse[:, place] = self.inverse[:, :, place] = 0.0

    def improve(self, g: Array, precondition: Callable[[Array], Array]) -> Array:
        """Return the step to try, from a first guess of how to turn a gradient into one."""
        first = self._along(self.steps[:, :, 0], g[:, -1]) @ self.inverse.mT
        z = precondition(g - self._sum(first, self.changes, g))
        back = self._along(self.changes[:, :, -1], z[:, 0])
        rest = back + self.curvature * first
        z -= self._sum(rest @ self.inverse, self.steps, g)
        return z

    def _along(self, remembered: Array, rows: Array) -> Array:
        """Return the inner products ``(K, 1, DEPTH)`` of one side with another."""
        return rows.reshape(len(rows), 1, -1) @ remembered.mT

    def _sum(self, weights: Array, remembered: Array, like: Array) -> Array:
        """Return the sum of the remembered rows by their weights."""
        return (weights @ remembered.reshape(*remembered.shape[:2], -1)).reshape(like.shape)

    def forget(self, which: Array) -> None:
        """Empty the memory of the problems `which`."""
        self.steps[which] = self.changes[which] = self.inverse[which] = 0.0

    def keep(self, kept: Array) -> None:
        """Drop all problems but `kept`."""
        for name in ("steps", "changes", "inverse", "curvature"):
            setattr(self, name, getattr(self, name)[kept])
