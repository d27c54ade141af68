import json
import re
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st
from views.page import Page, wire

from nbinterp import FactorSlider
from nbinterp.views.base.page import page_data
from nbinterp.views.base.view import View
from nbinterp.views.export import to_html
from nbinterp.views.slider.precomputed import quantized
from nbinterp.views.slider.requests import Latency

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "slider" / "traits.ts"
# To the rounding of float32, which the size of a batch changes.
close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


@pytest.fixture
def slider(make, decode):
    view = FactorSlider(make(decode=decode))
    decode.calls.clear()
    return view


@pytest.fixture
def page(slider):
    return Page(slider)


def shows(page, frame):
    """Return whether a page shows a frame of one step, and its base."""
    view = page.view
    np.testing.assert_allclose(view.amounts, frame.amounts[0], rtol=1e-6)
    for name in ("decoded", "outputs"):
        close(page.array(f"_frame_{name}"), getattr(frame, name)[0])
        close(page.array(f"_baseline_{name}"), getattr(frame, f"baseline_{name}"))
    mean = frame.base_name.startswith("mean of cluster")
    assert np.array_equal(view.base, "mean" if mean else np.squeeze(frame.base_samples))
    return page["_base_name"] == frame.base_name


def test_the_page_knows_the_same_traits():
    source = TRAITS.read_text(encoding="utf-8")
    body = re.search(r"SliderTraits = ViewTraits & \{(.*?)\n\};", source, re.S).group(1)
    there = set(re.findall(r"^  (\w+):", body, re.M))
    assert set(FactorSlider.class_traits(sync=True)) - set(View.class_traits(sync=True)) == there


def test_shows_what_was_perturbed(make):
    source = make()
    page = Page(FactorSlider(source))
    assert shows(page, source.at([0, 0]))
    assert page["_factor_names"] == list(source.factor_names)
    assert page["_output_names"] == ["logit 0", "logit 1", "logit 2"]
    assert (page["_shape"], page["_feature_names"], page["_n_samples"]) == ([5, 4], [], 90)
    assert page["_limits"] == [0, 1]
    assert page["span"] == 3
    assert not page["_warning"]
    close(page.array("_frame_decoded"), page.array("_baseline_decoded"))


def test_a_perturbation_shows_itself(make):
    view = make().view(height=300)
    assert isinstance(view, FactorSlider) and view.height == 300


def test_one_step_is_where_the_sliders_stand(make):
    view = FactorSlider(make(amounts=[0.5, -1]))
    assert view.amounts.tolist() == [0.5, -1]


def test_the_span_reaches_what_the_source_holds(make):
    assert FactorSlider(make(amounts=[0.5, -7])).span == 7
    assert FactorSlider(make(amounts=[[0, 1], [4.5, 0]])).span == 4.5


def test_python_moves_the_sliders(slider, page):
    slider.amounts = [1, -0.25]
    assert shows(page, slider.perturbation.at([1, -0.25]))
    assert page.array("amounts").tolist() == [1, -0.25]
    slider.reset()
    assert shows(page, slider.perturbation.at([0, 0]))


def test_the_page_moves_the_sliders(slider, page):
    page.set(amounts=wire([0.5, 2]))
    assert shows(page, slider.perturbation.at([0.5, 2]))


def test_another_base(slider, page, make):
    slider.amounts = [1, -1]
    frames = page["_precomputed_decoded"]
    slider.base = 3
    expected = make().from_base(3).at([1, -1])
    assert shows(page, expected)
    assert page["_precomputed_decoded"] != frames
    page.set(base="mean")
    assert page["_base_name"] == "mean of cluster 1"
    assert page["_precomputed_decoded"] == frames


def test_means_of_as_many_samples_are_different_bases(slider, page, make):
    still = make(amounts=[0, 0])
    for rows in ([2, 40], [3, 41]):
        slider.base = rows
        assert shows(page, still.from_base(rows))
        frames = page.array("_precomputed_outputs").reshape(2, 25, 3)
        close(frames[0, 12], still.from_base(rows).outputs[0])
        answer, (_, outputs) = page.ask("frame", wire([1, 0]))
        assert answer["ok"]
        close(np.frombuffer(outputs, "<f4"), still.from_base(rows).at([1, 0]).outputs[0])


def test_base_and_amounts_at_once(page, make):
    page.set(amounts=wire([1, 2]), base=8)
    assert shows(page, make().from_base(8).at([1, 2]))


def test_precomputed_frames_are_of_this_base_and_span(slider, page):
    frames = page.array("_precomputed_decoded", "u1").reshape(2, 25, 20)
    outputs = page.array("_precomputed_outputs").reshape(2, 25, 3)
    moved = slider.perturbation.at([0, page.array("_precomputed_amounts")[20]])
    assert abs(frames[1, 20].astype(int) - quantized(moved.decoded[0], (0.0, 1.0))).max() <= 1
    close(outputs[1, 20], moved.outputs[0])
    slider.span = 1.5
    assert page.array("_precomputed_amounts")[[0, 12, 24]].tolist() == [-1.5, 0, 1.5]


