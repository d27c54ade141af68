import numpy as np
import pytest
import torch
from network.worlds import Conv, Skip, assert_same, factors_of, normed, plain, seeded, state, worn
from torch import nn

from nbinterp.network import ablated, ablation_study, record

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(90, 6)).astype(np.float32)
LABELS = GENERATOR.integers(0, 3, 90)
SIZES = (1, 2, 4)


def world(kind):
    kinds = {"plain": ("0", 8), "normed": ("0", 8), "Skip": ("layer", 6), "Conv": ("conv", 4)}
    layer, n = kinds[kind.__name__]
    data = X if layer != "conv" else np.tile(X, 6).reshape(90, 1, 6, 6)
    names = [f"{layer}[{i}]" for i in range(n)] + ["logit 0"]
    clusters = [
        factors_of(names, GENERATOR.random((2, n + 1)), indices=rows, name=f"cluster {k}")
        for k, rows in enumerate(np.split(np.arange(90), 3))
    ]
    return seeded(kind).eval(), layer, data, clusters, n


@pytest.mark.parametrize("mode", ["zero", "mean", "weights"])
@pytest.mark.parametrize("kind", [plain, normed, Skip, Conv])
def test_replica_by_plain_loops(kind, mode):
    model, layer, data, clusters, n = world(kind)
    study = ablation_study(
        model, data, clusters, layer=layer, y=LABELS, sizes=SIZES, mode=mode, n_random=5,
        random_state=0,
    )  # fmt: skip
    assert study.change.shape == (6, 3, 7, 4) and study.random.shape == (5, 3, 7, 4)
    given = {"data": data} if mode == "mean" else {}
    for i, (name, factor) in enumerate(study.cases):
        cluster = next(c for c in clusters if c.name == name)
        order = np.argsort(-cluster.mutual_information_[factor, :n])
        for j, size in enumerate(SIZES):
            with ablated(model, layer, order[:size].tolist(), mode, **given):
                output = record(model, data, layer).output
            right = output.argmax(axis=1) == LABELS
            for g, group in enumerate(study.groups):
                kind_of, _, number = group.partition(" ")
                rows = {
                    "all": lambda: np.arange(90),
                    "cluster": lambda number=number: clusters[int(number)].indices,
                    "class": lambda number=number: np.flatnonzero(int(number) == LABELS),
                }[kind_of]()
                expected = np.r_[output[rows].mean(axis=0), right[rows].mean()]
                got = study.baseline[g] + study.change[i, j, g]
                np.testing.assert_allclose(got, expected, atol=1e-5)


def planted():
    """Nodes 0 to 3 carry class 1, nodes 4 to 7 class 0, the others noise that nothing reads."""
    model = nn.Sequential(nn.Sequential(nn.Linear(5, 40, bias=False), nn.ReLU()), nn.Linear(40, 2))
    share = torch.tensor([0.5, 0.8, 1.2, 1.5])  # no two nodes are equal
    with torch.no_grad():
        model[0][0].weight[:8] = 0
        model[0][0].weight[:4, 1] = share
        model[0][0].weight[4:8, 0] = share
        model[0][0].weight[8:] = 0.01 * torch.from_numpy(GENERATOR.normal(size=(32, 5)))
        model[1].weight.zero_()
        model[1].weight[1, :4] = 1 / share
        model[1].weight[0, 4:8] = 1 / share
        model[1].bias.copy_(torch.tensor([0.1, 0.0]))
    return model


def test_a_planted_group_costs_its_own_class_beyond_chance():
    labels = np.repeat([0, 1], 50)
    noise = GENERATOR.normal(size=(100, 3))
    data = np.concatenate([np.eye(2)[labels], noise], axis=1).astype(np.float32)
    information = np.where(np.arange(40) < 4, 1.0, 0.0)
    factors = factors_of([f"0[{i}]" for i in range(40)], information, indices=range(50, 100))
    study = ablation_study(
        planted(), data, factors, layer="0", y=labels, sizes=(4,), n_random=200, random_state=0
    )
    frame = study.to_frame().set_index("group")
    assert frame.loc["class 1", "change"] == -1 < frame.loc["class 1", "chance_lower"]
    assert frame.loc["class 1", "rank"] == pytest.approx(1 / 201)
    assert frame.loc["class 0", "change"] == 0 and frame.loc["class 0", "rank"] == 1
    # Both plain choices find the group here: only these nodes are on, and weigh on the class.
    assert frame.loc["class 1", "by_activation"] == frame.loc["class 1", "by_weight"] == -1
    logit = study.to_frame("logit 1").set_index("group")
    assert logit.loc["class 1", "change"] == pytest.approx(-4)


def test_the_model_is_restored_also_when_interrupted():
    model, layer, data, clusters, _ = world(plain)
    model = worn(model, torch.from_numpy(X))
    before = state(model)
    asked = {"layer": layer, "y": LABELS, "sizes": SIZES, "n_random": 2}
    ablation_study(model, data, clusters, **asked)
    assert_same(before, state(model))
    for stop_at in (1, 3, 5, 8):
        calls = []

        def interrupt(module, inputs, calls=calls, stop_at=stop_at):
            calls.append(1)
            if len(calls) > stop_at:
                raise KeyboardInterrupt

        handle = model[3].register_forward_pre_hook(interrupt)
        with pytest.raises(KeyboardInterrupt):
            ablation_study(model, data, clusters, **asked)
        handle.remove()
        assert_same(before, state(model))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"layer": "none"}, "must be the name of a submodule"),
        ({"layer": "3"}, "with nodes among the columns of the factors"),
        ({"sizes": [9]}, "at most the number of nodes, 8"),
        ({"y": LABELS + 1}, "from 0 to 2"),
        ({"y": LABELS[:5]}, "one label per sample, 90"),
        ({"mode": "off"}, "'zero', 'mean', 'weights'"),
        ({"n_random": -1}, "at least 0"),
        ({"outputs": []}, "at least 1 output"),
        ({"clusters": np.where(LABELS == 1, np.nan, LABELS)}, "some are NaN"),
        (
            {"random_state": "a"},
            r"random_state='a'\) must be a whole number, a RandomState or None",
        ),
    ],
)
def test_bad_arguments_are_refused_before_the_data_run(change, match):
    model, layer, data, clusters, _ = world(plain)
    rows = []
    model.register_forward_pre_hook(lambda _module, inputs: rows.append(len(inputs[0])))
    asked = {"layer": layer, "y": LABELS, "sizes": SIZES, **change}
    with pytest.raises(ValueError, match=match):
        ablation_study(model, data, clusters, **asked)
    assert max(rows, default=0) < len(data)


def test_the_model_comes_first_and_factors_third():
    model, layer, data, clusters, _ = world(plain)
    with pytest.raises(TypeError, match=r"^ablation_study\(model=.*must be a torch.nn.Module"):
        ablation_study(data, model, clusters, layer=layer, y=LABELS)
    with pytest.raises(TypeError, match=r"^ablation_study\(directions=.*must be ClusterFactors"):
        ablation_study(model, data, [data], layer=layer, y=LABELS)
