"""What is no classifier has no right answers to count, and is refused by name."""

import warnings

import numpy as np
import pytest
import torch
from network.worlds import factors_of, seeded
from torch import nn

from nbinterp.network import ablation_study
from nbinterp.network.ablation.classes import check_answers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 16)).astype(np.float32)
CLASSES = np.arange(120) % 5


def study_of(n_outputs, y, model=None, data=X):
    model = model or seeded(
        lambda: nn.Sequential(nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, n_outputs))
    )
    factors = factors_of([f"1[{i}]" for i in range(6)], RNG.random(6))
    return ablation_study(
        model, data, factors, layer="1", y=y, sizes=[2], n_random=3, progress=False
    )


@pytest.mark.parametrize(
    ("n_outputs", "y", "match"),
    [
        (1, CLASSES, r"^ablation_study\(model\) with one output must have one output per class"),
        (1, X[:, 0], r"with one output"),
        (
            3,
            X[:, 0],
            r"^ablation_study\(y=.*of float32\) must be the class of each sample, a whole",
        ),
        (3, (CLASSES % 3).astype(float), r"Pass y.astype\(int\)"),
        (16, CLASSES, r"^ablation_study\(model\) must be a classifier, but the largest of 16 out"),
    ],
)
def test_what_has_no_classes_is_refused(n_outputs, y, match):
    with pytest.raises(ValueError, match=match):
        study_of(n_outputs, y)


def test_wrong_numbers_of_classes_are_told():
    # A head of 40 outputs whose classes were numbered anew from 0.
    with pytest.warns(UserWarning, match=r"no more than the 20.0% of a guess among the 5 classes"):
        study_of(40, CLASSES)


def head(n_outputs, places):
    """A classifier of the first inputs that is right: their largest is the class, at `places`."""
    model = nn.Sequential(nn.Linear(16, 6), nn.Identity(), nn.Linear(6, n_outputs))
    with torch.no_grad():
        for part in (model[0], model[2]):
            part.weight.zero_()
            part.bias.zero_()
        model[0].weight[:6, :6] = torch.eye(6)
        model[2].bias -= 50
        for at, place in enumerate(places):
            model[2].weight[place, at] = 1
            model[2].bias[place] = 0
    return model


@pytest.mark.parametrize(
    ("n_outputs", "places"),
    [(1000, [7, 281, 400, 812, 999]), (16, [0, 3, 5, 9, 15]), (5, range(5)), (6, range(5))],
)
def test_a_real_classifier_is_never_doubted(n_outputs, places):
    places = np.array(places)
    answers = X[:, : len(places)].argmax(axis=1)
    wrong = np.where(np.arange(120) % 3 == 0, (answers + 1) % len(places), answers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = study_of(n_outputs, places[wrong], head(n_outputs, places))
    assert study.accuracy[0] == pytest.approx(2 / 3)


def test_an_untrained_classifier_is_not_doubted():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study_of(5, CLASSES)
        study_of(16, np.arange(120) % 16)


FORMS = {
    "a column": lambda y: y[:, None],
    "texts of numbers": lambda y: y.astype(str),
    "whole numbers in objects": lambda y: y.astype(object),
}
FLAGS = {"flags": lambda y: y == 1, "a column of flags": lambda y: (y == 1)[:, None]}


@pytest.mark.parametrize("form", [*FORMS, *FLAGS])
def test_the_class_of_a_sample_in_any_form(form):
    n_outputs = 2 if form in FLAGS else 5
    y = CLASSES % n_outputs
    model = head(n_outputs, range(n_outputs))
    found = study_of(n_outputs, (FORMS | FLAGS)[form](y), model)
    np.testing.assert_array_equal(found.baseline, study_of(n_outputs, y, model).baseline)


def test_texts_count_in_the_order_that_is_told():
    names = np.array(["ant", "bee", "cat", "dog", "eel"])
    with pytest.warns(UserWarning, match=r"^ablation_study\(y\) holds texts.*'ant' is output 0"):
        found = study_of(5, names[CLASSES], head(5, range(5)))
    np.testing.assert_array_equal(found.baseline, study_of(5, CLASSES, head(5, range(5))).baseline)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (np.eye(5)[CLASSES], r"not a column per class. Pass the place of the largest: y.argmax"),
        (RNG.random((120, 5)) > 0.5, r"must be one class per sample, but rows have from 0 to"),
        (CLASSES > 2, "as flags tell two classes apart"),
        (np.array(["a", "b", "c"])[CLASSES % 3], "name 3 classes of 5"),
    ],
)
def test_what_is_no_single_class_is_refused_with_the_way_out(y, match):
    with pytest.raises(ValueError, match=rf"^ablation_study\(y=.*{match}"):
        study_of(5, y)


@pytest.mark.parametrize(
    ("n_inputs", "change", "is_one"),
    [
        (16, lambda x: torch.zeros_like(x), True),  # untrained: only its size tells
        (784, lambda x: x * 2, True),
        (4, lambda x: x * 2 + 1, True),
        (4, lambda x: x.roll(1, dims=1), False),
        (16, lambda x: x[:, :10], False),
    ],
)
def test_outputs_of_the_size_of_the_input(n_inputs, change, is_one):
    batch = torch.randn(64, n_inputs, generator=torch.Generator().manual_seed(0))
    if not is_one:
        check_answers(batch, change(batch))
        return
    with pytest.raises(ValueError, match=rf"its {n_inputs} outputs have the size of a sample"):
        check_answers(batch, change(batch))
