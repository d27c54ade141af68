import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tqdm.auto import tqdm
from views.page import Page

import nbinterp
from nbinterp import FactorSlider, Workbench, record
from nbinterp._numerics import progress as progress_bars
from nbinterp.views.base.view import View
from nbinterp.views.workbench import actions

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "workbench" / "traits.ts"


def test_the_page_knows_the_same_traits():
    body = re.search(r"WorkbenchTraits = ViewTraits & \{(.*?)\n\};", TRAITS.read_text(), re.S)[1]
    there = set(re.findall(r"^  (\w+):", body, re.M))
    assert set(Workbench.class_traits(sync=True)) - set(View.class_traits(sync=True)) == there


def test_before_a_selection_there_is_a_map_and_nothing_else(bench, page):
    assert bench.slider is None and bench.factor is None and page.state["_ablation"] == {}
    assert bench.factors is None and "120 samples" in bench.describe()
    assert bench.snapshot()[1:4] == b"PNG"
    with pytest.raises(Exception, match="needs a fit first"):
        bench.factor = 0


@pytest.mark.parametrize("progress", [True, False])
def test_progress_is_that_of_all_that_is_slow(make_bench, monkeypatch, progress):
    shown = []

    def bar(*args, disable, **options):
        shown.append(not disable)
        return tqdm(*args, disable=True, **options)

    monkeypatch.setattr(progress_bars, "tqdm", bar)
    make_bench(local=None, n_clusters=3, progress=progress)
    assert shown and any(shown) is progress  # what runs later has no bar of its own


def test_columns_are_a_table_or_a_dict(make_bench):
    age = np.arange(120) / 2
    for columns in (pd.DataFrame({"age": age}, index=np.arange(120)[::-1]), {"age": age}):
        explorer = make_bench(columns=columns).explorer
        assert list(explorer.columns) == ["cluster", "label", "answer", "age"]
        assert explorer.columns["age"].tolist() == age.tolist()


def test_columns_of_another_kind_are_refused_before_anything_slow(make_bench):
    with pytest.raises(TypeError, match="must be a DataFrame or a dict"):
        make_bench(columns=[1, 2], local=None, n_clusters=0)


def test_a_selection_runs_all_steps(world, bench, page):
    factors = bench.select(range(40, 80))
    assert factors is bench.factors is bench.explorer.factors
    assert np.array_equal(factors.indices, np.arange(40, 80))
    assert bench.explorer.heatmap.source is factors
    assert isinstance(bench.slider, FactorSlider) and bench.slider.base == "mean"
    strongest = int(np.argmax(factors.total_correlations_))
    assert bench.factor == strongest == bench.explorer.heatmap.factor
    assert tuple(page.state["_slider_factors"]) == bench.perturbation.factors
    assert page.state["_step"] == "" and page.state["_error"] == ""
    nodes = record(world["model"], world["data"], "1").concat("1", output=True)
    rows = nodes.to_numpy()[40:80]
    nearest = 40 + int(((rows - rows.mean(0)) ** 2).sum(1).argmin())
    assert bench.sample == page.state["_interactions"]["sample"] == nearest


def test_factors_that_are_not_stable_are_marked(bench, page):
    factors = bench.select(range(40, 80))
    assert "(not stable)" in bench.describe() or factors.stable_[bench.factor]
    assert page.state["_unstable"] == np.flatnonzero(~factors.stable_).tolist()
    stability = np.where(np.arange(6) == bench.factor, 0.1, 1.0)
    shaky = replace(factors, _comparison=replace(factors.comparison_, stability=stability))
    bench.explorer.show_fit(shaky, 0.1)
    assert page.state["_unstable"] == [bench.factor]
    assert f"factor {bench.factor} (not stable) chosen" in bench.describe()
    frame = replace(bench.perturbation, directions=shaky).at(
        np.ones(len(bench.perturbation.factors))
    )
    first, *others = actions.move_to(frame).title.removeprefix("Moved ").split(", ")
    assert first == f"factor {bench.factor} (not stable) by 1.00"
    assert others and not any("stable" in each for each in others)


def test_a_factor_chosen_anywhere_is_chosen_everywhere(bench):
    bench.select(range(40))
    first, one, two = bench.perturbation.factors[:3]
    bench.factor = one
    assert bench.explorer.heatmap.factor == one
    bench.explorer.heatmap.factor = two
    assert bench.factor == two
    bench.explorer.heatmap.factor = None
    assert bench.factor == two  # what is let go in the heatmap stays chosen
    amounts = np.zeros(len(bench.perturbation.factors))
    amounts[0] = 1.5
    bench.slider.amounts = amounts
    assert bench.factor == first == bench.explorer.heatmap.factor


