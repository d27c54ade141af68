import threading

import numpy as np
import pytest
import torch
from views.page import Page

from nbinterp import Workbench
from nbinterp.views.workbench import actions


def wire(*numbers):
    return np.asarray(numbers, "<u4").tobytes()


def without_slider(bench):
    """Return a factor that is on no slider."""
    numbers = range(len(bench.factors.weights_))
    return next(k for k in numbers if k not in bench.perturbation.factors)


def test_a_factor_without_a_slider_gets_one(bench, page):
    bench.select(range(40))
    away = without_slider(bench)
    page.set(factor=away)
    bench.wait()
    assert away in bench.perturbation.factors and bench.factor == away
    assert away in page.state["_slider_factors"]
    assert away in {chart["factor"] for chart in page.state["_ablation"]["charts"]}


def test_a_sample_picked_while_sliders_are_made_is_their_base(bench, monkeypatch):
    perturb, picks = actions.perturb, iter([7, 9])

    def perturbed(*args, **options):
        made = perturb(*args, **options)
        sample = next(picks, None)
        if sample is not None and bench.slider is not None:
            Page(bench.slider).set(base=sample)
        elif sample is not None:
            Page(bench.explorer).set(selection=wire(sample))  # a click on the map
        return made

    monkeypatch.setattr(actions, "perturb", perturbed)
    bench.select(range(40, 80))
    assert bench.wait(60) and bench.slider.base == bench.sample == 7
    bench.factor = without_slider(bench)
    assert bench.wait(60) and bench.slider.base == bench.sample == 9
    assert bench.factor in bench.perturbation.factors and bench.perturbation.base == 9
    bench.factor = without_slider(bench)  # other sliders, of the same base
    assert bench.wait(60) and bench.slider.base == 9
    assert bench.code.rindex("from_base(9)") > bench.code.rindex("moved = perturb(")
    bench.select(range(30))  # another region, of its own mean
    assert bench.wait(60) and bench.slider.base == "mean"


@pytest.mark.parametrize("by_page", [True, False])
def test_a_sample_picked_while_sliders_are_filled_is_their_base(make_bench, by_page):
    armed = threading.Event()

    def decode(hidden):
        # The frames of all sliders are decoded at once, while they are filled.
        if armed.is_set() and len(hidden) > 10 and not picker.ident:
            picker.start()
            picker.join(0.3)
        return hidden[:, :6]

    bench = make_bench(decode=decode)
    bench.select(range(40, 80))
    slider, sliders_page = bench.slider, Page(bench.slider)

    def pick():
        sliders_page.set(base=7) if by_page else setattr(slider, "base", 7)

    picker = threading.Thread(target=pick)
    armed.set()
    bench.factor = without_slider(bench)
    assert bench.wait(60)
    assert picker.ident
    picker.join(60)
    assert bench.wait(60)
    assert slider.base == slider.perturbation.base == bench.sample == 7
    assert bench.perturbation is slider.perturbation


def test_a_picked_sample_is_the_base_of_the_sliders_and_explained(bench, page):
    bench.select(range(40))
    bench.explorer.selection = [7]
    bench.wait()
    assert bench.sample == bench.slider.base == page.state["_interactions"]["sample"] == 7
    assert bench.factors.n_samples == 40
    bench.slider.base = 9
    bench.wait()
    assert bench.sample == page.state["_interactions"]["sample"] == 9


def test_a_network_with_one_output_says_why_nothing_is_ablated():
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    data = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    with pytest.warns(UserWarning, match="Workbench without ablation"):
        bench = Workbench(model, data, data[:, 0], n_clusters=3, progress=False)
    page = Page(bench)
    bench.select(range(30))
    assert bench.ablation is None and page.state["_ablation"] == {}
    assert "one output" in page.state["_unavailable"]["ablation"]
