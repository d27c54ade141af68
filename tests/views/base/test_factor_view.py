"""Factors that are not stable are marked: at once if that is known, else when it is."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from views.page import Page

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.network import perturb, record
from nbinterp.views import FactorSlider, InteractionHeatmap


@pytest.fixture(scope="module")
def world():
    """A network whose first nodes share a parent, and the factors of all its samples."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 12))
    x[:, :5] += 2.0 * rng.normal(size=(300, 1))
    model = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Linear(12, 3))
    table = record(model, x, "0").concat("0")
    local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, clusters=np.zeros(300))
    return model, x, local


def views(world, factors):
    model, x, _ = world
    return [InteractionHeatmap(factors), FactorSlider(perturb(model, x, factors, layer="0"))]


def test_marks_come_when_they_are_ready(world):
    *_, local = world
    factors = local.fit_selection(range(300))
    go = threading.Event()
    known = factors.comparison_

    def compare(_information):
        assert go.wait(30)
        return known

    waiting = replace(factors, _comparison=None, _compare=compare)
    shown = views(world, waiting)
    assert [Page(view)["_unstable"] for view in shown] == [[], []]
    go.set()
    assert "not stable: factor 1" in repr(shown[0])
    assert "not stable: factor 1" in repr(shown[1])
    assert [Page(view)["_unstable"] for view in shown] == [[1], [1]]
    assert Page(shown[0])["_evidence"] == known.describe()


def test_what_is_known_is_marked_at_once(world):
    factors = world[2].clusters_[0]
    assert factors.stable_.tolist() == [True, False]
    for view in views(world, factors):
        assert Page(view)["_unstable"] == [1]


def test_edits_and_their_text_are_marked(world):
    model, x, local = world
    factors = local.fit_selection(range(300))
    moved = perturb(model, x, factors, layer="0")
    assert "not stable" not in repr(moved) and not factors.is_compared
    assert moved.stable == (True, False)
    assert repr(moved).endswith("2 factors, 5 steps; not stable: factor 1)")
    assert repr(perturb(model, x, factors, layer="0", factor=0)).endswith("1 factor, 3 steps)")
    assert perturb(model, x, factors, layer="0", factor=1).stable == (False,)


def test_another_fit_has_marks_of_its_own(world):
    factors = world[2].clusters_[0]
    heatmap = InteractionHeatmap(factors)
    heatmap.show(LinearCorEx(2, random_state=0).fit(world[1]))
    assert Page(heatmap)["_unstable"] == [] and "not stable" not in repr(heatmap)
    heatmap.show(factors)
    assert "not stable: factor 1" in repr(heatmap)
    heatmap.show(None)
    assert Page(heatmap)["_unstable"] == [] and Page(heatmap)["_evidence"] == ""


def test_a_page_and_a_picture_wait_for_the_marks(world, tmp_path):
    heatmap = InteractionHeatmap(world[2].fit_selection(range(300)))
    text = heatmap.to_html(tmp_path / "page.html").read_text()
    assert '"_unstable": [1]' in text or '"_unstable":[1]' in text
    plain = InteractionHeatmap(replace(heatmap.source, _comparison=None, _compare=None))
    assert heatmap.snapshot() != plain.snapshot()  # one row has a longer name


def test_a_comparison_that_fails_is_told_on_the_page(world):
    def compare(_information):
        raise ValueError("no halves today")

    factors = replace(world[2].clusters_[0], _comparison=None, _compare=compare)
    heatmap = InteractionHeatmap()
    page = Page(heatmap)
    heatmap.show(factors)
    assert "not stable" not in repr(heatmap)
    assert page.messages[-1].error == "no halves today"
    assert page["_unstable"] == []
