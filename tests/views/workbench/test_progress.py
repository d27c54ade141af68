import threading

import numpy as np
import pytest


def test_failures_are_told_and_what_was_there_stays(world, bench, page, monkeypatch):
    bench.select(range(40))
    before, code = bench.factors, bench.code

    def fails(rows):
        raise RuntimeError("no such rows")

    monkeypatch.setattr(world["local"], "fit_selection", fails)
    with pytest.raises(RuntimeError, match="no such rows"):
        bench.select(range(50))
    assert page.state["_error"] == "RuntimeError: no such rows"
    assert "in fails" in page.state["_trace"]
    assert bench.factors is before and bench.code == code and page.state["_step"] == ""
    monkeypatch.undo()
    bench.select(range(60))
    assert page.state["_error"] == "" and bench.factors.n_samples == 60


@pytest.mark.parametrize("by_page", [True, False])
def test_cancelling_leaves_what_was_there(world, bench, page, monkeypatch, by_page):
    bench.select(range(40))
    before, kept = bench.factors, world["local"].fit_selection
    begun, go_on = threading.Event(), threading.Event()

    def slow(rows):
        begun.set()
        go_on.wait(10)
        return kept(rows)

    monkeypatch.setattr(world["local"], "fit_selection", slow)
    bench.explorer.selection = range(50)
    assert begun.wait(10)
    if by_page:
        assert page.ask("cancel").ok
    else:
        bench.cancel()
    go_on.set()
    assert bench.wait(20)
    assert bench.factors is before and page.state["_step"] == ""


def test_the_newest_of_many_lassos_counts(bench, page):
    for end in range(10, 80, 5):
        bench.explorer.selection = range(end)
    assert bench.wait(60)
    assert bench.factors.n_samples == 75
    assert page.state["_history"][-1]["kind"] == "interact"


def test_a_fit_says_how_many_of_its_stages_are_done(world, bench, page, monkeypatch):
    kept = world["local"].fit_selection

    def slow(rows):
        result = kept(rows)
        threading.Event().wait(0.5)  # progress is told ten times a second
        return result

    monkeypatch.setattr(world["local"], "fit_selection", slow)
    bench.select(range(40))
    said, now = [], {"_step": "", "_done": 0.0}
    for update in page.updates:
        now |= {name: update[name] for name in now if name in update}
        said.append((now["_step"], now["_done"]))
    fits = [(step, done) for step, done in said if "stage" in step]
    assert fits and all(0.05 <= done <= 0.45 for _, done in fits)
    count = int(fits[-1][0].split(" of ")[-1])
    assert fits[-1] == (f"Fitting factors of 40 samples: stage {count} of {count}", 0.45)


def test_moves_in_a_row_are_one_step(bench, page):
    bench.select(range(40))
    before = len(page.state["_history"])
    amounts = np.zeros(len(bench.perturbation.factors))
    for amount in (0.5, -1.25):
        amounts[0] = amount
        bench.slider.amounts = amounts
    (step,) = page.state["_history"][before:]
    assert step["kind"] == "move"
    assert step["title"] == f"Moved factor {bench.perturbation.factors[0]} by -1.25"
    bench.slider.reset()
    assert page.state["_history"][before:][0]["title"] == "All factors back at 0"
