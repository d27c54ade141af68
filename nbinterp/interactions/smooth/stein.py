"""Stein's lemma at work: products of directions and gradients, a few rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nbinterp import _checks, _device
from nbinterp.interactions.gradients import Scalar
from nbinterp.interactions.smooth.first_layer import InputLinear
from nbinterp.interactions.smooth.kernel import Noise
from nbinterp.interactions.smooth.low_rank import LowRank

# Gradients at a time on a CPU: a network's layers stay in its cache, which more would leave.
_CACHED = 2048
_AT_ONCE = 8192


@dataclass(frozen=True)
class Stein:
    """Estimates of ``E[Σ⁻¹ δ ∇f(x + δ)ᵀ]``, each from a block of directions.

    Parameters
    ----------
    function : Scalar
        f.
    noise : Noise
        The law of δ.
    members : Tensor of shape (d, width) or None
        Which inputs belong to which group; None if each is its own.
    is_paired : bool
        Whether each direction is taken with both signs.
    is_centred : bool
        Whether the mean gradient is taken off: it only adds noise.
    batch_size : int or None
        Gradients at a time; by memory if None.
    lead : InputLinear or None
        The Linear that alone reads the input: gradients are then taken, and summed, behind it.
    """

    function: Scalar
    noise: Noise
    members: Tensor | None = None
    is_paired: bool = True
    is_centred: bool = False
    batch_size: int | None = None
    lead: InputLinear | None = None
    # Kept from block to block: memory that is new costs as much as what is done in it.
    _kept: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)

    @property
    def signs(self) -> int:
        """How many gradients a direction takes."""
        return 2 if self.is_paired else 1

    def matrices(self, rows: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the estimates ``(count, width, width)`` at samples `rows` from directions `z`.

        And the mean gradients ``(count, d)``, in float64. The matrices are not yet symmetric, and
        stay as they are until the next call.
        """
        u = self._grouped(self.noise.dual(z))
        weight = self._weight(len(z))
        back = self._back()
        out = self._memory("matrices", z, len(rows), u.shape[1], u.shape[1])
        sums = out
        if back is not None:
            sums = self._memory("sums", z, len(rows), u.shape[1], len(back))

        def take(samples: slice, here: slice, change: Tensor) -> None:
            left = u[here].T.expand(len(change), -1, -1)
            sums[samples].baddbmm_(left, change, beta=float(here.start > 0), alpha=weight)

        mean = self._visit(rows, z, take)
        if back is not None:
            torch.matmul(sums, back, out=out)
        if self.is_centred:
            shift = u.sum(0)[:, None] * self._grouped(mean.to(z.dtype))[:, None, :]
            out.sub_(shift, alpha=weight)
        return out, mean

    def factors(self, rows: Tensor, z: Tensor) -> tuple[list[LowRank], Tensor]:
        """Return the same estimates as the rows they are products of, made symmetric."""
        u = self._grouped(self.noise.dual(z))
        changes = z.new_empty((len(rows), *u.shape))

        back = self._back()

        def take(samples: slice, here: slice, change: Tensor) -> None:
            changes[samples, here] = change if back is None else change @ back

        mean = self._visit(rows, z, take)
        if self.is_centred:
            changes -= self._grouped(mean.to(z.dtype))[:, None]
        u = u * self._weight(len(z))
        return [LowRank(u, change) for change in changes], mean

    def _weight(self, n: int) -> float:
        # The mean of gradients that share in it takes one of n from what is left.
        return 1.0 / ((n - 1 if self.is_centred else n) * self.signs * self.noise.scale)

    def _back(self) -> Tensor | None:
        """Return what takes gradients behind the lead back to inputs, or groups of them."""
        return None if self.lead is None else self._grouped(self.lead.weight)

    def _grouped(self, gradients: Tensor) -> Tensor:
        return gradients if self.members is None else gradients @ self.members

    def _visit(
        self, rows: Tensor, z: Tensor, take: Callable[[slice, slice, Tensor], None]
    ) -> Tensor:
        """Hand the gradients ``(samples, directions, width)`` to `take`, part by part.

        Of a pair, ``∇f(x + δ) - ∇f(x - δ)``; behind the lead if there is one. Return the mean
        gradients ``(count, d)``.
        """
        moves, lead = self.noise.spread(z), self.lead
        count, origin = len(rows), rows
        if lead is not None:
            moves, origin = moves @ lead.weight.T, lead.outputs(rows)
        d = moves.shape[1]
        step = self._directions_at_once(z, d)
        # Samples with outputs of their own are visited one by one.
        together = 1 if isinstance(self.function.target, tuple) else max(1, step // len(z))
        most = min(together, count) * min(step, len(z))
        buffer = self._memory("points", rows, self.signs * most, d)
        changes = self._memory("changes", z, most, d)
        mean = torch.zeros((count, d), dtype=torch.float64, device=z.device)
        for first in range(0, count, together):
            samples = slice(first, min(first + together, count))
            points = origin[samples].to(z.dtype)[:, None]
            function = self.function.of(first)
            for begin in range(0, len(z), step):
                here = slice(begin, min(begin + step, len(z)))
                shape = (self.signs, len(points), here.stop - begin, d)
                there = buffer[: shape[0] * shape[1] * shape[2]].view(shape)
                for sign, side in zip((1.0, -1.0), there, strict=False):
                    torch.add(points, moves[here], alpha=sign * self.noise.scale, out=side)
                flat = there.view(-1, d)
                found = lead.gradients(function, flat) if lead else function.gradients(flat)
                found = found.view(shape).to(z.dtype)
                mean[samples] += found.sum((0, 2))
                change = found[0]
                if self.is_paired:
                    into = changes[: shape[1] * shape[2]].view(shape[1:])
                    change = torch.sub(found[0], found[1], out=into)
                take(samples, here, self._grouped(change) if lead is None else change)
        _checks.require(
            bool(torch.isfinite(mean).all()),
            "(model)",
            "must have finite gradients near the samples",
            "Use a smaller sigma, or look for a square root or a logarithm of zero.",
        )
        mean /= len(z) * self.signs
        return mean if lead is None else mean @ lead.weight.to(mean.dtype)

    def _memory(self, name: str, like: Tensor, *shape: int) -> Tensor:
        kept = self._kept.get(name)
        if kept is None or kept.shape != shape:
            kept = self._kept[name] = like.new_empty(shape)
        return kept

    def _directions_at_once(self, z: Tensor, d: int) -> int:
        # The gradients, their input, and what a network keeps for the way back.
        width = max(d, z.shape[1])
        fitting = _device.rows_per_block(z.device, 16 * width * z.element_size())
        usual = min(fitting, _CACHED if z.device.type == "cpu" else _AT_ONCE)
        most = max(1, (self.batch_size or usual) // self.signs)
        # Parts of one size, not a small one left over.
        return most if most > len(z) else -(-len(z) // -(-len(z) // most))
