import numpy as np
import pytest
import torch
from network.worlds import Conv, Skip, assert_same, plain, seeded, state, worn
from scipy.special import log_softmax
from torch import nn

from nbinterp.distance import Abs, sensitivity_study
from nbinterp.network import record

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 6)).astype(np.float32)
IMAGES = GENERATOR.normal(size=(60, 1, 6, 6)).astype(np.float32)
Y = GENERATOR.integers(0, 3, 60)
WORLDS = [(plain, "0.0", X), (Skip, "layer.0", X), (Conv, "conv.0", IMAGES)]


def edited(model, layer, data, change):
    """Outputs with the output of a layer changed by a hook of its own."""
    module = model.get_submodule(layer)
    handle = module.register_forward_hook(lambda module, inputs, output: change(output.clone()))
    try:
        return record(model, data, layer).output
    finally:
        handle.remove()


def measured(before, after):
    known, found = (log_softmax(part.astype(np.float64), axis=1) for part in (before, after))
    same = (before.argmax(axis=1) == after.argmax(axis=1)).mean()
    hits = (after.argmax(axis=1) == Y).mean()
    return [hits, same, (np.exp(known) * (known - found)).sum(axis=1).mean()]


@pytest.mark.parametrize(("make", "layer", "data"), WORLDS)
def test_replica_by_hooks(make, layer, data):
    model = seeded(make).eval()
    study = sensitivity_study(
        model, data, layer=layer, y=Y, nodes=[3, 1], shifts=[-1, 2], scales=[0.2, 3],
        n_random=2, random_state=0,
    )  # fmt: skip
    rec = record(model, data, layer)
    values, before = rec[layer].astype(np.float64), rec.output
    others = tuple(i for i in range(values.ndim) if i != 1)
    sd = values.std(axis=others)
    np.testing.assert_allclose(study.node_sd, sd, rtol=1e-5)
    places = (1, -1, *[1] * (values.ndim - 2))

    def shifted(by):
        step = torch.as_tensor(by.reshape(places), dtype=torch.float32)
        return measured(before, edited(model, layer, data, lambda z: z + step))

    def scaled(by):
        factor = torch.as_tensor(by.reshape(places), dtype=torch.float32)
        return measured(before, edited(model, layer, data, lambda z: z * factor))

    same = {"rtol": 1e-4, "atol": 1e-5}
    for i, t in enumerate(study.shifts):
        np.testing.assert_allclose(study.layer_shift[i], shifted(t * sd), **same)
        for j, node in enumerate(study.nodes):
            only = np.arange(len(sd)) == node
            np.testing.assert_allclose(study.node_shift[j, i], shifted(t * sd * only), **same)
    for i, s in enumerate(study.scales):
        np.testing.assert_allclose(study.layer_scale[i], scaled(np.full(len(sd), s)), **same)
        for j, node in enumerate(study.nodes):
            factor = np.where(np.arange(len(sd)) == node, s, 1.0)
            np.testing.assert_allclose(study.node_scale[j, i], scaled(factor), **same)
    # The controls draw normals, node by node.
    u = np.random.RandomState(0).normal(size=(2, len(sd)))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    for k in range(2):
        for i, t in enumerate(study.shifts):
            np.testing.assert_allclose(
                study.random_node_shift[k, i], shifted(t * u[k] * sd), **same
            )
            far = t * np.sqrt(len(sd)) * u[k] * sd
            np.testing.assert_allclose(study.random_layer_shift[k, i], shifted(far), **same)
    np.testing.assert_allclose(study.baseline, measured(before, before), atol=1e-6)


