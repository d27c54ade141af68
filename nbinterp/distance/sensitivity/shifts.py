"""Shifts and scales of a layer's pre-activations, in standard deviations of the data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nbinterp._numerics.moments import Moments


@dataclass(frozen=True)
class PreactivationEdits:
    """Edits of a layer: for each unit, all shifts and then all scales.

    The units are, in this order: the layer as a whole; its controls, one for each random direction;
    single nodes; and their controls, again one for each random direction. With z̃ = z / sd, a
    direction u of length 1 and k nodes that vary, a shift by t and a scale by s are

    ============ ======================== ================================
    unit         shift                    scale
    ============ ======================== ================================
    layer        z + t sd                 s z
    its control  z + t √k u sd            z + (s - 1) ‖z̃‖ u sd
    node j       z_j + t sd_j             s z_j
    its control  z + t u sd               z + (s - 1) (u · z̃) u sd
    ============ ======================== ================================

    A control of the layer moves every sample as far as the layer is moved, in standard deviations.
    A node is a direction along its own axis.

    Attributes
    ----------
    sd : Tensor of shape (n_nodes,)
        Standard deviations of the nodes; 0 for dead ones.
    directions : Tensor of shape (n_random, n_nodes)
        Unit vectors, 0 at dead nodes.
    nodes : list of int
        The single nodes.
    shifts, scales : Tensor of shape (n_shifts,) and (n_scales,)
        Amounts, in standard deviations; factors.
    axis : int
        Axis of a sample's activations that counts the nodes.
    """

    sd: Tensor
    directions: Tensor
    nodes: list[int]
    shifts: Tensor
    scales: Tensor
    axis: int

    @property
    def n_units(self) -> int:
        """The number of units."""
        return 1 + len(self.nodes) + 2 * len(self.directions)

    @property
    def n_steps(self) -> int:
        """The number of edits per unit."""
        return len(self.shifts) + len(self.scales)

    def edit(self, units: slice, activation: Tensor) -> Tensor:
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
            torch.mul(z, scales, out=scaled)  # a sum would show its rounding at small scales
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


def node_rows(activation: Tensor, axis: int) -> Tensor:
    """Return activations (b, ...) as rows (n, n_nodes) in float64."""
    return activation.movedim(1 + axis, -1).flatten(0, -2).double()


def deviations(moments: Moments, eps: float) -> Tensor:
    """Return the standard deviations (n_nodes,), 0 for nodes that vary by rounding only.

    `eps` is the relative rounding error of the activations.
    """
    sd: Tensor = moments.variance[0].sqrt()
    return torch.where(sd > eps * moments.mean[0].abs(), sd, 0.0)
