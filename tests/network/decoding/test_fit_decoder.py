import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.network import fit_decoder

X = np.random.default_rng(0).random((300, 6)).astype(np.float32)
OPTIONS = {"random_state": 0, "progress": False, "device": "cpu"}


def encoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Linear(6, 12), nn.BatchNorm1d(12), nn.Dropout(0.5), nn.Linear(12, 2)
        )


def test_learns_more_than_the_mean_and_leaves_the_network_alone():
    model = encoder().train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    generator = torch.random.get_rng_state()
    decoder = fit_decoder(model, X, layer="1", learning_rate=1e-2, **OPTIONS)
    assert decoder.validation_error < decoder.baseline_error / 4
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert model.training and all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.random.get_rng_state(), generator)
    decoded = decoder.decode(np.zeros((2, 12)))
    assert decoded.shape == (2, 6) and decoded.min() >= 0 and decoded.max() <= 1


def test_inputs_outside_0_to_1_are_decoded_in_their_units():
    inputs = np.column_stack([1000 * X[:, 0] - 300, X[:, 1]])
    decoder = fit_decoder(
        encoder(),
        X,
        layer="0",
        inputs=inputs,
        hidden=(),
        learning_rate=0.05,
        batch_size=16,
        **OPTIONS,
    )
    hidden = encoder()[0](torch.from_numpy(X)).detach().numpy()
    error = np.abs(decoder.decode(hidden) - inputs).mean(axis=0) / inputs.std(axis=0)
    assert (error < 0.1).all()
    assert decoder.baseline_error == pytest.approx(inputs.var(axis=0).mean(), rel=0.3)


def test_layers_and_inputs_with_several_axes():
    images = np.random.default_rng(0).random((40, 1, 8, 8))
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
    decoder = fit_decoder(model, images, layer="0", max_epochs=2, **OPTIONS)
    assert decoder.n_hidden == 72
    hidden = np.zeros((3, 2, 6, 6))
    assert decoder.decode(hidden).shape == (3, 1, 8, 8)
    np.testing.assert_array_equal(decoder.decode(hidden), decoder.decode(hidden.reshape(3, -1)))


def test_same_seed_same_decoder():
    one, two = (fit_decoder(encoder(), X, layer="1", max_epochs=2, **OPTIONS) for _ in range(2))
    assert one.validation_error == two.validation_error


@pytest.mark.parametrize(
    ("data", "layer", "options", "match"),
    [
        (X, "7", {}, "must be the name of a submodule"),
        (X[:2], "1", {}, "must leave two to train on"),
        (X, "1", {"inputs": X[:5]}, "must have one row per sample, 300"),
        (X, "1", {"inputs": np.full(300, np.nan)}, "must be finite"),
        (X, "1", {"max_epochs": 0}, "max_epochs=0"),
        (X, "1", {"hidden": [0]}, "hidden=0"),
    ],
)
def test_odd_arguments(data, layer, options, match):
    with pytest.raises(ValueError, match=match):
        fit_decoder(encoder(), data, layer=layer, **OPTIONS, **options)


def test_dicts_need_the_inputs_to_decode_to():
    with pytest.raises(TypeError, match="Pass the arrays to decode to as inputs="):
        fit_decoder(encoder(), {"input": X}, layer="1", **OPTIONS)
    decoder = fit_decoder(encoder(), {"input": X}, layer="1", inputs=X, max_epochs=1, **OPTIONS)
    assert decoder.n_hidden == 12
