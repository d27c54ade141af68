"""The sparsity penalty of AND/OR splits, its proximal map and its dual norm.

For the interactions u (m,) of one set of players in m models, the penalty is
``max_i |u_i| + alpha * sum_i |u_i|`` (Eq. 6 of the ICLR version); for one model it is
``(1 + alpha) |u|``.
"""

import torch

_BISECTIONS = 50


def penalty(table: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return the penalty of each set, (..., 2^n), of interactions (..., models, 2^n)."""
    sizes = table.abs()
    return sizes.amax(-2) + alpha * sizes.sum(-2)


def dual_part(table: torch.Tensor, alpha: float, step: torch.Tensor) -> torch.Tensor:
    """Return `table` minus its proximal map with `step` (..., 1, 2^n), both (..., models, 2^n).

    The proximal map soft-thresholds at ``alpha * step`` and then subtracts the projection to the
    l1 ball of radius `step` (Moreau's identity for the maximum).
    """
    if table.shape[-2] == 1:
        reach = (1 + alpha) * step
        return table.clamp(-reach, reach)
    soft = (table.abs() - alpha * step).clamp_(min=0)
    kept = torch.minimum(soft, _level(soft, step))
    return table - torch.copysign(kept, table)


def _level(sizes: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """Return the level t >= 0 with ``sum_i (sizes_i - t)_+ = radius``; 0 if the sum is smaller."""
    if sizes.shape[-2] == 2:
        high, total = sizes.amax(-2, keepdim=True), sizes.sum(-2, keepdim=True)
        return torch.maximum(high - radius, (total - radius) / 2).clamp_(min=0)
    ordered = sizes.sort(dim=-2, descending=True).values
    excess = ordered.cumsum(-2) - radius
    counts = torch.arange(1, sizes.shape[-2] + 1, device=sizes.device, dtype=sizes.dtype)
    return (excess / counts[:, None]).amax(-2, keepdim=True).clamp_(min=0)


def dual_norm(table: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return the dual norm of each set, (..., 2^n), of dual variables (..., models, 2^n).

    It is the least t >= 0 with ``sum_i (|y_i| - alpha t)_+ <= t``.
    """
    sizes = table.abs()
    low = torch.zeros_like(sizes[..., 0, :])
    high = sizes.sum(-2)
    if table.shape[-2] == 1:
        return high / (1 + alpha)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        fits = (sizes - alpha * middle.unsqueeze(-2)).clamp(min=0).sum(-2) <= middle
        low, high = torch.where(fits, low, middle), torch.where(fits, middle, high)
    return high
