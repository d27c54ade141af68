import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest
from views.page import Page

from nbinterp.views.workbench import actions


def test_a_second_selection_takes_the_place_of_one_that_runs(bench, monkeypatch):
    fit, begun, go_on = actions.fit, threading.Event(), threading.Event()

    def slow(setup, selection):
        begun.set()
        assert go_on.wait(20)
        return fit(setup, selection)

    monkeypatch.setattr(actions, "fit", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(bench.select, range(20))
        assert begun.wait(20)
        second = pool.submit(bench.select, range(10, 40))
        while len(bench.explorer.selection) != 30:
            threading.Event().wait(0.01)
        go_on.set()
        assert second.result(60).n_samples == 30
        with pytest.raises(CancelledError, match=r"select was cancelled.*Select the samples again"):
            first.result(60)
    assert bench.factors is second.result() and bench.unavailable == {}


def test_a_cancelled_selection_says_so_and_leaves_all_as_it_was(bench, monkeypatch):
    before = bench.select(range(40))
    shown = bench.perturbation, bench.ablation, bench.interactions, bench.factor, bench.code
    fit = actions.fit

    def cancelled(setup, selection):
        Page(bench).ask("cancel")
        return fit(setup, selection)

    monkeypatch.setattr(actions, "fit", cancelled)
    with pytest.raises(CancelledError, match="by its button"):
        bench.select(range(30))
    assert bench.factors is before
    now = bench.perturbation, bench.ablation, bench.interactions, bench.factor, bench.code
    assert all(one is other or one == other for one, other in zip(now, shown, strict=True))


def test_a_fit_that_fails_leaves_all_as_it_was(bench, page, monkeypatch):
    before = bench.select(range(40))
    shown = bench.perturbation, bench.ablation, bench.interactions, bench.factor, bench.code
    monkeypatch.setattr(actions, "fit", lambda *_: [][0])
    for _ in range(2):  # also where the same samples are tried again
        with pytest.raises(IndexError):
            bench.select(range(30))
        assert bench.factors is bench.explorer.heatmap.source is before
    now = bench.perturbation, bench.ablation, bench.interactions, bench.factor, bench.code
    assert all(one is other or one == other for one, other in zip(now, shown, strict=True))
    assert "IndexError" in page.state["_error"] and page.state["_step"] == ""
    monkeypatch.undo()
    assert bench.select(range(30)).n_samples == 30 and page.state["_error"] == ""
