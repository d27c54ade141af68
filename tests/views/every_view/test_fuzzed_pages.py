"""Whatever a page sends, each view answers, refuses in words, and stays valid."""

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from views.page import Page

pytestmark = pytest.mark.slow


def text(longest):
    """As ``st.text(max_size=longest)``, which asks UTF-8 about each of a million letters first."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=longest)


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 130)
    | st.sampled_from([2**31, 2**53, -(2**63), 10**400])
    | st.floats()
    | text(6)
)
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text(4), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = st.lists(st.integers(0, 125), max_size=5)
BYTES = (
    st.binary(max_size=20)
    | NUMBERS.map(lambda rows: np.array(rows, "<u4").tobytes())
    | NUMBERS.map(lambda rows: np.unique(np.array(rows, "<u4")).tobytes())
    | st.lists(st.floats(width=32), min_size=3, max_size=3).map(
        lambda a: np.array(a, "<f4").tobytes()
    )
    | st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3).map(
        lambda a: np.array(a, "<f4").tobytes()
    )
)
NAMED = st.lists(
    st.fixed_dictionaries(
        {"name": text(3), "color": st.sampled_from(["#e69f00", "red"]), "count": PLAIN}
    ),
    max_size=2,
)
# Values that could be right, for traits that nothing of the above would hit.
LIKELY = {
    "_named": NAMED,
    "color_by": st.sampled_from(["", "cluster", "loss"]),
    "search": st.sampled_from(["1", "cluster=1", "loss=", "=", '"', "cluster=" * 9]),
    "ranges": st.dictionaries(
        st.sampled_from(["loss", "cluster"]), st.lists(PLAIN, max_size=3), max_size=2
    ),
    "quantity": st.sampled_from(["mutual_information", "weights"]),
    "order": st.sampled_from(["similarity", "given"]),
    "base": st.sampled_from(["mean", 0, 119, 120]),
    "sort": st.sampled_from(["node", "factor", "prototype_offset"]),
    "chosen": NUMBERS,
    "pair": NUMBERS,
    "span": st.floats(0, 4),
}
VERBS = {
    "explorer": {
        "fit": (1, {}),
        "thumbnail": (0, {"index": int}),
        "thumbnails": (1, {}),
        "about": (0, {"index": int}),
    },
    "pairs": {"partners": (0, {"feature": int}), "across": (0, {"first": int, "second": int})},
    "slider": {
        "frame": (1, {}),
        "frames": (1, {}),
        "settle": (1, {"count": int, "p50": float, "p95": float}),
    },
    "workbench": {"cancel": (0, {})},
    "node_table": {},
    "note": {},
}
VERBS["heatmap"] = VERBS["pairs"]
BINARY = {"selection", "_named_data", "amounts", "base"}
KINDS = ["explorer", "heatmap", "pairs", "slider", "node_table", "workbench", "note"]
MANY = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _is_index(value, n):
    return value is None or (type(value) is int and 0 <= value < n)


def _is_bool(value):
    return type(value) is bool


def _valid_explorer(view):
    chosen, n = view.selection, 120
    assert chosen.dtype == np.int64 and (np.diff(chosen) > 0).all()
    assert not len(chosen) or 0 <= chosen[0] <= chosen[-1] < n
    assert _is_index(view.hovered, n)
    assert view.color_by in {"", *view.columns} and isinstance(view.search, str)
    assert set(view.ranges) <= set(view.columns)
    for low, high in view.ranges.values():
        assert all(end is None or math.isfinite(end) for end in (low, high))
    assert all(_is_bool(getattr(view, name)) for name in ("contours", "exemplars", "labels"))
    for name, kept in view.selections.items():
        assert name.strip() and len(kept) and kept.indices.max() < n
    assert len(view.matching) <= n
    view.to_frame()


def _valid_heatmap(view):
    assert view.factor is None or view.factor in range(3)
    assert view.pair is None  # factors have no pairs
    assert view.sample is None or view.sample >= 0
    assert view.top >= 1


def _valid_pairs(view):
    assert view.factor is None
    assert view.pair is None or all(0 <= each < 6 for each in view.pair)
    assert _is_index(view.sample, 7) and view.top >= 1


def _valid_slider(view):
    assert np.isfinite(view.amounts).all() and len(view.amounts) == 3
    assert 0 < view.span < math.inf
    assert np.abs(view.amounts).max(initial=0) <= view.span * (1 + 1e-5)
    assert view.factor is None or view.factor in range(3)
    shown = view.perturbation
    assert np.isfinite(shown.outputs).all()
    np.testing.assert_allclose(shown.amounts[0], view.amounts, rtol=1e-5, atol=1e-6)


def _valid_node_table(view):
    assert len(set(view.chosen)) == len(view.chosen) <= 2
    assert all(type(each) is int and each >= 0 for each in view.chosen)
    assert view.factor is None or view.factor in range(3)
    assert isinstance(view.query, str) and _is_bool(view.descending)


def _valid_workbench(view):
    assert _is_index(view.sample, 120) and _is_bool(view.follow)
    assert view.factor is None or 0 <= view.factor < 3
    _valid_explorer(view.explorer)
    _valid_slider(view.slider)


VALID = {
    "explorer": _valid_explorer,
    "heatmap": _valid_heatmap,
    "pairs": _valid_pairs,
    "slider": _valid_slider,
    "node_table": _valid_node_table,
    "workbench": _valid_workbench,
    "note": lambda view: None,
}


def _settable(view):
    return sorted(name for name in view.keys if view.trait_metadata(name, "page") is True)


def _values(name):
    """Return values for a trait, of which many are right or nearly so."""
    if name in BINARY:
        return BYTES | BYTES | LIKELY.get(name, NESTED)
    return st.one_of(*[LIKELY.get(name, PLAIN)] * 2, PLAIN, NESTED, st.binary(max_size=3))


def _is_valid(kind, view):
    VALID[kind](view)
    state = {
        name: value for name, value in view.get_state().items() if not isinstance(value, bytes)
    }
    json.dumps(state, allow_nan=False, default=str)  # the page reads JSON, which has no NaN


@pytest.mark.parametrize("kind", KINDS)
def test_traits_that_a_page_sets(views, kind):
    view = views[kind]
    page, names = Page(view), _settable(view)
    others = [name for name in view.keys if name not in names]

    @MANY
    @given(data=st.data())
    def fuzz(data):
        chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        values = {name: data.draw(_values(name), label=name) for name in chosen}
        theirs = data.draw(st.sampled_from(others)) if data.draw(st.integers(0, 5)) == 5 else None
        if theirs is not None:
            values[theirs] = data.draw(NESTED | BYTES)
        before, refused = view.get_state(), len(page.notices())
        page.set(**values)
        notices = page.notices()[refused:]
        assert len(notices) <= 1
        if theirs is not None:
            assert notices and view.get_state() == before
        if notices:
            assert not notices[0]["ok"] and notices[0]["error"] and notices[0]["trace"] is None
        _is_valid(kind, view)

    fuzz()


@pytest.mark.parametrize("kind", KINDS)
def test_messages_of_a_page(views, kind):
    view = views[kind]
    page = Page(view)
    forms = VERBS[kind]
    fields = sorted({name for _, takes in forms.values() for name in takes})
    envelope = {
        "v": st.sampled_from([1, 1, 1, 1, 2, "1", None, True]),
        "kind": st.sampled_from([*forms, *forms, "close", "__init__", "set_state", 7, None])
        | PLAIN,
        "seq": st.sampled_from([5, 5, 5, 2**53, -1, "5", None, True, 1.5]),
    }

    @MANY
    @given(data=st.data())
    def fuzz(data):
        kind_ = data.draw(st.sampled_from(sorted(forms)) if forms else st.just("fit"))
        n_buffers, takes = forms.get(kind_, (0, {}))
        content = {"v": 1, "kind": kind_, "seq": 5}
        for name, type_ in takes.items():
            numbers = st.integers(-2, 130) | st.floats() if type_ is float else st.integers(-2, 130)
            content[name] = data.draw(numbers | PLAIN, label=name)
        buffers = data.draw(st.lists(BYTES, min_size=n_buffers, max_size=n_buffers))
        if data.draw(st.booleans()):  # not well-formed
            content |= data.draw(st.fixed_dictionaries({}, optional=envelope))
            content |= data.draw(
                st.dictionaries(st.sampled_from([*fields, "x"]), NESTED, max_size=1)
            )
            for name in data.draw(st.sets(st.sampled_from(sorted(content)), max_size=1)):
                del content[name]
            buffers = data.draw(st.just(buffers) | st.lists(BYTES, max_size=2))
            content = data.draw(st.just(content) | st.just(content) | NESTED)
        outside = {name: view.get_state()[name] for name in ("_esm", "_kind", "_core", "_linked")}
        told = len(page.messages)
        page.say(content, *buffers)
        answers = [one for one in page.messages[told:] if one.fields["kind"] != "alive"]
        assert len(answers) == 1
        answer = answers[0].fields
        json.dumps(answer, allow_nan=False)
        if not answer["ok"]:
            assert answer["error"] and answer["trace"] is None, answer["trace"]
        assert {name: view.get_state()[name] for name in outside} == outside
        _is_valid(kind, view)

    fuzz()
