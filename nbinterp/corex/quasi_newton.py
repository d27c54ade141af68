"""Curvature from the last steps of many problems at once (L-BFGS), in the metric of S.

Inner products are those of `products`, so that none needs a product with S. The two loops of
limited-memory BFGS over the pairs (Nocedal, Updating quasi-Newton matrices with limited storage,
1980) are here the two triangular solves that they amount to.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from nbinterp.corex.products import inner_of_all

DEPTH = 6  # pairs remembered


class Memory:
    """The last `DEPTH` pairs of step and change of the gradient, ``(K, DEPTH, sides, m d)`` each.

    They stay where they were written; small matrices over them are ordered, newest first.
    """

    def __init__(self, like: Tensor) -> None:
        k, sides = like.shape[:2]
        self.steps = like.new_zeros((k, DEPTH, sides, like[0, 0].numel()))
        self.changes = torch.zeros_like(self.steps)
        # Of steps with changes no older; what is above the diagonal is never read.
        self.overlap = torch.eye(DEPTH).to(like).repeat(k, 1, 1)
        self.scale = like.new_full((k, 1, 1, 1), -1.0)
        places = torch.arange(DEPTH, device=like.device)
        # For each place of the newest pair: the places by age, which are also the ages by place.
        self._by_age = [(newest - places) % DEPTH for newest in range(DEPTH)]
        self._newest = 0
        self._zero, self._one = like.new_zeros(()), like.new_ones(())
        self._shape = like.shape[1:]
        self._look()

    def _look(self) -> None:
        """Make the views that each iteration needs: making them costs as much as using them."""
        rows = (len(self.steps), *self._shape)
        self._step_at = [self.steps[:, place].view(rows) for place in range(DEPTH)]
        self._change_at = [self.changes[:, place].view(rows) for place in range(DEPTH)]
        self._steps_first = self.steps[:, :, 0].mT
        self._changes_last = self.changes[:, :, -1].mT
        self._steps_flat, self._changes_flat = self.steps.flatten(2), self.changes.flatten(2)
        # The overlap moves one place towards the older each time, from one table to the other.
        spare = torch.eye(DEPTH).to(self.overlap).repeat(len(self.overlap), 1, 1)
        self._tables = [
            (one, other[:, 1:, 1:], one[:, :-1, :-1], other[:, :, 0], other[:, 0, 0], other)
            for one, other in ((self.overlap, spare), (spare, self.overlap))
        ]
        self._turn = 0

    def push(
        self,
        way: Tensor,
        step: Tensor,
        change: Tensor,
        valid: Tensor,
        precondition: Callable[[Tensor], Tensor],
    ) -> None:
        """Remember ``step * way`` in place of the oldest; an empty pair where not `valid`."""
        curvature = step * inner_of_all(way, change)
        valid = valid & (curvature > self._zero)
        self._newest = new = (self._newest + 1) % DEPTH
        torch.mul(way, torch.where(valid, step, self._zero), out=self._step_at[new])
        change.mul_(valid.to(change.dtype))
        self._change_at[new].copy_(change)
        # How much the preconditioner overrates the inverse curvature along the newest change.
        predicted = inner_of_all(precondition(change), change)
        known = valid & (predicted > self._zero)
        self.scale = torch.where(known, -curvature / predicted, self.scale)

        _, older, newer, column, corner, self.overlap = self._tables[self._turn]
        self._turn = 1 - self._turn
        older.copy_(newer)
        column.copy_(self._along(self._steps_first, change[:, -1]))
        corner.copy_(torch.where(valid, curvature, self._one).view(-1))

    def improve(self, g: Tensor, precondition: Callable[[Tensor], Tensor]) -> Tensor:
        """Return minus the inverse curvature times the gradient: the step to try."""
        lower = self.overlap
        along = self._along(self._steps_first, g[:, -1]).unsqueeze(-1)
        first = torch.linalg.solve_triangular(lower, along, upper=False)
        z = precondition(self._less(g, first, self._changes_flat)).mul_(self.scale)
        back = self._along(self._changes_last, z[:, 0]).unsqueeze(-1)
        curvature = lower.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
        rest = torch.addcmul(back, curvature, first)
        second = torch.linalg.solve_triangular(lower.mT, rest, upper=True)
        return self._less(z, second, self._steps_flat)

    def _along(self, remembered: Tensor, rows: Tensor) -> Tensor:
        """Return the inner products ``(K, DEPTH)`` of one side with another, newest first."""
        # A row times a matrix: a batch of matrices times a column is far slower on the CPU.
        found = torch.bmm(rows.reshape(len(rows), 1, -1), remembered)
        return found.index_select(2, self._by_age[self._newest]).squeeze(1)

    def _less(self, rows: Tensor, weights: Tensor, remembered: Tensor) -> Tensor:
        """Return `rows` less the remembered ones by their weights, newest first."""
        stored = weights.index_select(1, self._by_age[self._newest]).mT
        flat = rows.view(len(rows), 1, -1)
        return torch.baddbmm(flat, stored, remembered, alpha=-1.0).view(rows.shape)

    def forget(self, which: Tensor) -> None:
        """Empty the memory of the problems `which`."""
        self.steps[which] = self.changes[which] = 0.0
        self.overlap[which] = torch.eye(DEPTH).to(self.overlap)
        self.scale[which] = -1.0

    def keep(self, kept: Tensor) -> None:
        """Drop all problems but `kept`."""
        for name in ("steps", "changes", "overlap", "scale"):
            setattr(self, name, getattr(self, name)[kept])
        self._look()
