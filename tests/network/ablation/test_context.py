import numpy as np
import pandas as pd
import pytest
import torch
from network.worlds import Conv, assert_same, plain, seeded, state, worn
from torch import nn

from nbinterp.network import ablated, record
from nbinterp.network.subject.size import widest_output
from nbinterp.network.subject.subject import Subject

X = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)


def run(model, x=X):
    with torch.no_grad():
        return model(torch.from_numpy(x))


def test_zero_and_mean_are_those_of_the_layer():
    model = seeded(plain).eval()
    hidden = record(model, X, "0")["0"]
    for mode, value in (("zero", 0), ("mean", hidden.mean(axis=0))):
        edited = hidden.copy()
        edited[:, [1, 4]] = np.broadcast_to(value, hidden.shape)[:, [1, 4]]
        with torch.no_grad():
            expected = model[3](model[2](model[1](torch.from_numpy(edited))))
        given = {"data": X} if mode == "mean" else {}
        with ablated(model, "0", [1, "0[4]"], mode, **given) as same:
            assert same is model
            torch.testing.assert_close(run(model), expected)
    with ablated(model, "0", 1, "mean", means=np.full(8, 3.0)):
        assert (record(model, X, "0")["0"][:, 1] == 3).all()


def test_weights_are_rows_of_the_linear_and_leave_a_constant_behind_batchnorm():
    model = seeded(plain).eval()
    norm = model[0][1]
    with torch.no_grad():
        norm.running_mean += torch.linspace(-1, 1, 8)
        norm.bias += 0.3
    copy = seeded(plain).eval()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        copy[0][0].weight[[2, 5]] = 0
        copy[0][0].bias[[2, 5]] = 0
    with ablated(model, "0", [2, "0[5]"], "weights"):
        torch.testing.assert_close(run(model), run(copy))
        hidden = record(model, X, "0")["0"][:, 2]
    shift = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
    np.testing.assert_allclose(hidden, shift[2].relu().item(), atol=1e-6)


def test_channels_and_positions():
    model = seeded(Conv).eval()
    x = X[:30].reshape(5, 1, 6, 6)
    with ablated(model, "conv", [1, "conv[3,0,2]"]):
        hidden = record(model, x, "conv")["conv"]
    before = record(model, x, "conv")["conv"]
    before[:, 1] = 0
    before[:, 3, 0, 2] = 0
    np.testing.assert_allclose(hidden, before)


def test_nested_blocks_restore_the_model():
    model = worn(seeded(plain), torch.from_numpy(X))
    before = state(model)
    with pytest.raises(KeyboardInterrupt), ablated(model, "0", 1), ablated(model, "1", [0, 2]):
        rec = record(model, X, ["0", "1"])
        assert not rec["0"][:, 1].any() and not rec["1"][:, [0, 2]].any()
        raise KeyboardInterrupt
    assert_same(before, state(model))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("x", 0), "must be the name of a submodule"),
        (("0", 8), "must be the number of a node of '0'"),
        (("0", "1[0]"), "must be the name of a node of '0'"),
        (("0", 0, "off"), "'zero', 'mean', 'weights'"),
        (("0", 0, "mean"), "either data to take the means of, or means"),
        (("2", 0, "weights"), "one Linear or convolution, not 0"),
        ((np.zeros(3), 0), r"ablated\(layer=<ndarray of shape \(3,\)>\) must be the name"),
    ],
)
def test_bad_arguments(arguments, match):
    model = seeded(plain).eval()
    before = state(model)
    with pytest.raises((ValueError, TypeError), match=match), ablated(model, *arguments):
        run(model)
    assert_same(before, state(model))


def test_masks_select_nodes():
    model = seeded(plain).eval()
    mask = np.arange(8) % 3 == 2
    for nodes in (mask, mask.tolist(), torch.tensor(mask), pd.Series(mask), ["0[2]", np.int64(5)]):
        with ablated(model, "0", nodes):
            hidden = record(model, X, "0")["0"]
        expected = record(model, X, "0")["0"]
        expected[:, [2, 5]] = 0
        np.testing.assert_array_equal(hidden, expected)
    with ablated(model, "0", np.zeros(8, bool)):
        assert record(model, X, "0")["0"].any()


@pytest.mark.parametrize("nodes", [[1.9], 1.0, torch.tensor([0.0]), True, [True, 3], [None]])
def test_what_is_no_node_is_refused_before_the_model_runs(nodes):
    with (
        pytest.raises(TypeError, match=r"ablated\(nodes=.*whole numbers, names or a boolean mask"),
        ablated(seeded(plain), "0", nodes),
    ):
        pass


def test_a_mask_of_another_length_is_refused():
    model = seeded(plain).eval()
    with (
        pytest.raises(ValueError, match="one entry per node, 8, if it is a mask, not 6"),
        ablated(model, "0", np.ones(6, bool)),
    ):
        run(model)


def test_means_of_another_shape_are_refused():
    model = seeded(plain).eval()
    with (
        pytest.raises(ValueError, match="must have the shape of one sample's activations"),
        ablated(model, "0", 0, "mean", means=[1.0, 2.0]),
    ):
        run(model)


