import threading

import numpy as np
import pytest
import torch
from network.worlds import Conv, Skip, assert_same, factors_of, plain, seeded, state, worn
from torch import nn

from nbinterp.network import perturb, record

X = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
NAMES = [f"0[{i}]" for i in range(5)]
MI = np.array([[0.5, 0.0, 1.0, 0.2, 0.0, 9.0], [0.1, 0.3, 0.0, 0.0, 0.7, 9.0]])
RHO = np.sign(np.random.default_rng(1).normal(size=MI.shape))


def linear():
    return seeded(lambda: nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 3)))


def shift(name="signed"):
    return (MI * RHO if name == "signed" else MI)[:, :5]


@pytest.mark.parametrize("direction", ["signed", "unsigned"])
def test_closed_form_of_a_linear_network(direction):
    model = linear()
    factors = factors_of([*NAMES, "logit 0"], MI, RHO)
    amounts = np.array([[1.0, -2.0], [0.5, 0.0]])
    hidden = record(model, X, "0")["0"]
    decoder = np.random.default_rng(2).normal(size=(5, 7))
    result = perturb(
        model, X, factors, layer="0", factor=[0, 1], amounts=amounts, direction=direction,
        decode=lambda h: h @ decoder,
    )  # fmt: skip
    expected = hidden[:20].mean(axis=0) + amounts @ shift(direction)
    weight, bias = (p.detach().numpy() for p in model[1].parameters())
    np.testing.assert_allclose(result.hidden, expected, atol=1e-5)
    np.testing.assert_allclose(result.outputs, expected @ weight.T + bias, atol=1e-5)
    np.testing.assert_allclose(result.decoded, expected @ decoder, atol=1e-4)
    np.testing.assert_allclose(result.difference, amounts @ shift(direction) @ decoder, atol=1e-4)
    assert (result.base, result.base_name) == ("mean", "mean of cluster 0")
    assert result.n_base_samples == 30


def test_at_and_from_base_are_as_if_asked_at_once():
    model, factors = linear(), factors_of([*NAMES, "logit 0"], MI, RHO)
    result = perturb(model, X, factors, layer="0", factor=[1, 0], decode=lambda h: h[:, :2])
    later = result.at([0.3, -1]).from_base(7)
    at_once = perturb(
        model, X, factors, layer="0", factor=[1, 0], amounts=[0.3, -1], base=7,
        decode=lambda h: h[:, :2],
    )  # fmt: skip
    for name in ("amounts", "hidden", "outputs", "decoded", "baseline_outputs"):
        np.testing.assert_allclose(getattr(later, name), getattr(at_once, name), atol=1e-6)
    assert later.base == at_once.base == 7 and later.base_name == at_once.base_name == "sample 7"
    np.testing.assert_allclose(later.baseline_outputs, record(model, X, "0").output[7], atol=1e-6)
    assert result.amounts.shape == (5, 2) and not result.amounts[0].any()


@pytest.mark.parametrize("model", [plain, Skip, Conv])
def test_amounts_of_zero_give_the_sample_itself(model):
    model = seeded(model).eval()
    layer = {"Sequential": "0", "Skip": "layer", "Conv": "conv"}[type(model).__name__]
    data = X if layer != "conv" else X.reshape(5, 1, 6, 6)
    factors = factors_of([f"{layer}[0]"], [[1.0]], indices=[1, 2])
    result = perturb(model, data, factors, layer=layer, base=3)
    np.testing.assert_allclose(result.outputs[0], record(model, data, layer).output[3], atol=1e-5)
    assert abs(result.outputs[1] - result.outputs[0]).max() > 1e-4


def test_a_channel_moves_everywhere_and_decoded_images_have_colours_last():
    data = X.reshape(5, 1, 6, 6)
    result = perturb(
        seeded(Conv), data, factors_of(["conv[2]"], [[1.0]], indices=[0, 1]), layer="conv",
        amounts=[2.0], decode=lambda h: h[:, :3],
    )  # fmt: skip
    moved = (result.hidden[0] - result.baseline_hidden).reshape(4, 4, 4)
    np.testing.assert_allclose(moved, np.multiply.outer([0, 0, 2, 0], np.ones((4, 4))), atol=1e-6)
    assert result.image_shape == (4, 4, 3)
    np.testing.assert_allclose(result.difference.reshape(4, 4, 3)[..., 2], 2, atol=1e-6)


