import warnings

import numpy as np
import pytest
import torch
from network.worlds import assert_same, factors_of, plain, seeded, state, worn
from torch import nn

from nbinterp import AndOr, LinearDistance, SmoothHess, Subject, dropout_study, fit_decoder
from nbinterp.distance import sensitivity_study
from nbinterp.interactions import hessian
from nbinterp.network import ablated, ablation_study, perturb, record

X = torch.from_numpy(np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32))
FACTORS = factors_of([f"0[{node}]" for node in range(8)], np.arange(1.0, 9.0))
QUICK = {"progress": False}


def smooth(model, x):
    return SmoothHess(n_samples=400, random_state=0, progress=False).explain(model, x, target=0)


def smoothly():
    model = seeded(plain)
    model[2] = nn.Tanh()
    return model


Y = smoothly().eval()(X).argmax(dim=1).numpy()
# From a model and data to numbers.
FUNCTIONS = {
    "record": lambda m, x: record(m, x, "0", **QUICK)["0"],
    "perturb": lambda m, x: perturb(m, x, FACTORS, layer="0", **QUICK).outputs,
    "ablation_study": lambda m, x: ablation_study(
        m, x, FACTORS, layer="0", y=Y, sizes=[2], n_random=2, random_state=0, **QUICK
    ).change,
    "sensitivity_study": lambda m, x: sensitivity_study(
        m, x, layer="0", nodes=[0], n_random=2, random_state=0, **QUICK
    ).node_shift,
    "fit_decoder": lambda m, x: fit_decoder(
        m, x, layer="0", max_epochs=1, random_state=0, **QUICK
    ).decode(np.ones((2, 8))),
    "dropout_study": lambda _, x: dropout_study(
        x[:40], Y[:40], x[40:], Y[40:], hidden=[(6,)], n_pairs=1, epochs=1, batch_size=8,
        random_state=0, **QUICK,
    ).summary()["plain"].to_numpy(),
    "LinearDistance": lambda m, x: LinearDistance(
        n_random=5, random_state=0, **QUICK
    ).explain(m, x, "1").nodes["plane_offset"].to_numpy(),
    "AndOr": lambda m, x: AndOr(**QUICK).explain(m, x[:1]).outputs,
    "SmoothHess": lambda m, x: smooth(m, x[:1]).hessian,
    "hessian": lambda m, x: hessian(m, x[:1], target=0),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "around", ["inference mode", "autocast", "float64 default", "meta default"]
)
def test_settings_of_the_caller_change_nothing(name, around):
    model = smoothly()
    expected = FUNCTIONS[name](model, X)
    if around == "inference mode":
        with torch.inference_mode():
            found = FUNCTIONS[name](model, X.clone())
    elif around == "autocast":
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = FUNCTIONS[name](model, X)
    elif around == "meta default":
        with torch.device("meta"):
            found = FUNCTIONS[name](model, X)
    else:
        torch.set_default_dtype(torch.float64)
        try:
            found = FUNCTIONS[name](model, X)
        finally:
            torch.set_default_dtype(torch.float32)
        if name in ("fit_decoder", "dropout_study"):  # initial weights are drawn in another type
            assert found.shape == expected.shape
            return
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "dropout_study"])
def test_a_subject_is_taken_where_a_model_is(name):
    model = worn(smoothly(), X)
    before = state(model)
    expected = FUNCTIONS[name](model, X)
    np.testing.assert_array_equal(FUNCTIONS[name](Subject(model), X), expected)
    assert_same(before, state(model))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "dropout_study"])
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_models_in_half_precision(name, kind):
    expected = FUNCTIONS[name](smoothly(), X)
    found = FUNCTIONS[name](smoothly().to(kind), X.to(kind))
    assert found.dtype in (np.float32, np.float64)
    if name in ("fit_decoder", "ablation_study", "sensitivity_study"):
        assert found.shape == expected.shape  # training and argmax amplify rounding
    else:
        np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.05 * np.abs(expected).max())


def test_noise_and_gradients_in_half_precision_are_not_rounded():
    """Rounded directions would be wrong by 1 %; rounded samples only add noise."""

    class Quadratic(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([[1.0, -2.0], [-2.0, 0.5]]))

        def forward(self, x):
            return (x.float() @ self.weight.float() * x.float()).sum(1)

    smoothing = SmoothHess(sigma=1.0, n_samples=20_000, random_state=0, progress=False)
    x = torch.zeros(1, 2)
    found = smoothing.explain(Quadratic().to(torch.bfloat16), x).hessian
    np.testing.assert_allclose(found, smoothing.explain(Quadratic(), x).hessian, atol=0.005)


@pytest.mark.parametrize("how", ["wrapped", "in place"])
def test_a_model_that_was_compiled_before_shows_its_layers(how):
    model, x = seeded(plain).eval(), X
    expected, layer = record(model, x, "0", **QUICK)["0"], "0"
    if how == "wrapped":
        model, layer = torch.compile(model, backend="eager"), "_orig_mod.0"
    else:
        model.compile(backend="eager")
    with torch.no_grad():
        before = model(x)
        np.testing.assert_allclose(record(model, x, layer, **QUICK)[layer], expected, atol=1e-6)
        with ablated(model, layer, range(8)):
            after = model(x)
        assert not torch.allclose(before, after)
        assert_same(model(x), before)


def test_a_seed_makes_passes_equal_and_leaves_the_generators_alone():
    class Noisy(nn.Module):
        def forward(self, x):
            return x + torch.rand_like(x) + np.random.rand()  # noqa: NPY002

    subject, others = Subject(Noisy(), seed=3), Subject(Noisy())
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert_same(subject.run(X), subject.run(X))
    assert_same(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert not torch.equal(others.run(X), others.run(X))


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"record\(model=.*must be a torch.nn.Module"):
        record(np.tanh, X, "0")
    with pytest.raises(ValueError, match=r"^Subject\(seed=-1\) must be at least 0"):
        Subject(plain(), seed=-1)


def test_nodes_are_ablated_whatever_the_default_device():
    model = smoothly().eval()
    with torch.no_grad(), ablated(model, "0", [1, 2], "mean", data=X):
        expected = model(X)
        torch.set_default_device("meta")
        try:
            found = model(X)
        finally:
            torch.set_default_device(None)
    assert_same(found, expected)
    torch.set_default_device("meta")
    try:
        with torch.no_grad(), ablated(model, "0", [1, 2], "mean", data=X):
            assert_same(model(X).cpu().numpy(), expected.numpy())
    finally:
        torch.set_default_device(None)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "dropout_study"])
def test_lazy_modules_run_first(name):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules")
        model = nn.Sequential(nn.LazyLinear(8), nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 3)).eval()
    with pytest.raises(
        ValueError, match=r"some are of lazy modules that have not run yet. Call it"
    ):
        FUNCTIONS[name](model, X)
    with torch.no_grad():
        model(X)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*of a guess among")  # other classes than those of Y
        FUNCTIONS[name](model, X)
