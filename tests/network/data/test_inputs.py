"""Kinds of inputs × functions: the same results, or words that name the way out."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nbinterp import (
    AndOr,
    LinearCorEx,
    LinearDistance,
    LocalCorEx,
    SmoothHess,
    ablation_study,
    check,
    fit_decoder,
    perturb,
    record,
    sensitivity_study,
)
from nbinterp.network.data.batches import batches, take_rows

N = 60
X = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
KIND = np.arange(N) % 5
torch.manual_seed(0)


class Net(nn.Module):
    """Takes what transformers, diffusion and table models take beside an array."""

    def __init__(self):
        super().__init__()
        self.embed, self.h = nn.Embedding(5, 4), nn.Sequential(nn.Linear(8, 6), nn.ReLU())
        self.head = nn.Linear(6, 3)

    def forward(self, x, kind, flag, t=0, mask=None, return_dict=False):
        assert not return_dict and mask is None
        shift = torch.as_tensor(t, dtype=x.dtype).reshape(-1, 1)
        return self.head(self.h(torch.cat([x + shift, self.embed(kind), flag[:, None]], 1)))


class InPlace(nn.Module):
    """Writes into its input."""

    def __init__(self):
        super().__init__()
        self.h, self.head = nn.Sequential(nn.Linear(3, 6), nn.ReLU()), nn.Linear(6, 3)

    def forward(self, x):
        x -= 1
        return self.head(self.h(x))


class Shifted(InPlace):
    """Does the same with a copy."""

    def forward(self, x):
        return super().forward(x.clone())


NET, IN_PLACE, SHIFTED = Net().eval(), InPlace().eval(), Shifted().eval()
SHIFTED.load_state_dict(IN_PLACE.state_dict())
PLAIN = {"x": torch.tensor(X), "kind": torch.tensor(KIND), "flag": torch.tensor(KIND > 2)}
DICTS = {
    "arrays": {"x": X, "kind": KIND, "flag": KIND > 2},
    "a number": PLAIN | {"t": 0},
    "a tensor without axes": PLAIN | {"t": torch.tensor(0.0)},
    "an array without axes": PLAIN | {"t": np.float64(0)},
    "None": PLAIN | {"mask": None},
    "a flag": PLAIN | {"return_dict": False},
    "a table": PLAIN | {"x": pd.DataFrame(X)},
    "pandas' own types": PLAIN | {"kind": pd.array(KIND, dtype="Int64")},
    "lists of tensors": {key: list(part) for key, part in PLAIN.items()},
    "a list of dicts": [{key: part[row] for key, part in PLAIN.items()} for row in range(N)],
    "a list of dicts with None": [
        {key: part[row] for key, part in PLAIN.items()} | {"mask": None} for row in range(N)
    ],
    "samples with labels": [
        ({key: part[row] for key, part in PLAIN.items()}, 1) for row in range(N)
    ],
}


def factors(model, data):
    rec = record(model, data, "h", progress=False)
    fit = LocalCorEx(LinearCorEx(2, random_state=0)).fit(rec.concat("h"), clusters=np.zeros(N))
    return rec, fit.clusters_[0]


def results(model, data, found):
    rec = record(model, data, "h", progress=False)
    y = np.arange(N) % 3
    moved = perturb(model, data, found, layer="h", factor=0, progress=False)
    study = ablation_study(
        model, data, found, layer="h", y=y, sizes=(2,), n_random=3, random_state=0, progress=False
    )
    spread = sensitivity_study(model, data, layer="h", y=y, random_state=0, progress=False)
    planes = LinearDistance(progress=False).explain(model, data, "h.0")
    decoder = fit_decoder(
        model, data, layer="h", inputs=X, max_epochs=1, random_state=0, progress=False
    )
    numbers = [planes.nodes["plane_offset"], decoder.decode(rec["h"][:2])]
    tables = [spread.to_frame().select_dtypes("number")]
    return [rec["h"], rec.output, moved.outputs, study.change, *map(np.asarray, numbers + tables)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_all_functions_find_the_same_in_all_kinds_of_dicts():
    _, found = factors(NET, PLAIN)
    wanted = results(NET, PLAIN, found)
    with torch.no_grad():
        np.testing.assert_allclose(wanted[1], NET(**PLAIN).numpy(), atol=1e-6)
    for name in ("a number", "None", "a table", "samples with labels"):
        for one, other in zip(results(NET, DICTS[name], found), wanted, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, err_msg=name)
    for name, data in DICTS.items():
        rec = record(NET, data, "h", progress=False)
        np.testing.assert_allclose(rec.output, wanted[1], atol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_model_that_writes_into_its_input_leaves_the_data_alone():
    data = X.copy()
    _, found = factors(IN_PLACE, data)
    pairs = zip(results(IN_PLACE, data, found), results(SHIFTED, data, found), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_array_equal(data, X)
    told = [check(model, data, "h") for model in (IN_PLACE, SHIFTED)]
    assert str(told[0]) == str(told[1]).replace("Shifted", "InPlace")
    for explain in (
        lambda model: (
            SmoothHess(n_samples=200, progress=False, random_state=0)
            .explain(model, data[:2], target=0)
            .hessian
        ),
        lambda model: AndOr(progress=False).explain(model, data[:2], target=0).outputs,
        lambda model: (
            AndOr(baseline="mean", background=data, progress=False)
            .explain(model, data[:2], target=0)
            .outputs
        ),
    ):
        np.testing.assert_allclose(explain(IN_PLACE), explain(SHIFTED), atol=1e-5)
    np.testing.assert_array_equal(data, X)


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        ((PLAIN["x"], PLAIN["kind"]), TypeError, "not a tuple. Name the inputs"),
        ([torch.ones(8), torch.ones(7)], ValueError, r"one shape, not \(8,\) and \(7,\). Pad"),
        ([np.ones(8), np.ones(7)], ValueError, "rows of one length. Pad"),
        ([{"x": X[0]}, {"kind": 1}], ValueError, "dicts with the same keys"),
        (PLAIN | {"x": X[:5]}, ValueError, "What all samples share is a number or a tensor"),
        ({"t": 3, "mask": None}, ValueError, "one row per sample under some key"),
        (PLAIN | {"x": np.full((N, 3), "a")}, TypeError, r"\['x'\]=.* must be numbers"),
        (PLAIN["x"].to_sparse(), TypeError, r"Pass data.to_dense\(\)"),
        (PLAIN["x"].to("meta"), TypeError, "meta device"),
        (pd.DataFrame({"a": pd.date_range("2020", periods=N)}), TypeError, "column 'a' .* dates"),
        (pd.DataFrame({"a": X[:, 0], "b": "u"}), TypeError, "column 'b' must be numbers"),
        (np.ma.masked_array(X, mask=X > 2), ValueError, "must be finite, but sample"),
        (pd.DataFrame(X).astype("Float64").mask(X > 2), ValueError, "must be finite, but sample"),
    ],
)
def test_other_inputs_are_refused_in_the_words_of_the_call(data, error, match):
    with pytest.raises(error, match=rf"^record\(data.*{match}"):
        record(nn.Sequential(nn.Flatten()), data, "0", progress=False)


@pytest.mark.parametrize("explain", [SmoothHess().explain, AndOr().explain])
def test_explainers_name_the_way_to_explain_one_of_several_inputs(explain):
    with pytest.raises(TypeError, match=r"not a dict of inputs. Explain a function of one of them"):
        explain(NET, PLAIN)
    with pytest.raises(TypeError, match="must be real"):
        explain(lambda x: x.abs(), X + 1j)
    with pytest.raises(TypeError, match="must be real"):
        explain(lambda x: x.abs(), torch.tensor(X + 1j))


def test_types_that_arrive():
    def of(data):
        return torch.cat(list(batches(data, 40, torch.float32)))

    table = pd.DataFrame({"a": pd.array(KIND, dtype="Int64"), "b": KIND.astype("int8")})
    assert of(table).dtype == torch.int64
    assert of(table.assign(c=KIND > 2)).dtype == torch.float32
    assert of(pd.DataFrame({"a": KIND > 2})).dtype == torch.bool
    assert of(X.astype(object)).tolist() == X.tolist()
    assert of(X.astype(np.longdouble)).dtype == torch.float32
    assert of(X + 1j).tolist() == of(torch.tensor(X + 1j)).tolist()
    assert of(X + 1j).dtype == torch.complex64
    with pytest.raises(ValueError, match="sample 5 has NaN"):
        of(np.where(np.arange(N)[:, None] == 5, np.nan, X + 1j))


def test_rows_of_all_kinds():
    rows = np.array([3, 1])
    for name, data in DICTS.items():
        taken = next(iter(batches(take_rows(data, rows), 5, torch.float32)))
        np.testing.assert_array_equal(taken["x"], X[rows], err_msg=name)
        assert taken.get("mask") is None and not taken.get("return_dict")
    for kind in (X.tolist(), pd.DataFrame(X), list(torch.tensor(X)), X[::-1].copy()[::-1]):
        taken = next(iter(batches(take_rows(kind, rows), 5, torch.float32)))
        np.testing.assert_allclose(taken, X[rows])


def test_tables_of_arrow_are_samples():
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({name: X[:, place] for place, name in enumerate("abc")})
    model = nn.Sequential(nn.Identity())
    np.testing.assert_array_equal(record(model, table, "0", progress=False)["0"], X)
    np.testing.assert_array_equal(take_rows(table, np.array([2])), X[[2]])