def test_the_model_is_restored_also_when_interrupted():
    x = torch.from_numpy(X)
    model = worn(seeded(plain), x)
    factors = factors_of(["0[1]"], [[1.0]])
    before = state(model)
    result = perturb(model, X, factors, layer="0")
    result.at([1.0])
    assert_same(before, state(model))

    def interrupt(module, inputs):
        raise KeyboardInterrupt

    handle = model[3].register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        result.at([1.0])
    handle.remove()
    assert_same(before, state(model))


def test_another_thread_sees_no_edit():
    model = linear().eval()
    result = perturb(model, X, factors_of(NAMES, MI[:, :5]), layer="0")
    x = torch.from_numpy(X)
    expected, seen = model(x), []

    def meanwhile(module, inputs):
        if threading.current_thread() is threading.main_thread():
            thread = threading.Thread(target=lambda: seen.append(model(x)))
            thread.start()
            thread.join()

    handle = model[1].register_forward_pre_hook(meanwhile)
    result.at([1.0, 1.0])
    handle.remove()
    torch.testing.assert_close(seen[0], expected)


def test_half_precision_and_tokens():
    model = linear().half()
    result = perturb(model, X, factors_of(NAMES, MI[:, :5]), layer="0")
    assert np.isfinite(result.outputs).all()
    table = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 2))
    words = np.arange(30).reshape(10, 3) % 9
    result = perturb(
        table, words, factors_of(["0[1,2]", "0[3]"], [[1, 0.5]], indices=[0, 4]), layer="0"
    )
    assert result.hidden.shape == (3, 12)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"layer": "hidden"}, "must be the name of a submodule"),
        ({"layer": "1"}, r"with nodes among the columns of the factors, such as '1\[0\]'"),
        ({"factor": 2}, "at most the last factor, 1"),
        ({"factor": []}, "distinct factors"),
        ({"amounts": [1, 2, 3]}, "one per factor, 2"),
        ({"amounts": [1, np.nan]}, "must be finite"),
        ({"base": 30}, "at most 29"),
        ({"base": "median"}, "'mean', a row number or rows"),
        ({"decode": lambda h: h[:1]}, "one row per row of activations"),
        ({"direction": "up"}, "'signed', 'unsigned'"),
        ({"decode": 3}, "a Decoder or a callable"),
        ({"image_shape": (2, 2), "decode": lambda h: h}, "of 5 decoded variables"),
    ],
)
def test_bad_arguments(change, match):
    asked = {"layer": "0", **change}
    with pytest.raises((ValueError, TypeError), match=match):
        perturb(linear(), X, factors_of(NAMES, MI[:, :5]), **asked)


@pytest.mark.parametrize("directions", [[factors_of(NAMES, MI[:, :5])], X, None])
def test_other_things_than_factors_are_refused(directions):
    with pytest.raises(TypeError, match=r"^perturb\(directions=.*must be ClusterFactors"):
        perturb(linear(), X, directions, layer="0")


def test_errors_name_the_method():
    moved = perturb(linear(), X, factors_of(NAMES, MI[:, :5]), layer="0")
    with pytest.raises(ValueError, match=r"^Perturbation\.from_base\(base=30\)"):
        moved.from_base(30)


def test_a_decoder_of_another_layer_is_refused():
    from nbinterp.datasets import load_mnist_decoder

    with pytest.raises(ValueError, match="must be a decoder of '0', which has 5 nodes"):
        perturb(
            linear(), X, factors_of(NAMES, MI[:, :5]), layer="0", decode=load_mnist_decoder("h1")
        )


def test_activations_that_are_not_numbers():
    model = linear()
    with torch.no_grad():
        model[0].bias[0] = np.nan
    with pytest.raises(ValueError, match=r"^perturb\(\): layer '0' must be numbers, but has NaN"):
        perturb(model, X, factors_of(NAMES, MI[:, :5]), layer="0")
    broken = np.where(np.arange(len(X))[:, None] == 17, np.inf, X)
    rows = factors_of(NAMES, MI[:, :5], indices=range(12, 20))
    with pytest.raises(ValueError, match=r"^perturb\(data\) must be finite, but sample 17 has"):
        perturb(linear(), broken, rows, layer="0")
