"""Halpern's iteration with restarts, for many samples at once."""

import torch

Tensor = torch.Tensor

# Restart when a change is this much smaller than the first since the last restart; or this much,
# and larger than the one before; or after this share of all iterations. As in Lu and Yang.
_SUFFICIENT, _NECESSARY, _ARTIFICIAL = 0.2, 0.8, 0.36
_CHECK_EVERY = 5  # iterations
_MOST = 4.0  # the largest factor by which a restart changes a step


class Halpern:
    """Iterates to a fixed point by long moves, pulled back to an anchor less and less.

    At a restart, the present state becomes the anchor, and the step of the proximal map is adapted:
    so that the sparse state and its dual variables, in units of the step, have moved as far.

    Parameters
    ----------
    state : tensor of shape (parts, samples, models, 2^n)
        The first state.
    step : float
        The first step of all samples.

    Attributes
    ----------
    step : tensor of shape (samples, 1, 1)
        The step of the proximal map.

    References
    ----------
    Lu and Yang (2024), Restarted Halpern PDHG for linear programming, arXiv 2407.16144. Applegate
    et al. (2021), Practical large-scale linear programming using primal-dual hybrid gradient,
    NeurIPS; section 3.3 for the step.
    """

    def __init__(self, state: Tensor, step: float) -> None:
        one = state.new_ones(state.shape[1], 1, 1)
        self.step = step * one
        self._anchor = state
        self._near, self._dual = state, torch.zeros_like(state)  # at the last restart
        self._since = 0.0 * one  # iterations since then
        self._first = self._last = torch.inf * one  # squared changes; infinite is not yet known
        self._total = 0

    def __call__(self, state: Tensor, near: Tensor, reflected: Tensor) -> Tensor:
        """Return the next state.

        Parameters
        ----------
        state, near, reflected : tensor of shape (parts, samples, models, 2^n)
            The state, the sparse state nearest to it, and the consistent state nearest to the
            mirror image of `state` in `near`.
        """
        change = reflected - near
        self._total += 1
        share = (self._since + 1) / (self._since + 2)
        self._since = self._since + 1
        moved = torch.lerp(self._anchor, state.add(change, alpha=2.0), share)
        if self._total % _CHECK_EVERY:
            return moved
        restart = self._restarts(change.square().sum((0, 2, 3))[:, None, None])
        self._anchor = torch.where(restart, self._rescaled(state, near, restart), self._anchor)
        return torch.where(restart, self._anchor, moved)

    def keep(self, rows: Tensor) -> None:
        """Keep some of the samples."""
        self._anchor, self._near = self._anchor[:, rows], self._near[:, rows]
        self._dual, self.step = self._dual[:, rows], self.step[rows]
        self._since, self._first = self._since[rows], self._first[rows]
        self._last = self._last[rows]

    def _restarts(self, size: Tensor) -> Tensor:
        """Return which samples restart, from the squared size of their change."""
        known = self._first.isfinite()
        shorter = size <= _SUFFICIENT**2 * self._first
        stalled = (size <= _NECESSARY**2 * self._first) & (size > self._last)
        long = self._since >= _ARTIFICIAL * self._total
        restart = known & (shorter | stalled | long)
        self._first = torch.where(known, self._first, size)
        self._first = torch.where(restart, torch.inf, self._first)
        self._last = size
        self._since = torch.where(restart, 0.0, self._since)
        return restart

    def _rescaled(self, state: Tensor, near: Tensor, restart: Tensor) -> Tensor:
        """Adapt the steps of the samples that restart; return their states for the new steps."""
        dual = (state - near) / self.step
        primal_move = (near - self._near).square().sum((0, 2, 3))[:, None, None]
        dual_move = (dual - self._dual).square().sum((0, 2, 3))[:, None, None]
        # The geometric mean of the old step and the one that balances both moves.
        balanced = (primal_move / dual_move).sqrt()
        factor = (balanced / self.step).sqrt().clamp(1 / _MOST, _MOST)
        factor = torch.where(restart & factor.isfinite(), factor, 1.0)
        self.step = self.step * factor
        self._near = torch.where(restart, near, self._near)
        self._dual = torch.where(restart, dual, self._dual)
        return near + self.step * dual
