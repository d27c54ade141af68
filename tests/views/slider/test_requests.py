"""Requests from the page of a slider, and the frames in the answers."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from views.page import Page, wire
from views.slider.shown import close, shows

from nbinterp import FactorSlider
from nbinterp.views.slider.requests import Latency


def test_a_drag_is_answered_exactly(slider, page):
    answer, (decoded, outputs) = page.ask("frame", wire([0.3, -1.2]))
    assert answer["ok"]
    frame = slider.perturbation.at(np.float32([0.3, -1.2]))
    assert decoded == frame.decoded.tobytes()
    assert outputs == frame.outputs.tobytes()
    assert slider.amounts.tolist() == [0, 0]


def test_frames_ahead(slider, page):
    steps = np.linspace(-3, 3, 128).reshape(64, 2)
    answer, (decoded, outputs) = page.ask("frames", wire(steps))
    assert answer["ok"]
    frames = slider.perturbation.at(np.float32(steps))
    np.testing.assert_array_equal(np.frombuffer(decoded, "<f4"), frames.decoded.ravel())
    np.testing.assert_array_equal(np.frombuffer(outputs, "<f4"), frames.outputs.ravel())


def test_settling_keeps_the_last_frame_and_decodes_it_once(slider, page, decode):
    page.ask("frame", wire([0.3, -1.2]))
    answer, buffers = page.ask("settle", wire([0.3, -1.2]), count=40, p50=35.5, p95=80)
    assert answer["ok"] and not buffers
    assert decode.calls == [1]
    assert shows(page, slider.perturbation.at([0.3, -1.2]))
    assert slider.stats == Latency(40, 35.5, 80.0)


def test_a_drag_looks_ahead_and_keeps_the_frame_where_the_pointer_is(slider, page, decode):
    answer, (decoded, outputs) = page.ask("frame", wire([[0.3, -1.2], [0.35, -1.2]]))
    assert answer["ok"]
    page.ask("settle", wire([0.3, -1.2]), count=40, p50=35.5, p95=80)
    assert decode.calls == [2]
    ahead = slider.perturbation.at([0.35, -1.2])
    assert shows(page, slider.perturbation.at([0.3, -1.2]))
    close(np.frombuffer(decoded, "<f4").reshape(2, -1)[1], ahead.decoded[0])
    close(np.frombuffer(outputs, "<f4").reshape(2, -1)[1], ahead.outputs[0])


@pytest.mark.parametrize(
    ("kind", "buffer", "words"),
    [
        ("frame", wire([1]), "must be float32 amounts of 2 factors"),
        ("frame", wire(np.zeros((65, 2))), "1 to 64 times"),
        ("frame", b"1234567", "must be float32 amounts"),
        ("frame", wire([np.nan, 0]), "must be from -3 to 3"),
        ("frame", wire([0, np.inf]), "must be from -3 to 3"),
        ("frame", wire([0, 3.1]), "amounts=3.1) must be from -3 to 3"),
        ("frames", wire([]), "1 to 64 times"),
        ("frames", wire(np.zeros((65, 2))), "1 to 64 times"),
    ],
)
def test_what_the_page_may_not_ask(page, decode, kind, buffer, words):
    answer, _ = page.ask(kind, buffer)
    assert not answer["ok"] and words in answer["error"]
    assert not decode.calls


@pytest.mark.parametrize(
    "fields",
    [
        {"count": -1, "p50": 1.0, "p95": 1.0},
        {"count": 1, "p50": float("nan"), "p95": 1.0},
        {"count": 1, "p50": 1.0, "p95": -1},
        {"count": 1.5, "p50": 1.0, "p95": 1.0},
        {"count": 1, "p50": None, "p95": 1.0},
        {"count": 1, "p50": True, "p95": 1.0},
        {"count": 1, "p50": 1.0},
    ],
)
def test_figures_that_are_none_are_refused(slider, page, fields):
    answer, _ = page.ask("settle", wire([1, 1]), **fields)
    assert not answer["ok"]
    assert slider.stats.count == 0 and slider.amounts.tolist() == [0, 0]


def test_a_prefetch_of_large_images_is_refused(make):
    page = Page(FactorSlider(make(decode=lambda hidden: np.zeros((len(hidden), 600, 500)))))
    answer, _ = page.ask("frames", wire(np.zeros((64, 2))))
    assert not answer["ok"] and "must be at most 16 MiB together" in answer["error"]
    _, (decoded, _) = page.ask("frames", wire(np.zeros((10, 2))))
    assert len(decoded) == 10 * 600 * 500 * 4
    assert 0 < len(page["_precomputed_decoded"]) <= 400_000
    assert page["_precomputed_step"] > 1


@given(st.binary(max_size=40))
def test_no_bytes_break_it(make, data):
    page = Page(FactorSlider(make(), precompute=False))
    for kind in ("frame", "frames"):
        page.ask(kind, data)
    assert shows(page, page.view.perturbation)


def test_errors_of_the_decoder_reach_the_page(slider, page, decode):
    decode.fails = True
    answer, _ = page.ask("frame", wire([1, 1]))
    assert answer["error"] == "LatentError: <b>no such latent</b>"
    answer, _ = page.ask("settle", wire([1, 1]), count=1, p50=1.0, p95=1.0)
    assert answer["error"] == "LatentError: <b>no such latent</b>"
    decode.fails = False
    assert shows(page, slider.perturbation.at([0, 0]))
    assert slider.stats.count == 0


def test_drags_and_cells_at_once_end_with_one_frame(slider, page):
    def drag(seed):
        for amounts in np.random.default_rng(seed).uniform(-3, 3, (20, 2)).astype(np.float32):
            answers.append(page.ask("frame", wire(amounts))[0])
            slider.amounts = amounts
            slider.base = int(10 * abs(amounts[0]))

    answers = []
    threads = [threading.Thread(target=drag, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 60 and all(answer["ok"] for answer in answers)
    assert shows(page, slider.perturbation.from_base(slider.base).at(slider.amounts))
