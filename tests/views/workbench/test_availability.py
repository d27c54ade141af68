import re

import numpy as np
import pytest
import torch
from torch import nn
from views.page import Page

from nbinterp import Workbench, ablation_study, record
from nbinterp.views.workbench import actions
from nbinterp.views.workbench.availability import unavailable_steps, why


class Pair(nn.Module):
    """A network that returns its answer and its hidden layer."""

    def __init__(self):
        super().__init__()
        self.h = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.o = nn.Linear(8, 3)

    def forward(self, x):
        h = self.h(x)
        return self.o(h), h


class Tokens(nn.Module):
    """A network that reads token numbers, and returns the classes of a text or of each token."""

    def __init__(self, n_axes):
        super().__init__()
        self.e, self.h, self.o = nn.Embedding(9, 8), nn.Linear(8, 6), nn.Linear(6, 3)
        self.n_axes = n_axes

    def forward(self, ids):
        h = self.h(self.e(ids))
        return self.o(h.mean(1) if self.n_axes == 1 else h)


class Scaled(nn.Module):
    """A network that reads images of whole numbers."""

    def __init__(self):
        super().__init__()
        self.h, self.o = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.o(self.h(x.float() / 255).relu())


class Frozen(nn.Module):
    """A network without derivatives."""

    def __init__(self):
        super().__init__()
        self.h, self.o = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.o(self.h(x)).detach()


class OfTwo(nn.Module):
    """A network that takes batches of two samples alone."""

    def __init__(self):
        super().__init__()
        self.h, self.o = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.o(self.h(x.reshape(2, 6)))


X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
IDS = torch.arange(200).reshape(40, 5) % 9


@pytest.mark.parametrize(
    ("model", "data", "layer", "reasons"),
    [
        (Pair(), X, "h", {}),
        (Scaled(), (X * 20).to(torch.uint8), "h", {}),
        (nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 1)), X, "0", {"ablation": "one output"}),
        (Tokens(1), IDS, "h", {"interactions": "starts at the embeddings"}),
        (Tokens(1), {"ids": IDS}, "h", {"interactions": "an array or a tensor"}),
        (Tokens(2), IDS, "h", {"ablation": r"\(5, 3\).*Wrap", "interactions": r"\(5, 3\).*Wrap"}),
        (Frozen(), X, "h", {"interactions": "must be differentiable"}),
    ],
)
def test_each_step_that_cannot_work_has_a_reason_and_a_way_out(model, data, layer, reasons):
    found = unavailable_steps(model, data, layer, None)
    assert list(found) == list(reasons)
    assert all(re.search(text, found[step]) for step, text in reasons.items())


def test_a_network_of_one_size_of_batch_is_refused():
    with pytest.raises(ValueError, match="must run on batches of any size, but a batch of 8"):
        Workbench(OfTwo(), X, progress=False)


def test_a_layer_that_runs_twice_is_refused():
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(6, 8), act, nn.Linear(8, 8), act, nn.Linear(8, 3))
    with pytest.raises(ValueError, match=r"layer='1'\).*once in the forward pass, but it ran 2"):
        unavailable_steps(model, X, "1", None)


def test_foreign_errors_get_a_way_out_and_ours_keep_theirs():
    def raised(call):
        try:
            call()
        except Exception as failure:
            return failure

    torchs = raised(lambda: torch.ones(2) @ torch.ones(3))
    assert why("ablation", torchs).endswith("Call ablation_study on this model by itself to see "
                                            "where it fails.")  # fmt: skip
    ours = raised(lambda: ablation_study(None, X, None, layer="h", y=[0]))
    assert why("ablation", ours) == str(ours)


def test_the_steps_that_work_run_and_the_others_are_named():
    with pytest.warns(UserWarning, match="Workbench without interactions. .* embeddings"):
        bench = Workbench(Tokens(1), IDS, layer="h", n_clusters=2, progress=False)
    page = Page(bench)
    assert list(bench.unavailable) == ["interactions"] == list(page.state["_unavailable"])
    factors = bench.select(range(20))
    assert factors is bench.factors and bench.perturbation and bench.ablation
    assert bench.interactions is None and bench.sample is not None
    assert page.state["_error"] == "" and "without interactions" in bench.describe()
    bench.explorer.hovered = 3
    assert bench.wait(10) and page.state["_interactions"] == {}


def test_outputs_of_tokens_are_no_classes():
    model = Tokens(2)
    with pytest.warns(UserWarning, match="Workbench without"):
        bench = Workbench(model, IDS, layer="h", n_clusters=2, progress=False)
    assert list(bench.explorer.columns) == ["cluster"]
    assert bench.select(range(20)).feature_names[-1] == "h[5]" and bench.perturbation
    again = {"model": model, "data": IDS}
    exec(bench.code, again)
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)


