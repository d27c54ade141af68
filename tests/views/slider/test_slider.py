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

from nbinterp import FactorSlider
from nbinterp.views.base.page import page_data
from nbinterp.views.base.view import View
from nbinterp.views.export import to_html
from nbinterp.views.slider.precomputed import quantized
from nbinterp.views.slider.slider import Latency

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "slider" / "traits.ts"
# To the rounding of float32, which the size of a batch changes.
close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


@pytest.fixture
def slider(make, decode):
    view = FactorSlider(make(decode=decode))
    decode.calls.clear()
    view.sent = []
    view.send = lambda content, buffers=None: view.sent.append((content, buffers))
    return view


def wire(amounts):
    return memoryview(np.asarray(amounts, "<f4").tobytes())


def ask(view, kind, *buffers, **fields):
    view._receive(view, {"v": 1, "kind": kind, "seq": 1, **fields}, list(buffers))
    return view.sent.pop()


def shows(view, frame):
    """Return whether the traits are those of a frame of one step, and of its base."""
    np.testing.assert_allclose(view.amounts, frame.amounts[0], rtol=1e-6)
    for name in ("decoded", "outputs"):
        close(getattr(view, f"_frame_{name}"), getattr(frame, name)[0])
        close(getattr(view, f"_baseline_{name}"), getattr(frame, f"baseline_{name}"))
    mean = frame.base.startswith("mean of cluster")
    assert np.array_equal(view.base, "mean" if mean else np.squeeze(frame.base_samples))
    return view._base_name == frame.base


def test_the_page_knows_the_same_traits():
    source = TRAITS.read_text(encoding="utf-8")
    body = re.search(r"SliderTraits = ViewTraits & \{(.*?)\n\};", source, re.S).group(1)
    there = set(re.findall(r"^  (\w+):", body, re.M))
    assert set(FactorSlider.class_traits(sync=True)) - set(View.class_traits(sync=True)) == there


def test_shows_what_was_perturbed(make):
    source = make()
    view = FactorSlider(source)
    assert shows(view, source.at([0, 0]))
    assert view._factor_names == list(source.factor_names)
    assert view._output_names == ["logit 0", "logit 1", "logit 2"]
    assert (view._shape, view._feature_names, view._n_samples) == ([5, 4], [], 90)
    assert view._limits == [0, 1]
    assert view.span == 3
    assert not view._warning
    close(view._frame_decoded, view._baseline_decoded)


def test_a_perturbation_shows_itself(make):
    view = make().view(height=300)
    assert isinstance(view, FactorSlider) and view.height == 300


def test_one_step_is_where_the_sliders_stand(make):
    view = FactorSlider(make(amounts=[0.5, -1]))
    assert view.amounts.tolist() == [0.5, -1]


def test_the_span_reaches_what_the_source_holds(make):
    assert FactorSlider(make(amounts=[0.5, -7])).span == 7
    assert FactorSlider(make(amounts=[[0, 1], [4.5, 0]])).span == 4.5


def test_python_moves_the_sliders(slider):
    slider.amounts = [1, -0.25]
    assert shows(slider, slider.perturbation.at([1, -0.25]))
    slider.reset()
    assert shows(slider, slider.perturbation.at([0, 0]))


def test_the_page_moves_the_sliders(slider):
    slider.set_state({"amounts": wire([0.5, 2])})
    assert shows(slider, slider.perturbation.at([0.5, 2]))


def test_another_base(slider, make):
    slider.amounts = [1, -1]
    film = slider._precomputed_decoded
    slider.base = 3
    expected = make().from_base(3).at([1, -1])
    assert shows(slider, expected)
    assert slider._precomputed_decoded != film
    slider.set_state({"base": "mean"})
    assert slider._base_name == "mean of cluster 1"
    assert slider._precomputed_decoded == film


def test_base_and_amounts_at_once(slider, make):
    slider.set_state({"amounts": wire([1, 2]), "base": 8})
    assert shows(slider, make().from_base(8).at([1, 2]))


def test_the_film_is_of_this_base_and_span(slider):
    frames = np.frombuffer(slider._precomputed_decoded, np.uint8).reshape(2, 25, 20)
    outputs = slider._precomputed_outputs.reshape(2, 25, 3)
    turned = slider.perturbation.at([0, slider._precomputed_amounts[20]])
    assert abs(frames[1, 20].astype(int) - quantized(turned.decoded[0], (0.0, 1.0))).max() <= 1
    close(outputs[1, 20], turned.outputs[0])
    slider.span = 1.5
    assert slider._precomputed_amounts[[0, 12, 24]].tolist() == [-1.5, 0, 1.5]


def test_without_film(make, decode):
    view = FactorSlider(make(decode=decode), film=False)
    assert (
        view._precomputed_decoded,
        view._precomputed_amounts.size,
        view._precomputed_outputs.size,
    ) == (b"", 0, 0)
    decode.calls.clear()
    view.base = 5
    assert sum(decode.calls) == 2


