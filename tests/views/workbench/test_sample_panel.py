import threading

import numpy as np
import torch
from views.page import Page

from nbinterp import Workbench
from nbinterp._numerics.progress import current_token
from nbinterp.views.workbench import actions


def shown(page):
    """Return the sample that the page shows, and whether it is under the pointer."""
    return page.state["_interactions"]["sample"], page.state["_interactions"]["hovered"]


def test_the_hovered_sample_is_explained_and_the_picked_one_again_after(bench, page):
    bench.select(range(40))
    picked, found, code = bench.sample, bench.interactions, bench.code
    other = 70 if picked != 70 else 71
    bench.explorer.hovered = other
    assert bench.wait(20)
    assert shown(page) == (other, True)
    assert bench.pairs.source is not found and f"sample {other}" in bench.pairs.describe()
    assert (bench.sample, bench.slider.base, bench.code) == (picked, "mean", code)
    assert bench.interactions is found
    bench.explorer.hovered = None
    assert bench.wait(20)
    assert shown(page) == (picked, False)
    assert bench.pairs.source is found


def test_a_sweep_over_many_samples_explains_the_last_alone(bench, page, monkeypatch):
    bench.select(range(40))
    kept, explained = actions.interact, []

    def counted(setup, sample):
        explained.append(sample)
        return kept(setup, sample)

    monkeypatch.setattr(actions, "interact", counted)
    for sample in range(50, 80):
        bench.explorer.hovered = sample
    assert bench.wait(20)
    assert explained == [79] and shown(page) == (79, True)


def test_a_stale_explanation_is_given_up_in_its_midst(bench, page, monkeypatch):
    bench.select(range(40))
    begun, ended = threading.Event(), []

    def endless(_, sample):
        token = current_token()
        begun.set()
        try:
            while True:
                token.raise_if_cancelled()
                threading.Event().wait(0.01)
        finally:
            ended.append(sample)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "interact", endless)
        bench.explorer.hovered = 50
        assert begun.wait(10)
    bench.explorer.hovered = 60
    assert bench.wait(20)
    assert ended == [50] and shown(page) == (60, True) and page.state["_error"] == ""


def test_without_following_the_pointer_nothing_is_computed(bench, page):
    bench.select(range(40))
    bench.explorer.hovered = 70
    bench.wait(20)
    page.set(follow=False)
    bench.wait(20)
    assert shown(page) == (bench.sample, False)
    bench.explorer.hovered = 71
    bench.wait(20)
    assert shown(page) == (bench.sample, False)


def test_all_pairs_of_many_inputs_are_sent_once_they_are_unfolded():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(130, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
    data = np.random.default_rng(0).normal(size=(60, 130)).astype(np.float32)
    bench = Workbench(model, data, layer="1", n_clusters=2, progress=False)
    assert "Click a sample" in bench.pairs.describe()
    bench.select(range(40))
    assert bench.interactions.hessian.shape == (1, 130, 130) and bench.pairs.source is None
    Page(bench).set(_pairs_open=True)
    assert bench.pairs.source is bench.interactions
    assert "130 × 130 pairs" in bench.pairs.describe()
