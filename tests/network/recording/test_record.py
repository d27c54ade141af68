import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network.worlds import hooks
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from nbinterp.network import record
from nbinterp.network.subject.model import device_and_dtype


def small(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3)
        )


X = np.random.default_rng(0).normal(size=(37, 6)).astype(np.float32)


def replica(model, x):
    """Layer by layer in NumPy, in double precision: activations after ReLU, and the output."""
    get = {key: value.double().numpy() for key, value in model.state_dict().items()}
    z = x.astype(float) @ get["0.weight"].T + get["0.bias"]
    z = (z - get["1.running_mean"]) / np.sqrt(get["1.running_var"] + 1e-5)
    h = np.maximum(z * get["1.weight"] + get["1.bias"], 0)
    return h, h @ get["4.weight"].T + get["4.bias"]


def state(model):
    return (
        [module.training for module in model.modules()],
        {key: value.clone() for key, value in model.state_dict().items()},
        [(p.requires_grad, None if p.grad is None else p.grad.clone()) for p in model.parameters()],
        hooks(model),
    )


def assert_same_state(before, after):
    torch.testing.assert_close(after, before, rtol=0, atol=0)


@pytest.fixture
def worn():
    """A model in training mode but for a frozen BatchNorm, with gradients and a user's hook."""
    model = small()
    model.train()
    model[1].eval()
    model[0].bias.requires_grad_(False)
    model[2].register_forward_hook(lambda module, inputs, output: None)
    model(torch.from_numpy(X)).sum().backward()
    return model


@pytest.mark.parametrize("batch_size", [1, 5, 37, 1000])
def test_matches_the_replica_whatever_the_batches(batch_size):
    model = small()
    rec = record(model, X, layers=["2", "3"], batch_size=batch_size)
    hidden, output = replica(model, X)
    np.testing.assert_allclose(rec["2"], hidden, atol=1e-6)
    np.testing.assert_allclose(rec["3"], hidden, atol=1e-6)  # no dropout in eval mode
    np.testing.assert_allclose(rec.output, output, atol=1e-6)
    assert rec["2"].dtype == rec.output.dtype == np.float32
    assert rec.layers == ("2", "3")


@pytest.mark.parametrize(
    "data",
    [
        X.astype(np.float64),
        X[::-1][::-1],
        np.asfortranarray(X),
        X.astype(">f4"),
        X.tolist(),
        pd.DataFrame(X),
        torch.from_numpy(X),
        torch.from_numpy(X).double().requires_grad_(),
        TensorDataset(torch.from_numpy(X)),
        TensorDataset(torch.from_numpy(X), torch.zeros(len(X))),
        DataLoader(TensorDataset(torch.from_numpy(X), torch.zeros(len(X))), batch_size=4),
        DataLoader(torch.from_numpy(X), batch_size=4),
    ],
    ids=lambda data: type(data).__name__,
)
def test_any_data_give_the_same(data):
    expected = record(small(), X, layers="2")
    rec = record(small(), data, layers="2", batch_size=8)
    np.testing.assert_allclose(rec["2"], expected["2"], atol=1e-6)
    np.testing.assert_allclose(rec.output, expected.output, atol=1e-6)


def test_a_stream_of_unknown_length():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(torch.from_numpy(X))

    rec = record(small(), Stream(), layers="2", batch_size=8)
    np.testing.assert_array_equal(rec["2"], record(small(), X, layers="2", batch_size=8)["2"])


@given(st.integers(1, 40), st.integers(1, 50))
@settings(max_examples=15)
def test_rows_keep_their_order(n, batch_size):
    rows = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    rec = record(nn.Sequential(nn.Identity()), rows, layers="0", batch_size=batch_size)
    np.testing.assert_array_equal(rec["0"], rows)


def test_the_model_is_restored(worn):
    before = state(worn)
    record(worn, X, layers=["0", "2"])
    assert_same_state(before, state(worn))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_model_is_restored_when_it_fails(worn, error):
    def explode(module, inputs):
        raise error

    worn[4].register_forward_pre_hook(explode)
    before = state(worn)
    with pytest.raises(error):
        record(worn, X, layers=["0", "2"])
    assert_same_state(before, state(worn))


def test_interrupted_between_batches(worn):
    class Interrupted(IterableDataset):
        def __iter__(self):
            yield from torch.from_numpy(X[:10])
            raise KeyboardInterrupt

    before = state(worn)
    with pytest.raises(KeyboardInterrupt):
        record(worn, Interrupted(), layers="2", batch_size=4)
    assert_same_state(before, state(worn))


