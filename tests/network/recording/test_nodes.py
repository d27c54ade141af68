import numpy as np
import pytest
import torch
from network.worlds import factors_of
from torch import nn
from torch.utils.data import DataLoader

from nbinterp.network import ablated, perturb, record


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 4)

    def forward(self, tokens, attention_mask):
        hidden = self.embed(tokens)
        return {"hidden": hidden.mean(dim=1), "rest": attention_mask}


TOKENS = np.random.default_rng(0).integers(0, 10, (9, 5))
MASK = (np.arange(5) < np.random.default_rng(1).integers(1, 6, 9)[:, None]).astype(np.int64)


def test_dicts_become_arguments_and_pooling_heeds_the_mask():
    model, data = Named(), {"tokens": TOKENS, "attention_mask": MASK}
    rec = record(model, data, layers="embed", batch_size=4)
    samples = [{key: torch.as_tensor(part[k]) for key, part in data.items()} for k in range(9)]
    again = record(model, DataLoader(samples, batch_size=2), layers="embed")
    np.testing.assert_array_equal(rec["embed"], again["embed"])
    np.testing.assert_array_equal(rec.mask, MASK > 0)
    values = rec["embed"]
    for pool, of in [
        ("mean", lambda v: v.mean(axis=0)),
        ("max", lambda v: v.max(axis=0)),
        ("first", lambda v: v[0]),
        ("last", lambda v: v[-1]),
    ]:
        expected = [of(values[k][MASK[k] > 0]) for k in range(9)]
        table = rec.concat("embed", pool=pool)
        np.testing.assert_allclose(table, np.stack(expected), atol=1e-6)
    assert list(table.columns) == ["embed[0]", "embed[1]", "embed[2]", "embed[3]"]


def test_maps_become_one_value_a_channel():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())
    rec = record(model, np.random.default_rng(0).random((9, 1, 8, 8)), layers="0")
    table = rec.concat("0", pool="mean")
    np.testing.assert_allclose(table["0[3]"], rec["0"][:, 3].mean(axis=(1, 2)), atol=1e-6)
    rows = rec.concat("0", pool="max", channel_axis=-1)
    np.testing.assert_array_equal(rows["0[:,:,5]"], rec["0"][..., 5].max(axis=(1, 2)))
    with pytest.raises(ValueError, match="pool='sum'"):
        rec.concat("0", pool="sum")
    with pytest.raises(ValueError, match="other than the samples'"):
        rec.concat("0", pool="mean", channel_axis=0)


class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.maps = nn.Conv2d(1, 4, 3), nn.Identity()

    def forward(self, x):
        return self.maps(self.conv(x).movedim(1, -1)).flatten(1)


@pytest.mark.parametrize(
    ("model", "layer", "shape", "axis", "name", "where"),
    [
        (nn.Sequential(nn.Conv1d(2, 4, 3), nn.Flatten()), "0", (2, 6), 1, "0[3,:]", np.s_[:, 3]),
        (ChannelsLast(), "maps", (1, 8, 8), -1, "maps[:,:,3]", np.s_[..., 3]),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), "0", (1, 6, 6), 1, "0[3]", np.s_[:, 3]),
    ],
)
def test_a_pooled_name_means_the_same_nodes_everywhere(model, layer, shape, axis, name, where):
    data = np.random.default_rng(0).random((9, *shape)).astype(np.float32)
    rec = record(model, data, layer)
    table = rec.concat(layer, pool="mean", channel_axis=axis)
    assert table.columns[3] == name and table.shape == (9, 4)
    with ablated(model, layer, name):
        silent = record(model, data, layer)[layer]
    expected = rec[layer].copy()
    expected[where] = 0
    np.testing.assert_array_equal(silent, expected)
    information = [0.0, 0.0, 0.0, 1.0]
    shown = perturb(
        model, data, factors_of(table.columns, information, indices=range(9)), layer=layer,
        factor=0, amounts=[[1.0]], base=0,
    )  # fmt: skip
    moved = (shown.hidden - shown.baseline_hidden).reshape(rec[layer].shape[1:])
    expected = np.zeros_like(moved)
    expected[None][where] = 1
    np.testing.assert_allclose(moved, expected, atol=1e-6)
