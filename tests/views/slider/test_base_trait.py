"""What a slider edits: the mean of its factors' samples, a row, or the mean of several rows."""

import re

import numpy as np
import pytest
import traitlets
from views.page import Page

from nbinterp import FactorSlider


def edits(view, expected):
    """Return whether the frame that is shown is one of the expected base."""
    np.testing.assert_allclose(view.perturbation.outputs, expected.outputs, rtol=1e-5, atol=1e-6)
    return view.perturbation.base_name == expected.base_name


@pytest.fixture
def slider(make):
    return FactorSlider(make(), precompute=False)


def test_the_base_may_be_rows_of_which_the_mean_is_edited(slider, make):
    still = make(amounts=[0, 0])
    seen = []
    slider.observe(lambda change: seen.append((change["old"], change["new"])), "base")
    slider.base = [7, 3, 7]
    assert slider.base.tolist() == [3, 7] and slider.base.dtype == np.int64
    assert edits(slider, still.from_base([3, 7]))
    slider.base = np.isin(np.arange(90), [3, 7])  # a mask of the same rows
    slider.base = [5, 8]
    assert edits(slider, still.from_base([5, 8]))
    slider.base = np.int64(3)
    assert slider.base == 3 and type(slider.base) is int
    slider.base = [4]
    assert slider.base == 4 and edits(slider, still.from_base(4))
    slider.base = "mean"
    assert edits(slider, still)
    told = [[np.asarray(value).tolist() for value in pair] for pair in seen]
    assert told == [["mean", [3, 7]], [[3, 7], [5, 8]], [[5, 8], 3], [3, 4], [4, "mean"]]


def test_rows_cross_the_wire_as_bytes(slider, make):
    rows = np.array([2, 40], "<u4").tobytes()
    slider.set_state({"base": memoryview(rows)})
    assert edits(slider, make(amounts=[0, 0]).from_base([2, 40]))
    assert bytes(slider.get_state("base")["base"]) == rows


def test_a_base_of_rows_compares_with_a_text_by_one_answer(slider):
    slider.base = [2, 40]
    assert (slider.base == "mean") is False and (slider.base != "mean") is True


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (90, "FactorSlider(base=90) must be at most the last sample, 89"),
        (-2, "FactorSlider(base=-2) must be at least 0"),
        (-3, "FactorSlider(base=-3) must be at least 0"),
        ("x", 'the row number of a sample, rows of samples, or "mean"'),
        (None, 'the row number of a sample, rows of samples, or "mean"'),
        (True, 'the row number of a sample, rows of samples, or "mean"'),
        (1.5, "must be a list of sample indices"),
        (b"", "must hold at least 1 sample"),
        (np.array([3, 90], "<u4").tobytes(), "must hold indices from 0 to 89"),
    ],
)
def test_wrong_bases_of_the_page_are_refused_and_sent_again(slider, base, words):
    before, page = slider.get_state(), Page(slider)
    with pytest.raises(traitlets.TraitError, match=re.escape(words)):
        slider.set_state({"base": base})
    assert slider.get_state() == before
    (notice,) = page.notices()
    assert words in notice["error"]
    assert list(page.updates[-1]) == ["base"]


def test_what_was_selected_is_let_go_again(slider):
    slider.show_selection([2, 40])
    assert slider.base.tolist() == [2, 40]
    slider.show_selection([])
    assert slider.base == "mean"
    slider.show_selection([6])
    slider.base = 7
    slider.show_selection([])
    assert slider.base == 7


def test_sliders_are_linked_by_traitlets(slider, make):
    other = FactorSlider(make(), precompute=False)
    bound = [traitlets.link((slider, name), (other, name)) for name in ("base", "amounts")]
    slider.base, slider.amounts = [1, 2], [0.5, -1]
    assert edits(other, slider.perturbation) and other.amounts.tolist() == [0.5, -1]
    other.base, other.amounts = "mean", [0, 1]
    assert edits(slider, other.perturbation) and slider.amounts.tolist() == [0, 1]
    for one in bound:
        one.unlink()
