"""The axis that counts a layer's nodes follows the module that made it."""

import json

import numpy as np
import pytest
import torch
from network.worlds import factors_of, seeded
from torch import nn

from nbinterp.network import Recording, ablated, ablation_study, record
from nbinterp.network.recording.channels import channels_of, node_axis

RNG = np.random.default_rng(0)


class Block(nn.Module):
    """A residual block of channels first, whose activation runs after a sum."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.act = nn.Conv1d(4, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)) + x)


class Turned(nn.Module):
    """Ends in a Linear on features last, and returns channels first, as in ConvNeXt."""

    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(3, 6, 3), nn.Linear(6, 5)

    def forward(self, x):
        return self.dense(self.conv(x).movedim(1, -1)).movedim(-1, 1)


class Mixer(nn.Module):
    """Of which no module says anything."""

    def forward(self, x):
        return x.cumsum(-1)


def first_lstm():
    return nn.LSTM(3, 5, batch_first=True, bidirectional=True)


@pytest.mark.parametrize(
    ("made", "layer", "shape", "axis", "is_sure"),
    [
        (lambda: [nn.Conv1d(3, 8, 5)], "0", (3, 20), 0, True),
        (lambda: [nn.Conv1d(3, 8, 5), nn.ReLU(), nn.Dropout(), nn.GELU()], "3", (3, 20), 0, True),
        (lambda: [nn.Conv1d(3, 8, 5), nn.Sequential(nn.ReLU())], "1", (3, 20), 0, True),
        (lambda: [nn.Sequential(nn.Conv1d(3, 8, 5), nn.BatchNorm1d(8))], "0", (3, 20), 0, True),
        (lambda: [nn.Conv1d(3, 8, 5), nn.MaxPool1d(2)], "1", (3, 20), 0, True),
        (lambda: [nn.ConvTranspose1d(3, 8, 5), nn.GroupNorm(2, 8)], "1", (3, 20), 0, True),
        (lambda: [nn.Conv2d(3, 8, 5), nn.InstanceNorm2d(8)], "1", (3, 9, 9), 0, True),
        (lambda: [nn.Linear(20, 8), nn.ReLU()], "1", (3, 20), 1, True),
        (lambda: [nn.Linear(9, 8), nn.LayerNorm(8)], "1", (3, 7, 9), 2, True),
        (lambda: [first_lstm()], "0", (7, 3), 1, True),
        (lambda: [nn.Conv1d(4, 4, 3), Block()], "1", (4, 20), 0, False),
        (lambda: [nn.Conv1d(4, 4, 3), Block()], "1.act", (4, 20), 0, False),
        (lambda: [Turned()], "0", (3, 9, 9), 0, False),
        (lambda: [Mixer()], "0", (3, 20), 1, False),
        (lambda: [Mixer()], "0", (3, 9, 9), 0, False),
    ],
)
@pytest.mark.filterwarnings("ignore:.*the first is taken as its output")
def test_the_axis_of(made, layer, shape, axis, is_sure):
    model = seeded(lambda: nn.Sequential(*made())).eval()
    rec = record(model, RNG.random((6, *shape)).astype(np.float32), layer, progress=False)
    sample = rec[layer].shape[1:]
    assert node_axis(channels_of(model, layer), sample) == (axis, is_sure)
    assert rec.channel_axes == {layer: axis + 1}
    assert rec.guessed_axes == (() if is_sure else (layer,))
    says = f"channels on axis {axis + 1}"
    assert says + (", " if is_sure else " (a guess), ") in repr(rec)


def conv1d():
    return nn.Sequential(
        nn.Conv1d(3, 16, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 4)
    )


WAVES = RNG.normal(size=(50, 3, 64)).astype(np.float32)


@pytest.mark.parametrize("layer", ["0", "1"])
def test_a_conv1d_has_one_column_a_channel(layer, tmp_path):
    model = seeded(conv1d)
    rec = record(model, WAVES, layer)
    table = rec.concat(layer, pool="mean")
    assert list(table.columns) == [f"{layer}[{k},:]" for k in range(16)]
    np.testing.assert_allclose(table, rec[layer].mean(axis=2), atol=1e-6)
    record(model, WAVES, layer, folder=tmp_path / "waves")
    opened = Recording.open(tmp_path / "waves")
    assert opened.channel_axes == rec.channel_axes and opened.guessed_axes == ()
    np.testing.assert_allclose(opened.concat(layer, pool="mean"), table, atol=1e-6)
    # A folder of an older version does not say: the shape is the guess that it was.
    index = tmp_path / "waves" / "recording.json"
    known = json.loads(index.read_text())
    del known["channel_axes"], known["guessed_axes"]
    index.write_text(json.dumps(known))
    old = Recording.open(tmp_path / "waves")
    assert old.channel_axes == {layer: 2} and old.guessed_axes == (layer,)
    assert old.concat(layer, pool="mean").shape == (50, 60)


def test_numbers_ablate_channels():
    model = seeded(conv1d).eval()
    plainly = record(model, WAVES, "1")["1"]
    for nodes in (3, [3], "1[3,:]", np.arange(16) == 3):
        with ablated(model, "1", nodes):
            silent = record(model, WAVES, "1")["1"]
        assert not silent[:, 3].any()
        np.testing.assert_array_equal(np.delete(silent, 3, 1), np.delete(plainly, 3, 1))
    with torch.no_grad(), ablated(model, "1", "1[3]"):
        refused = pytest.raises(ValueError, match=r"which axis .* \(16, 60\).*such as '1\[0,:\]'")
        with refused:
            model(torch.from_numpy(WAVES))


def test_a_study_of_channels_ablates_channels():
    model = seeded(conv1d).eval()
    table = record(model, WAVES, "1").concat("1", pool="mean")
    y = record(model, WAVES, "1").output.argmax(axis=1)
    factors = factors_of(table.columns, np.arange(16) == 5, indices=range(50))
    study = ablation_study(model, WAVES, factors, layer="1", y=y, sizes=[1], n_random=0)
    with ablated(model, "1", 5):
        output = record(model, WAVES, "1").output
    found = study.baseline[0, :4] + study.change[0, 0, 0, :4]
    np.testing.assert_allclose(found, output.mean(axis=0), atol=1e-5)
