"""Which tensor of several is the output of a model: by its name, by convention, or none."""

import re
import warnings
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from network.worlds import factors_of, seeded
from torch import nn

from nbinterp import LinearDistance, SmoothHess, Subject, check, perturb, record
from nbinterp.network import ablated, ablation_study
from nbinterp.network.subject.output import main_output, read_output

X = torch.from_numpy(np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32))
A, B, WIDE = torch.ones(30, 3), torch.zeros(30, 3), torch.ones(30, 8)
LOSS, MASK, STATE = torch.tensor(0.5), torch.ones(30, 3, dtype=torch.int64), torch.ones(1, 30, 8)
Two = namedtuple("Two", ["hidden", "logits"])
GIVEN = factors_of([f"h[{node}]" for node in range(8)], np.arange(1.0, 9.0))


class Answers(OrderedDict):
    """A dict of outputs with a type of its own, like those of transformers."""


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (A, A),
        ({"scores": A}, A),
        ({"hidden": B, "logits": A, "loss": LOSS}, A),
        (Answers(loss=None, logits=A, cache=(B, B)), A),
        (Two(B, A), A),
        ({"loss": LOSS, "scores": A}, A),
        ({"mask": MASK, "scores": A}, A),
        ({"numbers": MASK}, MASK),
        ((A,), A),
        ([A], A),
        ((A, None, LOSS), A),
    ],
)
def test_what_is_plain_is_taken_without_a_word(returned, expected):
    found = read_output(returned)
    assert found.tensor is expected is main_output(returned)
    assert (found.note, found.fault) == ("", None)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ((A, WIDE), r"returns a tuple of \(b, 3\) and \(b, 8\): the first is taken .*\[1\]"),
        ((A, (STATE, STATE)), r"a tuple of \(b, 3\) and a tuple: the first is taken"),
        ((A, WIDE, WIDE), r"\(b, 3\), \(b, 8\) and \(b, 8\): the first"),
        ([A, (WIDE,)], "a list of .* the first"),
        (Answers(last_hidden_state=A, pooler_output=B), "'last_hidden_state' is taken .*pooler_ou"),
        ({"aux": B, "out": A}, r"'aux' \(b, 3\) and 'out' \(b, 3\): 'out' is taken .*\['aux'\]"),
    ],
)
def test_what_is_a_convention_is_told(returned, says):
    found = read_output(returned)
    assert found.tensor is A and found.fault is None
    with pytest.warns(UserWarning, match=says):
        warnings.warn(found.note, stacklevel=1)


@pytest.mark.parametrize(
    "returned",
    [
        {"hidden": WIDE, "scores": A},
        {"boxes": torch.ones(30, 4), "scores": A, "loss": LOSS},
        (A, B),
        (WIDE, A, WIDE),
        [A, WIDE],
        (MASK, A),
        {"heads": {"a": A}, "embedding": WIDE},
        {"scores": (A, B), "embedding": WIDE},
    ],
)
def test_where_nothing_says_which_it_is_it_is_refused(returned):
    with pytest.raises(ValueError, match=r"must return one output, but returns a .*Choose one"):
        main_output(returned)


class Several(nn.Module):
    """A network whose forward returns what a function makes of its scores and its layer."""

    def __init__(self, function):
        super().__init__()
        self.h, self.out = nn.Sequential(nn.Linear(6, 8), nn.Tanh()), nn.Linear(8, 3)
        self.function = function

    def forward(self, x):
        h = self.h(x)
        return self.function(self.out(h), h)


def several(function):
    return seeded(lambda: Several(function)).eval()


def study(model, layer):
    given = factors_of([f"{layer}[{node}]" for node in range(8)], np.arange(1.0, 9.0))
    y = np.arange(30) % 3
    return ablation_study(model, X, given, layer=layer, y=y, sizes=[2], n_random=2, progress=False)