@pytest.mark.parametrize("activation", [nn.ReLU, Abs])
def test_without_the_output_bias_a_scale_changes_no_answer(activation):
    model = seeded(lambda: nn.Sequential(nn.Linear(6, 20), activation(), nn.Linear(20, 3))).double()
    with torch.no_grad():
        model[2].bias.copy_(torch.tensor([0.3, 0.0, -0.3]))
    study = sensitivity_study(
        model, X.astype(np.float64), layer="0", y=Y, nodes=[], scales=[0.01, 0.1, 10],
        n_random=3, random_state=0,
    )  # fmt: skip
    assert study.scale_is_vacuous
    np.testing.assert_allclose(study.layer_scale_folded[:, :2], np.tile(study.baseline[:2], (3, 1)))
    np.testing.assert_allclose(study.layer_scale_folded[:, 2], 0, atol=1e-12)
    # As it is, the bias alone decides in the end.
    assert study.layer_scale[0, 0] == (Y == 0).mean() and study.layer_scale[0, 1] < 1
    assert "only moves logits against the output bias" in repr(study)
    with torch.no_grad():
        model[2].bias.zero_()
    free = sensitivity_study(
        model, X.astype(np.float64), layer="0", nodes=[], scales=[0.01, 0.1, 10], n_random=0
    )
    assert (free.layer_scale[:, 0] == 1).all() and free.measures == ("agreement", "kl")


def test_biases_of_layers_between_are_no_matter_of_the_output_bias():
    model = seeded(plain).eval()
    deep = sensitivity_study(model, X, layer="0.0", nodes=[], n_random=0)
    assert deep.scale_is_vacuous is False
    last = sensitivity_study(model, X, layer="1", nodes=[], n_random=0)
    assert last.scale_is_vacuous is True
    output = sensitivity_study(model, X, layer="3", nodes=[], n_random=0)
    assert output.scale_is_vacuous is None and output.layer_scale_folded is None


def test_a_planted_node_costs_more_than_random_directions():
    """Node 0 decides; the others, of large variance, do nothing."""
    model = nn.Sequential(nn.Linear(6, 30), nn.ReLU(), nn.Linear(30, 2))
    with torch.no_grad():
        model[0].weight.copy_(torch.as_tensor(GENERATOR.normal(size=(30, 6)) * 5))
        model[2].weight.zero_()
        model[2].weight[1, 0] = 1.0
        model[2].bias.copy_(torch.tensor([1.0, 0.0]))
    answers = (model(torch.from_numpy(X)).argmax(dim=1)).numpy()
    study = sensitivity_study(
        model, X, layer="0", y=answers, n_random=99, random_state=0, shifts=[-3, 3]
    )
    frame = study.to_frame().set_index(["part", "edit", "amount"])
    mine = frame.loc[("0[0]", "shift", -3.0)]
    assert mine["value"] < mine["chance_lower"] and mine["rank"] == pytest.approx(0.01)
    assert frame.loc[("0[5]", "shift", -3.0), "value"] == 1 == mine["baseline"]
    assert frame.loc[("0[5]", "shift", -3.0), "rank"] == 1


def test_dead_nodes_batches_and_seeds():
    model = seeded(plain).eval()
    with torch.no_grad():
        model[0][0].weight[2] = 0
    asked = {"layer": "0.0", "y": Y, "nodes": [2, 3], "n_random": 4}
    study = sensitivity_study(model, X, random_state=1, **asked)
    assert study.node_sd[2] == 0
    np.testing.assert_allclose(study.node_shift[0], np.tile(study.baseline, (8, 1)), atol=1e-6)
    loader = torch.utils.data.DataLoader(list(X), batch_size=7)
    again = sensitivity_study(model, loader, random_state=1, **asked)
    for name in ("layer_shift", "node_scale", "random_layer_scale", "layer_scale_folded"):
        np.testing.assert_allclose(getattr(again, name), getattr(study, name), atol=1e-6)
    other = sensitivity_study(model, X, random_state=2, **asked)
    assert not np.allclose(other.random_layer_shift, study.random_layer_shift)
    np.testing.assert_array_equal(other.layer_shift, study.layer_shift)


