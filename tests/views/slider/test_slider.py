import json
import re
from pathlib import Path

import numpy as np
import pytest
import traitlets
from views.page import Page, displayed, wire
from views.slider.shown import close, shows

from nbinterp import FactorSlider
from nbinterp.views.base.page import page_data
from nbinterp.views.base.view import View
from nbinterp.views.export import to_html
from nbinterp.views.slider.precomputed import quantized

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "slider" / "traits.ts"


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


def test_describes_itself(slider, page):
    slider.amounts = [0, 1.5]
    name = page["_factor_names"][1]
    text = f"FactorSlider(mean of cluster 1 in '1'; {name}: 1.5; largest output: "
    assert repr(slider).startswith(text)
    data = displayed(slider)
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