def test_a_drag_is_answered_exactly(slider):
    answer, (decoded, outputs) = ask(slider, "frame", wire([0.3, -1.2]))
    assert answer["ok"]
    frame = slider.perturbation.at(np.float32([0.3, -1.2]))
    assert decoded == frame.decoded.tobytes()
    assert outputs == frame.outputs.tobytes()
    assert slider.amounts.tolist() == [0, 0]


def test_frames_ahead(slider):
    steps = np.linspace(-3, 3, 128).reshape(64, 2)
    answer, (decoded, outputs) = ask(slider, "frames", wire(steps))
    assert answer["ok"]
    frames = slider.perturbation.at(np.float32(steps))
    np.testing.assert_array_equal(np.frombuffer(decoded, "<f4"), frames.decoded.ravel())
    np.testing.assert_array_equal(np.frombuffer(outputs, "<f4"), frames.outputs.ravel())


def test_settling_keeps_the_last_frame_and_decodes_it_once(slider, decode):
    ask(slider, "frame", wire([0.3, -1.2]))
    answer, buffers = ask(slider, "settle", wire([0.3, -1.2]), count=40, p50=35.5, p95=80)
    assert answer["ok"] and not buffers
    assert decode.calls == [1]
    assert shows(slider, slider.perturbation.at([0.3, -1.2]))
    assert slider.stats == Latency(40, 35.5, 80.0)


def test_a_drag_looks_ahead_and_keeps_the_frame_where_the_hand_is(slider, decode):
    answer, (decoded, outputs) = ask(slider, "frame", wire([[0.3, -1.2], [0.35, -1.2]]))
    assert answer["ok"]
    ask(slider, "settle", wire([0.3, -1.2]), count=40, p50=35.5, p95=80)
    assert decode.calls == [2]
    ahead = slider.perturbation.at([0.35, -1.2])
    assert shows(slider, slider.perturbation.at([0.3, -1.2]))
    close(np.frombuffer(decoded, "<f4").reshape(2, -1)[1], ahead.decoded[0])
    close(np.frombuffer(outputs, "<f4").reshape(2, -1)[1], ahead.outputs[0])


@pytest.mark.parametrize(
    ("kind", "buffer", "words"),
    [
        ("frame", wire([1]), "must be float32 amounts of 2 factors"),
        ("frame", wire(np.zeros((65, 2))), "1 to 64 times"),
        ("frame", memoryview(b"1234567"), "must be float32 amounts"),
        ("frame", wire([np.nan, 0]), "must be from -3 to 3"),
        ("frame", wire([0, np.inf]), "must be from -3 to 3"),
        ("frame", wire([0, 3.1]), "amounts of 3.1 must be from -3 to 3"),
        ("frames", wire([]), "1 to 64 times"),
        ("frames", wire(np.zeros((65, 2))), "1 to 64 times"),
    ],
)
def test_what_the_page_may_not_ask(slider, decode, kind, buffer, words):
    answer, _ = ask(slider, kind, buffer)
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
def test_figures_that_are_none_are_refused(slider, fields):
    answer, _ = ask(slider, "settle", wire([1, 1]), **fields)
    assert not answer["ok"]
    assert slider.stats.count == 0 and slider.amounts.tolist() == [0, 0]


def test_a_prefetch_of_large_images_is_refused(make):
    view = FactorSlider(make(decode=lambda hidden: np.zeros((len(hidden), 600, 500))))
    with pytest.raises(ValueError, match="must be at most 16 MiB together"):
        view.frames(wire(np.zeros((64, 2))))
    assert len(view.frames(wire(np.zeros((10, 2)))).buffers[0]) == 10 * 600 * 500 * 4
    assert 0 < len(view._precomputed_decoded) <= 400_000
    assert view._precomputed_step > 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"amounts": wire([1])}, "amounts must be 2 numbers, one a factor, not 1"),
        ({"amounts": wire([np.nan, 0])}, "must be from -3 to 3"),
        ({"amounts": wire([50, 0])}, "must be from -3 to 3"),
        ({"span": 0.0}, "span must be above 0"),
        ({"span": float("inf")}, "span must be above 0, finite"),
    ],
)
def test_wrong_state_of_the_page_is_refused_and_sent_again(slider, state, words):
    before, sent = slider.get_state(), []
    slider.send_state = sent.append
    with pytest.raises(traitlets.TraitError, match=re.escape(words)):
        slider.set_state(state)
    assert slider.get_state() == before
    ((notice, _),) = slider.sent
    assert words in notice["error"]
    assert sent[-1] == list(state)


@given(st.binary(max_size=40))
def test_no_bytes_break_it(make, data):
    view = FactorSlider(make(), film=False)
    view.send = lambda content, buffers=None: content
    for kind in ("frame", "frames"):
        view._receive(view, {"v": 1, "kind": kind, "seq": 1}, [memoryview(data)])
    assert shows(view, view.perturbation)


