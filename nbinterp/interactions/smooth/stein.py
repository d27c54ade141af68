"""Stein's lemma: second derivatives from products of directions and gradients."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nbinterp import _checks, _device
from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.interactions.smooth.first_layer import InputLinear
from nbinterp.interactions.smooth.kernel import Noise
from nbinterp.interactions.smooth.low_rank import LowRank

# Gradients at once. On a CPU few enough that the activations stay in its cache.
_ON_CPU = 2048
_ON_CUDA = 8192


@dataclass(frozen=True)
class Stein:
    """Estimates of ``E[Σ⁻¹ δ ∇f(x + δ)ᵀ]``, each from a block of directions.

    Parameters
    ----------
    function : ScalarFunction
        f.
    noise : Noise
        The distribution of δ.
    members : Tensor of shape (d, width) or None
        Which inputs belong to which group; None if there are no groups.
    is_paired : bool
        Whether each direction is used with both signs.
    is_centred : bool
        Whether to subtract the mean gradient, which only adds noise.
    batch_size : int or None
        Gradients computed at once; by memory if None.
    input_linear : InputLinear or None
        The only Linear that reads the input. Gradients are then taken and summed at its output.
    """

    function: ScalarFunction
    noise: Noise
    members: Tensor | None = None
    is_paired: bool = True
    is_centred: bool = False
    batch_size: int | None = None
    input_linear: InputLinear | None = None
    # Reused from block to block: to allocate memory takes as long as to compute in it.
    _buffers: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)

    @property
    def signs(self) -> int:
        """Number of gradients taken for each direction."""
        return 2 if self.is_paired else 1

    def matrices(self, rows: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return estimates at samples `rows` ``(count, d)`` from a block of directions `z`.

        Returns the matrices ``(count, width, width)``, which are not yet symmetric and are
        overwritten by the next call, and the mean gradients ``(count, d)`` in float64.
        """
        u = self._grouped(self.noise.dual(z))
        weight = self._weight(len(z))
        back = self._to_inputs()
        out = self._buffer("matrices", z, len(rows), u.shape[1], u.shape[1])
        sums = out
        if back is not None:
            sums = self._buffer("sums", z, len(rows), u.shape[1], len(back))

        def collect(samples: slice, here: slice, change: Tensor) -> None:
            left = u[here].T.expand(len(change), -1, -1)
            sums[samples].baddbmm_(left, change, beta=float(here.start > 0), alpha=weight)

        mean = self._gradients(rows, z, collect)
        if back is not None:
            torch.matmul(sums, back, out=out)
        if self.is_centred:
            shift = u.sum(0)[:, None] * self._grouped(mean.to(z.dtype))[:, None, :]
            out.sub_(shift, alpha=weight)
        return out, mean

    def factors(self, rows: Tensor, z: Tensor) -> tuple[list[LowRank], Tensor]:
        """Return the same estimates, made symmetric, as `LowRank` matrices; and mean gradients."""
        u = self._grouped(self.noise.dual(z))
        changes = z.new_empty((len(rows), *u.shape))

        back = self._to_inputs()

        def collect(samples: slice, here: slice, change: Tensor) -> None:
            changes[samples, here] = change if back is None else change @ back

        mean = self._gradients(rows, z, collect)
        if self.is_centred:
            changes -= self._grouped(mean.to(z.dtype))[:, None]
        u = u * self._weight(len(z))
        return [LowRank(u, change) for change in changes], mean

    def _weight(self, n: int) -> float:
        # As in a sample covariance, subtracting the mean leaves n - 1 degrees of freedom.
        return 1.0 / ((n - 1 if self.is_centred else n) * self.signs * self.noise.scale)

    def _to_inputs(self) -> Tensor | None:
        """Return the matrix from gradients at the Linear to those in inputs, or in groups."""
        return None if self.input_linear is None else self._grouped(self.input_linear.weight)

    def _grouped(self, gradients: Tensor) -> Tensor:
        return gradients if self.members is None else gradients @ self.members

    def _gradients(
        self, rows: Tensor, z: Tensor, collect: Callable[[slice, slice, Tensor], None]
    ) -> Tensor:
        """Pass the gradients ``(samples, directions, width)`` to `collect`, part by part.

        For paired directions, ``∇f(x + δ) - ∇f(x - δ)``; at the output of the Linear if there is
        one. Return the mean gradients ``(count, d)``.
        """
        offsets, linear = self.noise.spread(z), self.input_linear
        count, origin = len(rows), rows
        if linear is not None:
            offsets, origin = offsets @ linear.weight.T, linear.outputs(rows)
        d = offsets.shape[1]
        step = self._directions_at_once(z, d)
        # Samples with different targets are computed one by one.
        together = 1 if isinstance(self.function.target, tuple) else max(1, step // len(z))
        most = min(together, count) * min(step, len(z))
        buffer = self._buffer("points", rows, self.signs * most, d)
        changes = self._buffer("changes", z, most, d)
        mean = torch.zeros((count, d), dtype=torch.float64, device=z.device)
        for first in range(0, count, together):
            samples = slice(first, min(first + together, count))
            points = origin[samples].to(z.dtype)[:, None]
            function = self.function.for_sample(first)
            for begin in range(0, len(z), step):
                here = slice(begin, min(begin + step, len(z)))
                shape = (self.signs, len(points), here.stop - begin, d)
                there = buffer[: shape[0] * shape[1] * shape[2]].view(shape)
                for sign, side in zip((1.0, -1.0), there, strict=False):
                    torch.add(points, offsets[here], alpha=sign * self.noise.scale, out=side)
                at = there.view(-1, d)
                found = linear.gradients(function, at) if linear else function.gradients(at)
                found = found.view(shape).to(z.dtype)
                mean[samples] += found.sum((0, 2))
                change = found[0]
                if self.is_paired:
                    into = changes[: shape[1] * shape[2]].view(shape[1:])
                    change = torch.sub(found[0], found[1], out=into)
                collect(samples, here, self._grouped(change) if linear is None else change)
        _checks.require(
            bool(torch.isfinite(mean).all()),
            "(model)",
            "must have finite gradients near the samples",
            "Use a smaller sigma, or look for a square root or a logarithm of zero.",
        )
        mean /= len(z) * self.signs
        return mean if linear is None else mean @ linear.weight.to(mean.dtype)

    def _buffer(self, name: str, like: Tensor, *shape: int) -> Tensor:
        buffer = self._buffers.get(name)
        if buffer is None or buffer.shape != shape:
            buffer = self._buffers[name] = like.new_empty(shape)
        return buffer

    def _directions_at_once(self, z: Tensor, d: int) -> int:
        # Gradients, their inputs, and the activations that the backward pass needs.
        width = max(d, z.shape[1])
        fitting = _device.rows_per_block(z.device, 16 * width * z.element_size())
        usual = min(fitting, _ON_CPU if z.device.type == "cpu" else _ON_CUDA)
        most = max(1, (self.batch_size or usual) // self.signs)
        # Parts of equal size, without a small remainder.
        return most if most > len(z) else -(-len(z) // -(-len(z) // most))
