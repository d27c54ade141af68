"""Curvature from the last steps of many problems at once (L-BFGS), in the metric of S.

Inner products are those of `products`, so that none needs a product with S. The two loops of
limited-memory BFGS over the pairs (Nocedal, Updating quasi-Newton matrices with limited storage,
1980) solve two triangular systems. Their matrix gains a column with each pair, so its inverse is
kept instead, and a loop is one product with it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

DEPTH = 6  # pairs remembered


class Memory:
    """The last `DEPTH` pairs of step and change of the gradient, ``(K, DEPTH, sides, m d)`` each.

    A pair takes the place of the oldest; nothing else moves, and nothing is kept in order of age.
    """

    def __init__(self, like: Tensor) -> None:
        k, sides = like.shape[:2]
        self.steps = like.new_zeros((k, DEPTH, sides, like[0, 0].numel()))
        self.changes = torch.zeros_like(self.steps)
        # Of the inner products of each step with the changes no older than it.
        self.inverse = torch.eye(DEPTH).to(like).repeat(k, 1, 1)
        self.curvature = like.new_ones((k, 1, DEPTH))
        self._newest = 0
        self._zero, self._one = like.new_zeros(()), like.new_ones(())
        self._shape = like.shape[1:]
        self._look()

    def _look(self) -> None:
        """Make the views that each iteration needs: making them costs as much as using them."""
        rows = (len(self.steps), *self._shape)
        self._steps_first = self.steps[:, :, 0].mT
        self._changes_last = self.changes[:, :, -1].mT
        self._steps_flat, self._changes_flat = self.steps.flatten(2), self.changes.flatten(2)
        self._transposed = self.inverse.mT
        self._places = [
            (
                self.steps[:, place].view(rows),
                self.changes[:, place].view(rows),
                self.inverse[:, place],
                self.inverse[:, :, place],
                self.inverse[:, place, place].unsqueeze(-1),
                self.curvature[:, :, place],
            )
            for place in range(DEPTH)
        ]

    def _next(self) -> tuple[Tensor, ...]:
        self._newest = (self._newest + 1) % DEPTH
        return self._places[self._newest]

    def push(
        self, way: Tensor, step: Tensor, change: Tensor, curvature: Tensor, valid: Tensor
    ) -> None:
        """Remember ``step * way`` and its `curvature`; an empty pair where not `valid`."""
        step_at, change_at, row, column, corner, curvature_at = self._next()
        torch.mul(way, torch.where(valid, step, self._zero), out=step_at)
        torch.mul(change, valid, out=change_at)
        curvature = torch.where(valid, curvature, self._one).view(-1, 1)
        share = curvature.reciprocal()
        older = torch.bmm(self._along(self._steps_first, change_at[:, -1]), self._transposed)
        row.zero_()
        torch.mul(older.squeeze(1), -share, out=column)
        corner.copy_(share)
        curvature_at.copy_(curvature)

    def skip(self) -> None:
        """Remember an empty pair of every problem."""
        step_at, change_at, row, column, corner, curvature_at = self._next()
        for nothing in (step_at, change_at, row, column):
            nothing.zero_()
        for one in (corner, curvature_at):
            one.fill_(1.0)

    def improve(self, g: Tensor, precondition: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the step to try, from a first guess of how to turn a gradient into one."""
        first = torch.bmm(self._along(self._steps_first, g[:, -1]), self._transposed)
        z = precondition(self._less(g, first, self._changes_flat))
        back = self._along(self._changes_last, z[:, 0])
        rest = torch.addcmul(back, self.curvature, first)
        return self._less(z, torch.bmm(rest, self.inverse), self._steps_flat)

    def _along(self, remembered: Tensor, rows: Tensor) -> Tensor:
        """Return the inner products ``(K, 1, DEPTH)`` of one side with another."""
        # A row times a matrix: a batch of matrices times a column is far slower on the CPU.
        return torch.bmm(rows.reshape(rows.shape[0], 1, -1), remembered)

    def _less(self, rows: Tensor, weights: Tensor, remembered: Tensor) -> Tensor:
        """Return `rows` less the remembered ones by their weights."""
        flat = rows.view(rows.shape[0], 1, -1)
        return torch.baddbmm(flat, weights, remembered, alpha=-1.0).view(rows.shape)

    def forget(self, which: Tensor) -> None:
        """Empty the memory of the problems `which`."""
        self.steps[which] = self.changes[which] = 0.0
        self.inverse[which] = torch.eye(DEPTH).to(self.inverse)
        self.curvature[which] = 1.0

    def keep(self, kept: Tensor) -> None:
        """Drop all problems but `kept`."""
        for name in ("steps", "changes", "inverse", "curvature"):
            setattr(self, name, getattr(self, name)[kept])
        self._look()