def test_the_truth_is_the_third_argument_by_place(world):
    bench = Workbench(world["model"], world["data"], world["y"], local=world["local"], layer="1")
    assert bench.explorer.columns["label"].tolist() == world["y"].tolist()
    page = Page(bench)
    bench.select(range(40))
    assert "right answers" in page.state["_ablation"]["about"]
    assert f"# {', '.join(['model', 'data', 'y', 'local'])}: as passed" in bench.code


def test_the_lines_reproduce_every_step(world, make_bench):
    bench = make_bench(y=None, local=None, n_clusters=4)
    bench.select(range(30, 70))
    amounts = np.zeros(len(bench.perturbation.factors))
    for amount in (0.5, 1.25):  # of moves in a row the last stands for all
        amounts[1] = amount
        bench.slider.amounts = amounts
    bench.slider.base = 11
    bench.wait()
    bench.select(range(5, 45))
    amounts[1] = -0.75
    bench.slider.amounts = amounts
    assert bench.code.count("moved.at(") == 2
    again = {"model": world["model"], "data": world["data"]}
    exec(bench.code, again)
    assert np.array_equal(again["selection"], np.arange(5, 45))
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)
    np.testing.assert_allclose(
        again["moved"].outputs, bench.perturbation.outputs, rtol=1e-5, atol=1e-6
    )
    assert again["moved"].base_name == bench.perturbation.base_name
    assert np.array_equal(again["study"].change, bench.ablation.change)
    assert np.array_equal(again["interactions"].hessian, bench.interactions.hessian)


def test_what_has_no_name_is_given_one_in_the_lines(world, make_bench):
    bench = make_bench(names={"model": "net", "data": "2 * half"}, local=None, n_clusters=2)
    bench.select(range(20))
    again = {"net": world["model"], "half": world["data"] / 2, "y": world["y"]}
    exec(bench.code, again)
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)


def test_the_button_of_the_map_fits_too(bench):
    bench.explorer.selection = range(30)
    bench.wait()
    reply = Page(bench.explorer).ask("fit", np.arange(25, 65, dtype="<u4").tobytes())
    assert reply.ok, reply.error
    assert np.array_equal(bench.factors.indices, np.arange(25, 65))


def test_too_few_samples_are_refused_in_words(bench):
    with pytest.raises(ValueError, match="at least 3"):
        bench.select([1, 2])
    bench.explorer.selection = [1, 2]
    assert bench.wait(5) and bench.factors is None


def test_a_map_of_other_samples_is_refused(world):
    with pytest.raises(ValueError, match="must be of the same samples as data, 100"):
        Workbench(world["model"], world["data"][:100], layer="1", local=world["local"])


def test_wrong_arguments_are_refused_before_the_data_run(world):
    rows = []
    count = world["model"].register_forward_pre_hook(lambda _m, x: rows.append(len(x[0])))
    for options, message in [
        ({"y": world["y"][:3]}, r"^Workbench\(y=.*must be one label per sample"),
        ({"layer": "none"}, r"^Workbench\(layer='none'\) must be the name of a submodule"),
        ({"n_clusters": 0}, "must be at least 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            Workbench(world["model"], world["data"], **options)
    with pytest.raises(TypeError, match=r"^Workbench\(model=.*must be a torch.nn.Module"):
        Workbench(world["data"], world["model"], world["y"])
    count.remove()
    assert max(rows, default=0) < len(world["data"])


def test_channels_of_a_convolutional_network():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(6, 2),
    )  # fmt: skip
    images = np.random.default_rng(0).random((60, 1, 10, 10)).astype(np.float32)
    bench = Workbench(model, images, layer="1", n_clusters=2, progress=False)
    bench.select(range(40))
    assert bench.factors.feature_names[0] == "1[0]"
    assert bench.interactions.hessian.shape == (1, 100, 100)
    again = {"model": model, "data": images}
    exec(bench.code, again)
    assert np.array_equal(again["interactions"].hessian, bench.interactions.hessian)
    assert nbinterp.Workbench is Workbench


class Shifted(torch.nn.Module):
    """Its hidden layer has several axes, and no module says which of them counts the nodes."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = torch.nn.Identity(), torch.nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.hidden(x.cumsum(-1)).mean(2))


@pytest.mark.parametrize(
    ("model", "layer", "told", "n_nodes"),
    [
        (Shifted(), "hidden", True, 8),
        (torch.nn.Sequential(torch.nn.Conv1d(5, 4, 3), torch.nn.Flatten(), torch.nn.Linear(24, 3)),
         "0", False, 4),
    ],
)  # fmt: skip
def test_the_channels_of_a_layer_are_its_nodes_or_a_guess_that_is_told(model, layer, told, n_nodes):
    data = np.random.default_rng(0).normal(size=(40, 5, 8)).astype(np.float32)
    bench = Workbench(model, data, layer=layer, n_clusters=2, progress=False)
    assert ("nodes on axis 2, a guess" in Page(bench).state["_about"]) == told
    names = bench.select(range(20)).feature_names
    assert sum(name.startswith(f"{layer}[") for name in names) == n_nodes
