import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.network import Decoder


@pytest.fixture
def decoder():
    network = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5)).train()
    return Decoder(network, layer="h1", n_hidden=4, validation_error=0.5)


HIDDEN = np.random.default_rng(0).normal(size=(5, 4))


def test_decodes_in_eval_mode_and_restores_the_network(decoder):
    linear = decoder.network[0]
    expected = HIDDEN @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
    decoded = decoder.decode(HIDDEN)
    np.testing.assert_allclose(decoded, expected, atol=1e-6)
    assert decoded.dtype == np.float32
    assert decoder.network.training and decoder.network[1].training


def test_tensors_with_gradients_and_other_precision(decoder):
    tensor = torch.tensor(HIDDEN, requires_grad=True)
    np.testing.assert_array_equal(decoder.decode(tensor), decoder.decode(HIDDEN))


@pytest.mark.parametrize(
    ("hidden", "match"),
    [
        (HIDDEN[:, :3], "must have as many columns as 'h1' has nodes, 4"),
        (HIDDEN[0], "Reshape your data to a table"),
        (np.full((1, 4), np.nan), "NaN"),
        (HIDDEN[:0], "minimum of 1"),
    ],
)
def test_odd_activations(decoder, hidden, match):
    with pytest.raises(ValueError, match=match):
        decoder.decode(hidden)
