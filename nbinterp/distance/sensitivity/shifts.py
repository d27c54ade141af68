"""Shifts and scales of a layer's pre-activations, in standard deviations of the data."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from nbinterp.network.recording.nodes import channel_axis


@dataclass(frozen=True)
class PreactivationEdits:
    """What is done to a layer: units, each with all shifts and then all scales.

    The units are the layer as a whole; it along each random direction instead; single nodes; and
    again each random direction in place of a node. With z̃ = z / sd, a direction u of length 1 and k
    nodes that vary, a shift by t and a scale by s are

    ============ ======================== ================================
    unit         shift                    scale
    ============ ======================== ================================
    layer        z + t sd                 s z
    its control  z + t √k u sd            z + (s - 1) ‖z̃‖ u sd
    node j       z_j + t sd_j             s z_j
    its control  z + t u sd               z + (s - 1) (u · z̃) u sd
    ============ ======================== ================================

    so that a control moves every sample as far, in standard deviations, as the layer was moved;
    and a node is the direction that is its axis.

    Attributes
    ----------
    sd : Tensor of shape (n_nodes,)
        Standard deviations of the nodes; 0 of dead ones.
    directions : Tensor of shape (n_random, n_nodes)
        Of length 1, zero at dead nodes.
    nodes : list of int
        The single nodes.
    shifts, scales : Tensor of shape (n_shifts,) and (n_scales,)
        How far.
    axis : int
        Which axis of a sample's activations counts the nodes.
    """

    sd: Tensor
    directions: Tensor
    nodes: list[int]
    shifts: Tensor
    scales: Tensor
    axis: int

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return 1 + len(self.nodes) + 2 * len(self.directions)

    @property
    def n_steps(self) -> int:
        """How many edits a unit has."""
        return len(self.shifts) + len(self.scales)

    def edit(self, units: slice, activation: Tensor, _inputs: Any) -> Tensor:
        """Return (units * steps * b, ...) edits of activations (b, ...)."""
        z = activation.movedim(1 + self.axis, -1)
        shape, z = z.shape, z.reshape(len(z), -1, z.shape[-1])
        asked = range(self.n_units)[units]
        edits = z.new_empty(len(asked), self.n_steps, *z.shape)
        for row, unit in enumerate(asked):
            self._fill(edits[row], unit, z)
        edits = edits.reshape(-1, *shape[1:])
        return edits.movedim(-1, 1 + self.axis).contiguous()

    def _fill(self, edits: Tensor, unit: int, z: Tensor) -> None:
        n_random, n_nodes, n_shifts = len(self.directions), len(self.nodes), len(self.shifts)
        sd = self.sd.to(z)
        shifts = self.shifts.to(z)[:, None, None, None]
        scales = self.scales.to(z)[:, None, None, None]
        shifted, scaled = edits[:n_shifts], edits[n_shifts:]
        if unit == 0:
            torch.add(z, shifts * sd, out=shifted)
            torch.mul(z, scales, out=scaled)  # not a sum, whose rounding a small scale would show
            return
        node = unit - 1 - n_random
        if 0 <= node < n_nodes:
            at = self.nodes[node]
            edits.copy_(z.expand_as(edits))
            shifted[..., at] += shifts[..., 0] * sd[at]
            scaled[..., at] *= scales[..., 0]
            return
        whole = unit <= n_random
        direction = self.directions[unit - 1 if whole else node - n_nodes].to(z)
        step = direction * sd
        standard = z * torch.where(sd > 0, 1 / sd, 0.0)
        if whole:
            torch.add(z, shifts * (step * (sd > 0).sum().sqrt()), out=shifted)
            length = standard.norm(dim=-1, keepdim=True)
        else:
            torch.add(z, shifts * step, out=shifted)
            length = (standard @ direction)[..., None]
        torch.add(z, (scales - 1) * (length * step), out=scaled)


def node_axis(module: nn.Module, shape: tuple[int, ...]) -> int:
    """Return which axis of a sample's activations counts the nodes of `module`."""
    return 0 if isinstance(module, _ConvNd | _BatchNorm) else channel_axis(shape)


class Spread:
    """Standard deviations of the nodes, from one pass."""

    def __init__(self, axis: int) -> None:
        self.axis = axis
        self.count = 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0

    def add(self, activation: Tensor) -> None:
        """Take in the activations (b, ...) of some samples."""
        rows = activation.movedim(1 + self.axis, -1).flatten(0, -2).double()
        n = self.count + len(rows)
        mean = rows.mean(dim=0)
        step = mean - self.mean
        # Chan, Golub and LeVeque (1979).
        between = step.square() * (self.count * len(rows) / n)
        self.squares = self.squares + (rows - mean).square().sum(dim=0) + between
        self.mean = self.mean + step * (len(rows) / n)
        self.count = n

    def deviation(self, digits: float) -> Tensor:
        """Return the standard deviations (n_nodes,); 0 of what varies by rounding only."""
        sd: Tensor = (self.squares / self.count).sqrt()
        return torch.where(sd > digits * self.mean.abs(), sd, 0.0)