def test_errors_of_the_decoder_reach_the_page(slider, decode):
    decode.fails = True
    answer, _ = ask(slider, "frame", wire([1, 1]))
    assert answer["error"] == "LatentError: <b>no such latent</b>"
    answer, _ = ask(slider, "settle", wire([1, 1]), count=1, p50=1.0, p95=1.0)
    assert answer["error"] == "LatentError: <b>no such latent</b>"
    decode.fails = False
    assert shows(slider, slider.perturbation.at([0, 0]))
    assert slider.stats.count == 0


@pytest.mark.parametrize(
    "state",
    [{"amounts": wire([1, 1])}, {"base": 4}, {"span": 5.0}, {"amounts": wire([1, 1]), "base": 4}],
)
def test_what_cannot_be_decoded_leaves_all_as_it_was(slider, decode, state):
    before = slider.get_state()
    decode.fails = True
    with pytest.raises(Exception, match="no such latent"):
        slider.set_state(state)
    assert slider.get_state() == before
    assert slider.sent[0][0]["error"] == "LatentError: <b>no such latent</b>"
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


def test_callbacks_get_the_frame(slider):
    seen = []
    stop = slider.on_change(seen.append)
    slider.amounts = [1, 0]
    ask(slider, "frame", wire([2, 0]))
    ask(slider, "settle", wire([2, 0]), count=1, p50=1.0, p95=1.0)
    slider.amounts = [2, 0]
    slider.base = 9
    assert [frame.amounts[0].tolist() for frame in seen] == [[1, 0], [2, 0], [2, 0]]
    assert [frame.base_index for frame in seen] == [-1, -1, 9]
    assert seen[-1] is slider.perturbation
    stop()
    slider.reset()
    assert len(seen) == 3


def test_showing_other_factors(slider, make):
    seen = []
    slider.on_change(seen.append)
    slider.amounts = [1, 1]
    slider.show(make(factor=1, base=12, amounts=[0.5], decode=None))
    assert slider._factor_names == list(make(factor=1).factor_names)
    assert (slider.amounts.tolist(), slider.base) == ([0.5], 12)
    assert (slider._shape, slider._precomputed_decoded, slider._frame_decoded.size) == ([], b"", 0)
    assert slider._precomputed_outputs.size == 25 * 3
    assert len(seen) == 2
    slider.show(make())
    assert (slider.amounts.tolist(), slider.base, slider._shape) == ([0, 0], "mean", [5, 4])


def test_data_that_are_no_images(make):
    view = FactorSlider(make(decode=lambda hidden: hidden[:, :3], feature_names=["a", "b", "c"]))
    assert (view._shape, view._feature_names) == ([], ["a", "b", "c"])
    assert FactorSlider(make(decode=lambda h: h[:, :2]))._feature_names == ["x0", "x1"]


def test_colours(make):
    view = FactorSlider(make(decode=lambda hidden: np.ones((len(hidden), 3, 7, 8))))
    assert view._shape == [7, 8, 3]
    assert view._baseline_decoded.size == 168


def test_values_that_are_not_finite_are_said(make):
    view = FactorSlider(make(decode=lambda hidden: hidden * np.nan))
    assert view._warning == "Some decoded values are not finite."
    assert view.snapshot()[1:4] == b"PNG"
    json.dumps(page_data([view]), allow_nan=False)


def test_drags_and_cells_at_once_end_with_one_frame(slider):
    def drag(seed):
        for amounts in np.random.default_rng(seed).uniform(-3, 3, (20, 2)).astype(np.float32):
            slider._receive(slider, {"v": 1, "kind": "frame", "seq": 1}, [wire(amounts)])
            slider.amounts = amounts
            slider.base = int(10 * abs(amounts[0]))

    threads = [threading.Thread(target=drag, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(content["ok"] for content, _ in slider.sent)
    assert shows(slider, slider.perturbation.from_base(slider.base).at(slider.amounts))


def test_describes_itself(slider):
    slider.amounts = [0, 1.5]
    name = slider._factor_names[1]
    text = f"FactorSlider(mean of cluster 1 in '1'; {name}: 1.5; largest output: "
    assert repr(slider).startswith(text)
    data, _ = slider._repr_mimebundle_()
    assert data["text/plain"] == repr(slider) and data["image/png"]


def test_a_page_holds_the_film(slider, tmp_path):
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
    assert entry["state"]["_factor_names"] == slider._factor_names
    assert to_html(slider, tmp_path / "slider.html").stat().st_size > 0


@pytest.mark.parametrize(
    ("options", "words", "kind"),
    [
        ({"source": [[1.0]]}, "must be a Perturbation", TypeError),
        ({"span": 0}, "must be above 0", ValueError),
        ({"span": float("nan")}, "must be above 0", ValueError),
        ({"film": "yes"}, "must be True or False", TypeError),
        ({"height": 10}, "must be at least 200", ValueError),
    ],
)
def test_bad_arguments(make, options, words, kind):
    with pytest.raises(kind, match=words):
        FactorSlider(**({"source": make()} | options))
