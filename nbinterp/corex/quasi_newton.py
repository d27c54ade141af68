"""Curvature from the last steps of many problems at once (L-BFGS), in the metric of S.

A gradient here is ``g S`` and known with its half gradient g; a step s is known with ``s S``. Every
inner product of limited-memory BFGS then comes without a product with S (Nocedal, Updating
quasi-Newton matrices with limited storage, 1980; its two loops over the pairs are here the two
triangular solves that they amount to).
"""

from collections.abc import Callable

import torch
from torch import Tensor

DEPTH = 6  # pairs remembered

Pair = tuple[Tensor, Tensor]  # something and its product with S


class Memory:
    """The last `DEPTH` pairs of step and change of the half gradient, ``(K, DEPTH, m p)`` each."""

    def __init__(self, like: Tensor) -> None:
        k, size = len(like), like[0].numel()
        self.steps = like.new_zeros((k, DEPTH, size))
        self.steps_s = torch.zeros_like(self.steps)
        self.changes = torch.zeros_like(self.steps)
        self.changes_s = torch.zeros_like(self.steps)
        self.scale = like.new_ones(k)
        self._newest = 0

    def push(
        self, step: Pair, change: Pair, valid: Tensor, precondition: Callable[[Pair], Pair]
    ) -> None:
        """Remember a pair in place of the oldest; an empty one where not `valid`."""
        curvature = (step[0] * change[1]).sum((-2, -1))
        valid = valid & (curvature > 0)
        self._newest = (self._newest + 1) % DEPTH
        places = (self.steps, self.steps_s, self.changes, self.changes_s)
        for place, rows in zip(places, (*step, *change), strict=True):
            zero = rows.new_zeros(())
            torch.where(valid.unsqueeze(-1), rows.flatten(1), zero, out=place[:, self._newest])
        # How much the preconditioner overrates the inverse curvature along the newest change.
        predicted = (precondition(change)[0] * change[1]).sum((-2, -1))
        self.scale = torch.where(valid & (predicted > 0), curvature / predicted, self.scale)

    def improve(self, g: Pair, precondition: Callable[[Pair], Pair]) -> Pair:
        """Return minus the inverse curvature times the gradient: the step to try."""
        newest_first = [(self._newest - i) % DEPTH for i in range(DEPTH)]
        overlap = (self.steps @ self.changes_s.mT)[:, newest_first][:, :, newest_first]
        curvature = overlap.diagonal(dim1=-2, dim2=-1)
        empty = (curvature == 0).to(overlap.dtype)
        lower = overlap.tril() + torch.diag_embed(empty)

        along = (self.steps @ g[1].flatten(1).unsqueeze(-1))[:, newest_first]
        first = torch.linalg.solve_triangular(lower, along, upper=False)
        weights = self._in_place(first, newest_first)
        start = precondition(
            (_less(g[0], weights, self.changes), _less(g[1], weights, self.changes_s))
        )
        scale = -self.scale.view(-1, 1, 1)
        z, z_s = scale * start[0], scale * start[1]
        back = (self.changes_s @ z.flatten(1).unsqueeze(-1))[:, newest_first]
        second = torch.linalg.solve_triangular(
            lower.mT, curvature.unsqueeze(-1) * first + back, upper=True
        )
        weights = self._in_place(second, newest_first)
        return _less(z, weights, self.steps), _less(z_s, weights, self.steps_s)

    def _in_place(self, ordered: Tensor, newest_first: list[int]) -> Tensor:
        """Return coefficients ``(K, 1, DEPTH)`` in the order of storage."""
        stored = torch.empty_like(ordered)
        stored[:, newest_first] = ordered
        return stored.mT

    def forget(self, which: Tensor) -> None:
        """Empty the memory of the problems `which`."""
        for place in (self.steps, self.steps_s, self.changes, self.changes_s):
            place[which] = 0.0
        self.scale[which] = 1.0

    def keep(self, kept: Tensor) -> None:
        """Drop all problems but `kept`."""
        for name in ("steps", "steps_s", "changes", "changes_s", "scale"):
            setattr(self, name, getattr(self, name)[kept])


def _less(rows: Tensor, weights: Tensor, remembered: Tensor) -> Tensor:
    """Return `rows` ``(K, m, p)`` less the remembered ones by their weights, in one pass."""
    flat = rows.flatten(1).unsqueeze(1)
    return torch.baddbmm(flat, weights, remembered, alpha=-1.0).view(rows.shape)