def test_without_precomputed_frames(make, decode):
    view = FactorSlider(make(decode=decode), precompute=False)
    state = view.get_state()
    for name in ("decoded", "amounts", "outputs"):
        assert bytes(state[f"_precomputed_{name}"]) == b""
    decode.calls.clear()
    view.base = 5
    assert sum(decode.calls) == 2


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
        ("frame", wire([0, 3.1]), "amounts of 3.1 must be from -3 to 3"),
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


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"amounts": wire([1])}, "amounts must be 2 numbers, one per factor, not 1"),
        ({"amounts": wire([np.nan, 0])}, "must be from -3 to 3"),
        ({"amounts": wire([50, 0])}, "must be from -3 to 3"),
        ({"span": 0.0}, "span must be above 0"),
        ({"span": float("inf")}, "span must be above 0, finite"),
    ],
)
def test_wrong_state_of_the_page_is_refused_and_sent_again(slider, page, state, words):
    before = slider.get_state()
    with pytest.raises(traitlets.TraitError, match=re.escape(words)):
        slider.set_state(state)
    assert slider.get_state() == before
    (notice,) = page.notices()
    assert words in notice["error"]
    assert list(page.updates[-1]) == list(state)


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


@pytest.mark.parametrize(
    "state",
    [{"amounts": wire([1, 1])}, {"base": 4}, {"span": 5.0}, {"amounts": wire([1, 1]), "base": 4}],
)
def test_what_cannot_be_decoded_leaves_all_as_it_was(slider, page, decode, state):
    before = slider.get_state()
    decode.fails = True
    with pytest.raises(Exception, match="no such latent"):
        slider.set_state(state)
    assert slider.get_state() == before
    assert page.notices()[0]["error"] == "LatentError: <b>no such latent</b>"
    decode.fails = False
    slider.set_state(state)
    assert slider.get_state() != before


def test_an_interrupt_leaves_all_as_it_was(make):
    def decode(hidden):
        if interrupting:
            raise KeyboardInterrupt
        return hidden

    interrupting = False
    view = FactorSlider(make(decode=decode))
    interrupting = True
    with pytest.raises(KeyboardInterrupt):
        view.amounts = [1, 1]
    assert view.amounts.tolist() == [0, 0]


def test_callbacks_get_the_frame(slider, page):
    seen = []
    stop = slider.on_change(seen.append)
    slider.amounts = [1, 0]
    page.ask("frame", wire([2, 0]))
    page.ask("settle", wire([2, 0]), count=1, p50=1.0, p95=1.0)
    slider.amounts = [2, 0]
    slider.base = 9
    assert [frame.amounts[0].tolist() for frame in seen] == [[1, 0], [2, 0], [2, 0]]
    assert [frame.base for frame in seen] == ["mean", "mean", 9]
    assert seen[-1] is slider.perturbation
    stop()
    slider.reset()
    assert len(seen) == 3


def test_showing_other_factors(slider, page, make):
    seen = []
    slider.on_change(seen.append)
    slider.amounts = [1, 1]
    slider.show(make(factor=1, base=12, amounts=[0.5], decode=None))
    assert page["_factor_names"] == list(make(factor=1).factor_names)
    assert (slider.amounts.tolist(), slider.base) == ([0.5], 12)
    assert (page["_shape"], page["_precomputed_decoded"], page["_frame_decoded"]) == ([], b"", b"")
    assert page.array("_precomputed_outputs").size == 25 * 3
    assert len(seen) == 2
    slider.show(make())
    assert (slider.amounts.tolist(), slider.base, page["_shape"]) == ([0, 0], "mean", [5, 4])


def test_data_that_are_no_images(make):
    page = Page(
        FactorSlider(make(decode=lambda hidden: hidden[:, :3], feature_names=["a", "b", "c"]))
    )
    assert (page["_shape"], page["_feature_names"]) == ([], ["a", "b", "c"])
    unnamed = Page(FactorSlider(make(decode=lambda hidden: hidden[:, :2])))
    assert unnamed["_feature_names"] == ["x0", "x1"]


def test_colours(make):
    page = Page(FactorSlider(make(decode=lambda hidden: np.ones((len(hidden), 3, 7, 8)))))
    assert page["_shape"] == [7, 8, 3]
    assert page.array("_baseline_decoded").size == 168


def test_values_that_are_not_finite_are_said(make):
    view = FactorSlider(make(decode=lambda hidden: hidden * np.nan))
    assert Page(view)["_warning"] == "Some decoded values are not finite."
    assert view.snapshot()[1:4] == b"PNG"
    json.dumps(page_data([view]), allow_nan=False)


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


def test_describes_itself(slider, page):
    slider.amounts = [0, 1.5]
    name = page["_factor_names"][1]
    text = f"FactorSlider(mean of cluster 1 in '1'; {name}: 1.5; largest output: "
    assert repr(slider).startswith(text)
    data, _ = slider._repr_mimebundle_()
    assert data["text/plain"] == repr(slider) and data["image/png"]


def test_an_exported_page_holds_the_precomputed_frames(slider, page, tmp_path):
    slider.amounts = [1, 0]
    entry = page_data([slider])["views"][slider.model_id]
    kept = {buffer["path"][0] for buffer in entry["buffers"]}
    assert {
        "_precomputed_decoded",
        "_precomputed_amounts",
        "_precomputed_outputs",
        "_frame_decoded",
        "amounts",
    } <= kept
    assert entry["state"]["_factor_names"] == page["_factor_names"]
    assert to_html(slider, tmp_path / "slider.html").stat().st_size > 0


@pytest.mark.parametrize(
    ("options", "words", "kind"),
    [
        ({"source": [[1.0]]}, "must be a Perturbation", TypeError),
        ({"span": 0}, "must be above 0", ValueError),
        ({"span": float("nan")}, "must be above 0", ValueError),
        ({"precompute": "yes"}, "must be True or False", TypeError),
        ({"height": 10}, "must be at least 200", ValueError),
    ],
)
def test_bad_arguments(make, options, words, kind):
    with pytest.raises(kind, match=words):
        FactorSlider(**({"source": make()} | options))