def test_the_model_is_restored_also_after_an_interrupt():
    model = worn(seeded(plain), torch.from_numpy(X))
    before = state(model)
    asked = {"layer": "0.0", "y": Y, "nodes": [0], "n_random": 1}
    sensitivity_study(model, X, **asked)
    assert_same(before, state(model))
    for stop_at in (1, 2, 3, 4):
        calls = []

        def interrupt(module, inputs, calls=calls, stop_at=stop_at):
            calls.append(1)
            if len(calls) > stop_at:
                raise KeyboardInterrupt

        handle = model[3].register_forward_pre_hook(interrupt)
        with pytest.raises(KeyboardInterrupt):
            sensitivity_study(model, X, **asked)
        handle.remove()
        assert_same(before, state(model))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"layer": "none"}, "must be the name of a submodule"),
        ({"y": Y + 1}, "from 0 to 2"),
        ({"y": Y[:5]}, "one label per sample, 60"),
        ({"y": Y.astype(float)}, "must be the class of each sample"),
        ({"y": np.eye(3)[Y]}, r"not a column per class.*y.argmax\(1\)"),
        ({"nodes": [8]}, "at most the last node of '0.0', 7"),
        ({"shifts": []}, "must hold at least one number"),
        ({"shifts": [np.nan]}, "must be finite"),
        ({"scales": [0.0]}, "must be above 0"),
        ({"n_random": -1}, "at least 0"),
    ],
)
def test_bad_arguments(change, match):
    with pytest.raises(ValueError, match=match):
        sensitivity_study(seeded(plain), X, **{"layer": "0.0", "y": Y, **change})


def test_bad_networks_and_data():
    dead = seeded(plain)
    with torch.no_grad():
        dead[0][0].weight.zero_()
    with pytest.raises(ValueError, match="must have a node that varies"):
        sensitivity_study(dead, X, layer="0.0")
    with pytest.raises(ValueError, match="at least two outputs a sample"):
        sensitivity_study(nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 1)), X, layer="0")
    with pytest.raises(ValueError, match="at least one sample"):
        sensitivity_study(seeded(plain), X[:0], layer="0.0")
    with pytest.raises(ValueError, match="must have a node that varies"):
        sensitivity_study(seeded(plain), X[:1], layer="0.0")
    with pytest.raises(ValueError, match="must be finite, but sample 0"):
        sensitivity_study(seeded(plain), X * np.nan, layer="0.0")


def test_a_mask_selects_nodes():
    mask = np.arange(8) % 3 == 2
    for nodes in (mask, mask.tolist(), torch.tensor(mask)):
        study = sensitivity_study(seeded(plain), X, layer="0.0", nodes=nodes, n_random=0)
        assert study.nodes == (2, 5)
    for wrong, kind in ((mask[:5], ValueError), ([1.9], TypeError), ([True, 3], TypeError)):
        with pytest.raises(kind, match=r"sensitivity_study\(nodes="):
            sensitivity_study(seeded(plain), X, layer="0.0", nodes=wrong)


def test_classes_in_other_forms():
    expected = sensitivity_study(seeded(plain), X, layer="0.0", y=Y, nodes=[0], n_random=0)
    for form in (Y[:, None], Y.astype(str)):
        found = sensitivity_study(seeded(plain), X, layer="0.0", y=form, nodes=[0], n_random=0)
        np.testing.assert_array_equal(found.layer_shift, expected.layer_shift)


def test_pixels_are_no_classes_unless_y_says_so():
    model = seeded(lambda: nn.Sequential(nn.Linear(16, 5), nn.Tanh(), nn.Linear(5, 16)))
    data = np.random.default_rng(1).normal(size=(60, 16)).astype(np.float32)
    asked = {"layer": "0", "nodes": [0], "n_random": 0, "progress": False}
    with pytest.raises(ValueError, match=r"^sensitivity_study\(model\) must be a classifier, but"):
        sensitivity_study(model, data, **asked)
    with torch.no_grad():
        answers = model(torch.from_numpy(data)).argmax(dim=1).numpy()
    assert sensitivity_study(model, data, y=answers, **asked).baseline[0] == 1
    wrong = (np.arange(60) % 2 + (answers == np.arange(60) % 2)) % 2  # never the largest output
    with pytest.raises(ValueError, match="must be a classifier, but the largest of 16 outputs"):
        sensitivity_study(model, data, y=wrong, **asked)
