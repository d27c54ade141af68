import numpy as np
import pytest
import torch

from nbinterp._numerics.moments import Moments
from nbinterp.distance.sensitivity.shifts import (
    PreactivationEdits,
    deviations,
    node_rows,
)

GENERATOR = torch.Generator().manual_seed(0)
SHIFTS, SCALES = torch.tensor([-1.0, 2.0]).double(), torch.tensor([0.1, 3.0]).double()


def spread(parts, axis, eps):
    moments = Moments(order=2)
    for part in parts:
        moments.add(node_rows(part, axis))
    return deviations(moments, eps)


def edits_of(z, axis=0, n_random=3, nodes=(0, 2)):
    sd = spread([z], axis, 1e-7)
    u = torch.randn(n_random, len(sd), generator=GENERATOR, dtype=torch.float64) * (sd > 0)
    u = u / u.norm(dim=1, keepdim=True)
    return PreactivationEdits(sd, u, list(nodes), SHIFTS, SCALES, axis)


def some(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64) * 2 + 1


def applied(edits, z):
    found = edits.edit(slice(0, edits.n_units), z)
    return found.reshape(edits.n_units, edits.n_steps, *z.shape)


def test_a_shift_moves_the_plane_offset_by_t_and_a_scale_the_unit_ratio_by_its_square():
    z = some(50, 4)
    m = edits_of(z)
    layer = applied(m, z)[0]
    offset, ratio = z.mean(dim=0) / m.sd, z.var(dim=0, correction=0)
    for t, shifted in zip(SHIFTS, layer[:2], strict=True):
        torch.testing.assert_close(shifted.mean(dim=0) / m.sd, offset + t)
        torch.testing.assert_close(shifted.var(dim=0, correction=0), ratio)
    for s, scaled in zip(SCALES, layer[2:], strict=True):
        own = scaled.std(dim=0, correction=0)
        torch.testing.assert_close(scaled.mean(dim=0) / own, offset)
        torch.testing.assert_close(own.square(), ratio * s**2)
        assert torch.equal(scaled, z * s)


def test_single_nodes_move_alone():
    z = some(20, 4)
    m = edits_of(z)
    for row, node in zip((4, 5), (0, 2), strict=True):
        found = applied(m, z)[row]
        others = [i for i in range(4) if i != node]
        assert torch.equal(found[..., others], z[:, others].expand(4, 20, 3))
        torch.testing.assert_close(found[0, :, node], z[:, node] - m.sd[node])
        torch.testing.assert_close(found[3, :, node], z[:, node] * 3)


def test_controls_go_as_far_along_their_direction():
    z = some(30, 5)
    z[:, 3] = 0.7  # dead
    m = edits_of(z)
    found = (applied(m, z) - z) * torch.where(m.sd > 0, 1 / m.sd, 0)
    layer, controls = found[0], found[1:4]
    torch.testing.assert_close(controls.norm(dim=-1), layer.norm(dim=-1).expand(3, 4, 30))
    for k, u in enumerate(m.directions):
        moved = controls[k].reshape(-1, 5)
        along = torch.outer(moved @ u, u)
        torch.testing.assert_close(moved, along, atol=1e-12, rtol=0)
        single = found[6 + k]
        torch.testing.assert_close(single[:2], (SHIFTS[:, None, None] * u).expand(2, 30, 5))
        reach = (z * torch.where(m.sd > 0, 1 / m.sd, 0)) @ u
        expected = (SCALES - 1)[:, None, None] * reach[:, None] * u
        torch.testing.assert_close(single[2:], expected)


def test_an_axis_is_a_direction_like_any_other():
    z = some(30, 4)
    m = edits_of(z, nodes=range(4))
    axes = PreactivationEdits(m.sd, torch.eye(4).double(), [], SHIFTS, SCALES, 0)
    torch.testing.assert_close(applied(m, z)[4:8], applied(axes, z)[5:9])


@pytest.mark.parametrize(("shape", "axis"), [((4, 3, 2), 0), ((7, 4), 1), ((4, 7), 0)])
def test_channels_and_tokens_move_wherever_they_stand(shape, axis):
    z = some(10, *shape)
    m = edits_of(z, axis)
    flat = z.movedim(1 + axis, -1).reshape(-1, 4)
    np.testing.assert_allclose(m.sd, flat.numpy().std(axis=0))
    rows = applied(PreactivationEdits(m.sd, m.directions, m.nodes, SHIFTS, SCALES, 0), flat)
    found = applied(m, z).movedim(3 + axis, -1).reshape(rows.shape)
    torch.testing.assert_close(found, rows)


def test_spread_over_batches_with_a_far_mean():
    z = some(100, 3) + 1e6
    np.testing.assert_allclose(spread(z.split(7), 0, 1e-16), z.numpy().std(axis=0), rtol=1e-9)
    assert not spread([torch.full((10, 2), 0.1)], 0, 1e-7).any()