CALLS = {
    "record": lambda model, layer: record(model, X, layer, progress=False),
    "perturb": lambda model, layer: perturb(
        model, X, factors_of([f"{layer}[0]"], [1.0]), layer=layer, progress=False
    ),
    "ablation_study": study,
    "SmoothHess.explain": lambda model, layer: SmoothHess(n_samples=200, progress=False).explain(
        model, X[:1], target=0
    ),
}


def pair(scores, h):
    return {"hidden": h, "scores": scores}


@pytest.mark.parametrize("name", CALLS)
def test_functions_refuse_and_the_line_that_they_show_works(name):
    model = several(pair)
    with pytest.raises(ValueError, match=rf"^{name}\(model\) must return one output") as caught:
        CALLS[name](model, "h")
    line = str(caught.value).partition("as here: ")[2].partition("; then pass")[0]
    names = {"torch": torch}
    exec(line.replace("'hidden'", "'scores'"), names)
    wrapped = names["Output"](model)
    CALLS[name](wrapped, "0.h")
    plain = several(lambda scores, h: scores)
    np.testing.assert_array_equal(record(wrapped, X, "0.h").output, record(plain, X, "h").output)


@pytest.mark.parametrize("name", CALLS)
def test_functions_tell_once_of_each_model_what_they_took(name):
    model = several(lambda scores, h: (scores, h))
    with pytest.warns(UserWarning, match=rf"^{name}\(model\) returns a tuple.* first is taken"):
        CALLS[name](model, "h")
    for call in CALLS.values():
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*is taken as its output")
            call(model, "h")
    plain = several(lambda scores, h: scores)
    np.testing.assert_array_equal(record(model, X, "h").output, record(plain, X, "h").output)


@dataclass
class Record:
    loss: torch.Tensor
    scores: torch.Tensor


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda scores, h: Record(LOSS, scores), "a tensor, a tuple or a dict, not a Record"),
        (lambda scores, h: (None, scores), r"item 0 of .* a tuple of None and \(b, 3\), is none"),
        (lambda scores, h: {"logits": None, "scores": scores}, "item 'logits' of what"),
    ],
)
def test_what_has_no_tensor_where_an_output_is_is_refused_with_a_line_that_works(function, why):
    model = several(function)
    with pytest.raises(TypeError, match=rf"^record\(model\) must return .*{why}") as caught:
        record(model, X, "h", progress=False)
    check_wrapped(str(caught.value), model, lambda scores, h: scores)


@pytest.mark.parametrize(
    ("function", "other"),
    [
        (lambda scores, h: (scores, (h[:, :2], h)), lambda scores, h: h[:, :2]),
        (lambda scores, h: (scores, torch.complex(h, h)), lambda s, h: torch.complex(h, h).abs()),
        (lambda scores, h: (scores, MASK[: len(h), :2], h[:, :5]), lambda scores, h: h[:, :5]),
    ],
)
def test_the_line_for_another_output_finds_it_where_it_is(function, other):
    model = several(function)
    with pytest.warns(UserWarning, match="is taken as its output") as caught:
        record(model, X, "h", progress=False)
    check_wrapped(str(caught[0].message), model, other)


def check_wrapped(text, model, expected):
    line = re.search(r"class Output.*?(?=; then pass)", text)[0]
    names = {"torch": torch}
    exec(line, names)
    found = record(names["Output"](model), X, "0.h", progress=False).output
    np.testing.assert_array_equal(found, record(several(expected), X, "h", progress=False).output)


def test_what_reads_no_output_takes_any():
    model = several(pair)
    with torch.no_grad(), ablated(model, "h", 0):
        assert not model(X)["hidden"][:, 0].any()
    LinearDistance(n_random=2, progress=False).explain(model, X, "h.0")
    found = check(model, X, "h")
    verdicts = {answer.function: answer.verdict for answer in found.answers}
    assert {name for name, verdict in verdicts.items() if verdict == "right"} == {"ablated"}
    assert found["SmoothHess"].way_out.startswith("Choose one, as here")
    assert Subject(model).call(X).keys() == {"hidden", "scores"}
    with pytest.raises(ValueError, match="must return one output"):
        Subject(model).run(X)
