"""Labels of samples: their values, and the class of each, or words that say how to get it."""

import numpy as np
import pandas as pd
import pytest
import torch

from nbinterp import _checks

DATES = pd.date_range("2020-01-01", periods=3)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (pd.array([1, 0, 1], dtype="Int64"), [1, 0, 1]),
        (pd.Series([True, False, True], dtype="boolean"), [True, False, True]),
        (pd.Categorical(["u", "v", "u"], categories=list("uvw")), ["u", "v", "u"]),
        (torch.tensor([1.0, 0.0, 1.0], dtype=torch.bfloat16), [1.0, 0.0, 1.0]),
        ([torch.tensor(1), torch.tensor(0), torch.tensor(1)], [1, 0, 1]),
        (np.ma.masked_array([1, 0, 1], mask=False), [1, 0, 1]),
        (DATES, DATES.to_numpy().tolist()),
    ],
)
def test_labels_keep_their_values(given, wanted):
    assert _checks.labels("y", given, 3).tolist() == wanted
    assert _checks.groups("clusters", given, 3).tolist() == wanted


def test_labels_that_are_refused():
    with pytest.raises(TypeError, match=r"\(y=.*must be numbers, texts or dates, not complex128"):
        _checks.labels("y", [1j, 2, 3], 3)
    with pytest.raises(ValueError, match="must name the group of each sample"):
        _checks.groups("clusters", np.ma.masked_array([1, 0, 1], mask=[0, 1, 0]), 3)
    with pytest.raises(ValueError, match="must name the group of each sample"):
        _checks.groups("clusters", pd.array([1, None, 1], dtype="Int64"), 3)


def test_a_column_for_each_label_is_refused_with_the_way_out():
    for name in ("clusters", "y"):
        with pytest.raises(ValueError, match=rf"not a column per class. .*{name}.argmax\(1\)"):
            _checks.groups(name, np.eye(3), 3)


def test_another_order_of_the_samples_shows_in_the_index():
    data = pd.DataFrame({"a": range(4)}, index=list("wxyz"))
    y = pd.Series([0, 1, 0, 1], index=list("wxyz"))
    for value in (y, y.to_numpy(), y.reset_index(drop=True), pd.DataFrame(y), None, y[:3]):
        _checks.same_order("y", value, data)
    _checks.same_order("y", y[::-1], data.to_numpy())
    for value in (y[::-1], pd.DataFrame(y[::-1])):
        with pytest.raises(ValueError, match=r"\(y\) must be in the order of the data, .*y\.loc"):
            _checks.same_order("y", value, data)
    _checks.same_order("y", y[::-1].loc[data.index], data)


NUMBERS = [0, 2, 1, 2]


@pytest.mark.parametrize(
    "given",
    [
        np.array(NUMBERS),
        np.array(NUMBERS)[:, None],
        pd.DataFrame({"y": NUMBERS}),
        [[number] for number in NUMBERS],
        torch.tensor(NUMBERS, dtype=torch.uint8),
        torch.tensor(NUMBERS)[:, None],
        [torch.tensor(number) for number in NUMBERS],
        np.array(NUMBERS, dtype=object),
        pd.array(NUMBERS, dtype="Int64"),
        [str(number) for number in NUMBERS],
        pd.Categorical([str(number) for number in NUMBERS]),
        np.array([b"0", b"2", b"1", b"2"]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_one_class_a_sample_is_taken_in_any_form(given):
    assert _checks.classes("y", given, 4, 3).tolist() == NUMBERS


@pytest.mark.parametrize(
    "given",
    [[True, False, True], np.array([[1], [0], [1]], bool), pd.array([1, 0, 1], dtype="boolean"),
     np.array([True, False, True], dtype=object), torch.tensor([True, False, True])],
)  # fmt: skip
def test_flags_are_two_classes(given):
    assert _checks.classes("y", given, 3, 2).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"from 0 to 4, as flags tell two classes apart"):
        _checks.classes("y", given, 3, 5)


TEXTS = ["dog", "cat", "eel", "cat"]


def test_texts_are_classes_in_an_order_that_is_told():
    for given in (TEXTS, np.array(TEXTS)[:, None], pd.Series(TEXTS), np.array(TEXTS, object)):
        with (
            _checks.call("study"),
            pytest.warns(
                UserWarning,
                match=r"^study\(y\) .* the alphabet: 'cat' is output 0, 'dog' is output 1, 'eel' "
                r"is output 2. If the model has another order, pass \[order.index",
            ),
        ):
            assert _checks.classes("y", given, 4, 3).tolist() == [1, 0, 2, 0]
    order = ["fly", "eel", "dog", "cat"]  # a level without samples too
    with pytest.warns(UserWarning, match="their categories: 'fly' is output 0"):
        found = _checks.classes("y", pd.Categorical(TEXTS, categories=order), 4, 4)
    assert found.tolist() == [2, 3, 1, 3]


@pytest.mark.parametrize(
    ("given", "n_outputs", "match"),
    [
        (np.eye(3)[NUMBERS], 3, r"not a column per class. Pass the place .* y.argmax\(1\)"),
        (torch.eye(3)[NUMBERS], 3, r"y.argmax\(1\)"),
        (np.full((4, 3), 1 / 3), 3, r"y.argmax\(1\)"),
        (np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 1]]), 3, "rows have from 0 to 2. Ask f"),
        ([[0], [0, 2], [1], []], 3, "some have several"),
        (np.array(NUMBERS, float), 3, r"of float64\) must be the class .* y.astype\(int\)"),
        ([0.5, 1.0, 2.0, 0.0], 3, "a whole number"),
        (np.array([0.5, 1, 2, 0], object), 3, "a whole number"),
        (["a", 1, "b", 2], 3, "a whole number, a text or a flag"),
        (np.array(["a", 1, "b", 2], object), 3, "a whole number, a text or a flag"),
        (TEXTS, 5, r"as these texts name 3 classes of 5. Pass \[order.index\(text\)"),
        (["0", "3", "1", "1"], 3, "from 0 to 2"),
        ([0, 3, 1, 1], 3, "from 0 to 2"),
        ([0, -1, 1, 1], 3, "from 0 to 2"),
        (["a", None, "b", "b"], 2, "some are NaN or None"),
        (pd.array([0, None, 1, 1], dtype="Int64"), 2, "some are NaN or None"),
        (NUMBERS[:3], 3, "one label per sample, 4"),
        (np.eye(3), 3, "one label per sample, 4"),
        (pd.date_range("2020-01-01", periods=4), 4, "must be the class of each sample"),
    ],
)
def test_what_is_no_class_is_refused_with_the_way_out(given, n_outputs, match):
    with _checks.call("study"), pytest.raises(ValueError, match=match) as caught:
        _checks.classes("y", given, 4, n_outputs)
    assert str(caught.value).startswith("study(y=")


def test_a_table_of_one_column_keeps_the_order_of_its_categories():
    given = pd.DataFrame({"y": pd.Categorical(TEXTS, categories=["eel", "dog", "cat"])})
    with _checks.call("test"), pytest.warns(UserWarning, match="the order of their categories"):
        assert _checks.classes("y", given, 4, 3).tolist() == [1, 2, 0, 2]