@pytest.mark.parametrize("nodes", [np.int64(3), np.array(3), torch.tensor([3]), (3,)])
def test_numbers_of_nodes_may_come_from_arrays(nodes):
    model = seeded(plain).eval()
    with ablated(model, "0", nodes):
        assert not record(model, X, "0")["0"][:, 3].any()


class Padded(nn.Module):
    """Attention with a padding mask: in eval mode, torch passes nested tensors between layers."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(3, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        hidden = self.encoder(self.project(x), src_key_padding_mask=self.mask(x))
        return self.out(hidden[:, 0])

    @staticmethod
    def mask(x):
        return torch.arange(5) > 2 + 2 * (x[:, :1, 0] > 0)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_inside_a_transformer():
    torch.manual_seed(0)
    model, x = Padded().eval(), torch.randn(20, 5, 3)
    with torch.no_grad(), ablated(model, "project", [0, 1]):
        moved = model(x)
    assert widest_output(Subject(model), x) >= 40
    with torch.no_grad():
        hidden = model.project(x)
        hidden[..., :2] = 0
        expected = model.out(model.encoder(hidden, src_key_padding_mask=model.mask(x))[:, 0])
        torch.testing.assert_close(moved, expected)
    inside = pytest.raises(ValueError, match=r"an ordinary tensor, not a nested one. Pad it")
    with torch.no_grad(), inside, ablated(model, "encoder.layers.0", [0]):
        model(x)


class Aside(nn.Module):
    """A network that computes a layer and drops it, or returns it beside its output."""

    def __init__(self, kind):
        super().__init__()
        self.aside, self.out, self.kind, self.n_passes = nn.Linear(6, 4), nn.Linear(6, 3), kind, 0

    def forward(self, x):
        self.n_passes += 1
        found = self.aside(x)
        if self.kind == "gated":  # shut
            return self.out(x) + (found * 0).sum(1, keepdim=True)
        if self.kind == "as numbers":
            return self.out(x) + float(found.sum()) * 0
        return (self.out(x), found) if self.kind == "returned" else self.out(x)


@pytest.mark.parametrize("kind", ["dropped", "returned", "gated", "as numbers"])
def test_a_layer_that_nothing_is_computed_from_is_refused_at_the_end(kind):
    model = Aside(kind).eval()
    if kind != "dropped":
        with ablated(model, "aside", 0):
            run(model)
        return
    with (
        pytest.raises(ValueError, match=r"^ablated\(layer='aside'\) must change the output when"),
        ablated(model, "aside", 0),
    ):
        run(model)
    with ablated(model, "aside", 0):
        pass  # nothing ran
    with pytest.raises(KeyboardInterrupt), ablated(model, "aside", 0):
        run(model)
        raise KeyboardInterrupt


def test_passes_in_the_block_are_those_of_the_caller():
    model = Aside("returned").eval()
    with ablated(model, "aside", 0), ablated(model, "out", 1):
        run(model)
        run(model)
        assert model.n_passes == 2
        with pytest.warns(UserWarning, match="the first is taken"):
            rec = record(model, X, ["aside", "out"])
    assert not rec["aside"][:, 0].any() and not rec["out"][:, 1].any()


def test_other_layers_are_recorded_where_an_lstm_is_ablated():
    model = nn.Sequential(nn.LSTM(6, 4, batch_first=True), First(), nn.Linear(4, 3)).eval()
    with ablated(model, "0", 0):
        rec = record(model, np.repeat(X[:, None], 3, axis=1), ["0", "2"])
    assert not rec["0"][..., 0].any() and rec["0"][..., 1].any()


class First(nn.Module):
    def forward(self, found):
        return found[0]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"means": [0.0] * 16}, "must be 'mean' where data or means are given"),
        ({"data": torch.ones(3, 8)}, "must be 'mean' where data or means are given"),
        ({"mode": "mean", "means": [float("nan")] * 16}, "must be finite, but has NaN"),
        ({"mode": "mean", "means": {}}, "means={}.* must be numbers"),
        ({"mode": "mean"}, "either data to take the means of, or means, and not both"),
    ],
)
def test_means_that_would_not_be_used_are_refused(options, match):
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU())
    with pytest.raises((ValueError, TypeError), match=match), ablated(model, "1", [0], **options):
        pass


class Named(nn.Module):
    """It takes named arguments, one of which it may write into."""

    def __init__(self):
        super().__init__()
        self.aside, self.out = nn.Linear(6, 8), nn.Linear(6, 3)

    def forward(self, *, x, cache=None):
        self.aside(x)
        if cache is not None:
            cache.append(x)
        return self.out(x)


class Cache(list):
    """No kind of list that a tree of tensors is looked up in."""


def test_a_model_called_with_names_alone_is_tried_too_unless_that_may_change_what_is_given():
    model = Named().eval()
    with (
        pytest.raises(ValueError, match=r"^ablated\(layer='aside'\) must change the output"),
        ablated(model, "aside", 0),
    ):
        model(x=torch.from_numpy(X))
    cache = Cache()
    with ablated(model, "aside", 0):
        model(x=torch.from_numpy(X), cache=cache)
    assert len(cache) == 1
