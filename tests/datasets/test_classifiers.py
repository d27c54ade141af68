import numpy as np
import pytest
import torch

from nbinterp.datasets import (
    MNISTClassifier,
    load_mnist,
    load_mnist_classifier,
    load_mnist_decoder,
)
from nbinterp.network import record


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


@pytest.fixture(scope="module")
def rec(digits):
    return record(load_mnist_classifier(), digits.data / 255, layers=["h1", "h2"])


def test_accuracy_on_the_test_images(rec, digits):
    assert np.mean(rec.output.argmax(axis=1) == digits.target) >= 0.98


@pytest.mark.parametrize(("layer", "limit"), [("h1", 0.0085), ("h2", 0.0145)])
def test_decoders_draw_the_test_images(rec, digits, layer, limit):
    decoder = load_mnist_decoder(layer)
    pixels = digits.data / 255
    drawn = decoder.decode(rec[layer])
    error = np.mean((drawn - pixels) ** 2)
    assert error < limit
    # Held-out training images and test images are drawn equally well.
    assert error == pytest.approx(decoder.validation_error, rel=0.1)
    assert error < np.mean((pixels - pixels.mean(axis=0)) ** 2) / 4
    assert drawn.min() >= 0 and drawn.max() <= 1


def test_the_classifier_reads_its_own_drawings(rec, digits):
    drawn = load_mnist_decoder("h2").decode(rec["h2"])
    again = record(load_mnist_classifier(), drawn, layers="h1").output
    assert np.mean(again.argmax(axis=1) == rec.output.argmax(axis=1)) > 0.95


def test_blocks_are_linear_norm_relu_dropout_and_h1_is_after_the_nonlinearity(digits):
    model = load_mnist_classifier()
    assert [name for name, _ in model.h1.named_children()] == ["linear", "norm", "relu", "dropout"]
    pixels = digits.data[:20] / 255
    rec = record(model, pixels, layers=["h1", "h1.norm"])
    np.testing.assert_array_equal(rec["h1"], np.maximum(rec["h1.norm"], 0))
    assert (model.output.in_features, model.output.out_features) == (200, 10)


def test_loaded_in_eval_mode_and_the_same_each_time():
    one, two = load_mnist_classifier(), load_mnist_classifier()
    assert not any(module.training for module in one.modules())
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name])
        assert value.dtype in (torch.float32, torch.int64)


def test_loading_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    load_mnist_classifier()
    load_mnist_decoder("h1")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_hidden_layers_are_named_in_order():
    model = MNISTClassifier(hidden=(30, 20, 10))
    assert [name for name, _ in model.named_children()] == ["h1", "h2", "h3", "output"]
    assert model(torch.zeros(2, 784)).shape == (2, 10)


def test_bytes_are_refused():
    with pytest.raises(TypeError, match=r"torch.uint8\) must be pixels as floats in \[0, 1\]"):
        load_mnist_classifier()(torch.zeros(2, 784, dtype=torch.uint8))


def test_unknown_layer_and_device():
    with pytest.raises(ValueError, match=r"layer='h3'\) must be one of 'h1', 'h2'"):
        load_mnist_decoder("h3")
    with pytest.raises(ValueError, match="'abacus'"):
        load_mnist_classifier("abacus")