def test_a_layer_that_computes_gradients_by_itself():
    class Graded(nn.Linear):
        @torch.enable_grad()
        def forward(self, x):
            return super().forward(x)

    model = nn.Sequential(Graded(6, 3))
    rec = record(model, X, layers="0")
    np.testing.assert_array_equal(rec["0"], model(torch.from_numpy(X)).detach())


def test_convolutions_keep_their_shape_and_name_their_nodes():
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 4, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(4 * 36, 2))
    images = np.random.default_rng(0).random((9, 1, 8, 8))
    rec = record(model, images, layers=["conv1"], output_names=["cat", "dog"])
    assert rec["conv1"].shape == (9, 4, 6, 6)
    table = rec.concat("conv1", output=True)
    assert table.shape == (9, 4 * 36 + 2)
    np.testing.assert_array_equal(table["conv1[3,0,5]"], rec["conv1"][:, 3, 0, 5])
    np.testing.assert_array_equal(table["dog"], rec.output[:, 1])


def test_concat_names_and_order():
    rec = record(small(), X, layers=["0", "2"])
    table = rec.concat("2", "0", output=True)
    assert list(table.columns[:6]) == ["2[0]", "2[1]", "2[2]", "2[3]", "2[4]", "0[0]"]
    assert list(table.columns[-3:]) == ["logit 0", "logit 1", "logit 2"]
    np.testing.assert_array_equal(table.to_numpy(), np.hstack([rec["2"], rec["0"], rec.output]))
    with pytest.raises(ValueError, match=r"must be given at least one layer"):
        rec.concat()


def test_an_lstm_gives_its_first_output():
    model = nn.LSTM(6, 4, batch_first=True)
    wrapped = nn.Sequential()
    wrapped.add_module("lstm", model)
    sequences = torch.randn(7, 3, 6, generator=torch.Generator().manual_seed(0))
    with pytest.warns(UserWarning, match="a tuple: the first is taken as its output"):
        rec = record(wrapped, sequences, layers="lstm")
    np.testing.assert_allclose(rec["lstm"], model(sequences)[0].detach(), atol=1e-6)
    assert rec.output_names[0] == "output[0,0]"


def test_whole_numbers_reach_an_embedding_unchanged():
    rec = record(nn.Sequential(nn.Embedding(10, 3)), np.arange(10)[:, None], layers="0")
    assert rec["0"].shape == (10, 1, 3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_models_of_other_precision(dtype):
    model = small().to(dtype)
    rec = record(model, X, layers="2")
    assert rec["2"].dtype == np.float32
    np.testing.assert_allclose(rec["2"], replica(small(), X)[0], atol=0.05)
    assert device_and_dtype(model)[1] == dtype


def test_another_device_runs_a_copy():
    model = small()
    rec = record(model, X, layers="2", device="cpu")
    np.testing.assert_array_equal(rec["2"], record(model, X, layers="2")["2"])
    with pytest.raises(ValueError, match="'abacus'"):
        record(model, X, layers="2", device="abacus")


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.twice = nn.ReLU()
        self.never = nn.Linear(6, 6)
        self.text = Says()
        self.turned = Transpose()
        self.output = nn.Linear(6, 2)

    def forward(self, x):
        self.text(x)
        self.turned(x)
        return self.output(self.twice(x) + self.twice(-x))


class Says(nn.Module):
    def forward(self, x):
        return "hello"


class Transpose(nn.Module):
    def forward(self, x):
        return x.T


@pytest.mark.parametrize(
    ("layers", "error", "match"),
    [
        ("never", ValueError, "'never'.*but it never ran"),
        ("twice#3", ValueError, "must be a call that happens, but 'twice' runs 2 times"),
        ("output#2", ValueError, "'output' runs 1 times. Use 'output'"),
        ("text", TypeError, "'text' must return a tensor, not str"),
        (
            "turned",
            ValueError,
            "'turned'.*one row per sample on its first axis",
        ),
        ("outptu", ValueError, r"must be the name of a submodule. Did you mean 'output'"),
        (["output", 3], ValueError, r"layers=3\) must be the name"),
        ([], ValueError, "must name at least one layer"),
    ],
)
def test_odd_layers(layers, error, match):
    model = Odd().train()
    before = state(model)
    with pytest.raises(error, match=match):
        record(model, X, layers=layers)
    assert_same_state(before, state(model))


def holed(value):
    broken = X.copy()
    broken[30, 2] = value
    return broken


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (holed(np.nan), ValueError, "must be finite, but sample 30 has"),
        (torch.from_numpy(holed(np.inf)), ValueError, "must be finite, but sample 30 has"),
        (TensorDataset(torch.from_numpy(holed(np.nan))), ValueError, "sample 30 has"),
        (X[:0], ValueError, "must hold at least one sample"),
        ([], ValueError, "must hold at least one sample"),
        (torch.zeros(0, 6), ValueError, "must hold at least one sample"),
        (np.array(3.0), ValueError, "must have one row per sample"),
        (np.array([["a"] * 6]), TypeError, "must be numbers"),
        (pd.DataFrame({"a": ["x", "y"]}), TypeError, "must be numbers"),
        (
            "digits",
            TypeError,
            "a dict of these, a torch Dataset or a DataLoader",
        ),
        (None, TypeError, "must be an array"),
        (
            DataLoader(TensorDataset(torch.from_numpy(X)), shuffle=True),
            ValueError,
            "must keep the order of the samples",
        ),
        (DataLoader([{"x": "a"}]), TypeError, "must yield tensors, .* not list"),
        ({"x": X, "y": X[:3]}, ValueError, "as many samples under each key"),
    ],
)
def test_odd_data(data, error, match):
    with pytest.raises(error, match=match):
        record(small(), data, layers="2", batch_size=8)