def autoencoder():
    """A network of 16 inputs that rebuilds them."""
    model = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16))
    with torch.no_grad():
        for part, size in ((model[0], 0.1), (model[2], 10.0)):
            part.weight.copy_(size * torch.eye(16))
            part.bias.zero_()
    return model


def untrained():
    return nn.Sequential(nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 16))


WIDE = torch.randn(40, 16, generator=torch.Generator().manual_seed(0)).numpy()
KINDS = np.arange(40) % 4


@pytest.mark.parametrize(
    ("model", "y", "reason", "has_answer"),
    [
        (autoencoder, None, "The 16 outputs have the size of a sample", False),
        (untrained, None, "The 16 outputs have the size of a sample", False),
        (autoencoder, KINDS, "must be a classifier, but the largest of 16 outputs", False),
        (lambda: nn.Sequential(nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 5)), WIDE[:, 0],
         "must be the class of each sample, a whole number", True),
        (lambda: nn.Sequential(nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 5)),
         (KINDS + 2).astype(str), "must be output numbers from 0 to 4", True),
    ],
)  # fmt: skip
def test_what_has_no_classes_is_said_when_it_is_made(model, y, reason, has_answer):
    if reason.startswith("must be a classifier"):
        y = (record(model(), WIDE, "1").output.argmax(axis=1) + 1) % 4  # never the largest output
    with pytest.warns(UserWarning, match=f"Workbench without ablation. .*{reason}"):
        bench = Workbench(model(), WIDE, y, layer="1", n_clusters=2, progress=False)
    assert list(bench.unavailable) == ["ablation"]
    assert ("answer" in bench.explorer.columns) == has_answer
    bench.select(range(20))
    assert bench.ablation is None and bench.perturbation and bench.interactions


@pytest.mark.parametrize("failing", ["move", "ablate", "interact"])
def test_a_step_that_fails_leaves_the_others(make_bench, monkeypatch, failing):
    bench = make_bench()
    page = Page(bench)
    bench.select(range(40))

    def broken(*args, **options):
        raise RuntimeError("mat1 and mat2")

    name, result = {
        "move": ("sliders", "perturbation"),
        "ablate": ("ablation", "ablation"),
        "interact": ("interactions", "interactions"),
    }[failing]
    with monkeypatch.context() as patch:
        patch.setattr(actions, failing, broken)
        with pytest.warns(UserWarning, match=f"select without {name}. RuntimeError: mat1.*Call"):
            factors = bench.select(range(30, 70))
    assert factors is bench.factors and list(bench.unavailable) == [name]
    for one in ("perturbation", "ablation", "interactions"):
        assert (getattr(bench, one) is None) == (one == result)
    assert page.state["_unavailable"].keys() == {name} and page.state["_step"] == ""
    assert bool(page.state["_ablation"]) == (failing != "ablate")
    assert bool(page.state["_interactions"]) == (failing != "interact")
    assert (bench.slider is None) == (failing == "move")
    bench.select(range(40))
    assert bench.unavailable == {} and bench.slider and bench.ablation and bench.interactions


def test_a_tuple_is_explained_by_its_first_item():
    with pytest.warns(UserWarning, match=r"returns a tuple.* the first is taken") as caught:
        bench = Workbench(Pair(), X, n_clusters=2, progress=False)
        bench.select(range(20))
    assert sum("is taken" in str(each.message) for each in caught) == 1
    assert bench.unavailable == {} and bench.interactions.hessian.shape == (1, 6, 6)


def test_y_is_one_class_a_sample_or_says_what_it_should_be():
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    y = np.arange(40) % 3
    options = {"layer": "1", "n_clusters": 2, "progress": False}
    for form in (y[:, None], y.astype(str)):
        bench = Workbench(model, X, form, **options)
        bench.select(range(20))
        assert bench.unavailable == {} and bench.ablation.baseline.shape[1] == 4
    with pytest.warns(UserWarning, match=r"y\) holds texts.*'ant' is output 0") as caught:
        bench = Workbench(model, X, np.array(["ant", "bee", "cat"])[y], **options)
    assert sum("holds texts" in str(each.message) for each in caught) == 1
    bench.select(range(20))
    assert bench.unavailable == {}
    for wrong, match in ((np.eye(3)[y], r"y.argmax\(1\)"), (np.eye(3)[y] + 1, "argmax")):
        with pytest.raises(ValueError, match=rf"^Workbench\(y=.*{match}"):
            Workbench(model, X, wrong, **options)