def test_finite_data_whose_sum_overflows():
    large = np.full((4, 6), 3e38, dtype=np.float32)
    rec = record(nn.Sequential(nn.Identity()), large, layers="0")
    np.testing.assert_array_equal(rec.output, large)


def test_odd_arguments():
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module"):
        record(lambda x: x, X, layers="2")
    with pytest.raises(ValueError, match=r"batch_size=0\) must be at least 1"):
        record(small(), X, layers="2", batch_size=0)
    with pytest.raises(ValueError, match=r"must be 3 names, one per column"):
        record(small(), X, layers="2", output_names=["a", "b"])
    with pytest.raises(ValueError, match="shapes cannot be multiplied"):
        record(small(), X[:, :4], layers="2")


def test_a_layer_that_was_not_recorded():
    rec = record(small(), X, layers="2")
    with pytest.raises(KeyError, match=r"must be a layer that was recorded\. Did you mean '2'"):
        rec["0"]
    assert repr(rec) == "Recording(37 samples: 2 (5,), output (3,))"


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(-self.act(x - 1) + 2)


def test_calls_of_a_shared_module_have_numbers():
    rec = record(Twice(), X, layers="act", batch_size=8)
    assert rec.layers == ("act#1", "act#2")
    np.testing.assert_array_equal(rec["act#1"], np.maximum(X - 1, 0))
    np.testing.assert_array_equal(rec["act#2"], rec.output)
    second = record(Twice(), X, layers=["act#2"])
    assert second.layers == ("act#2",)
    np.testing.assert_array_equal(second["act#2"], rec.output)
    assert rec.concat("act#1").columns[3] == "act#1[3]"


def test_broken_activations_name_layer_and_sample():
    rows = np.ones((9, 2), np.float32)
    rows[7] = -1
    model = nn.Sequential(nn.Identity(), Root())
    with pytest.raises(ValueError, match=r"layer '1' must be numbers, but has NaN for sample 7"):
        record(model, rows, layers="1", batch_size=4)
    with pytest.raises(
        ValueError, match=r"the model's output must be numbers, but has NaN for sample 7"
    ):
        record(model, rows, layers="0", batch_size=4)


class Root(nn.Module):
    def forward(self, x):
        return x.sqrt()


def test_samples_of_changing_shape_are_refused():
    loader = DataLoader([torch.zeros(3), torch.zeros(4)], batch_size=1)
    with pytest.raises(ValueError, match=r"must return one shape for all samples, \(3,\)"):
        record(nn.Sequential(nn.Identity()), loader, layers="0")


class Items(nn.Module):
    """A network that returns a dict of some items of the same kind."""

    def __init__(self, *names):
        super().__init__()
        self.names, self.layer = names, nn.Linear(4, 3)

    def forward(self, x):
        found = self.layer(x)
        return {name: found + place for place, name in enumerate(self.names)}


@pytest.mark.parametrize(
    ("names", "place", "called"),
    [(("scores",), 0, "scores"), (("hidden", "logits"), 1, "logit")],
)
def test_the_names_of_outputs_say_which_item_of_a_dict_they_are(names, place, called):
    model, x = Items(*names), torch.zeros(5, 4)
    rec = record(model, x, "layer")
    assert rec.output_names == tuple(f"{called} {k}" for k in range(3))
    np.testing.assert_allclose(rec.output, rec["layer"] + place, atol=1e-6)
