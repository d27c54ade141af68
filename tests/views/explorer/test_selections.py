import json

import numpy as np
import pytest
from views.page import Page

from nbinterp.views import ClusterExplorer
from nbinterp.views.explorer.selections import refusal


@pytest.fixture
def explorer():
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), -1).reshape(-1, 2)
    return ClusterExplorer(grid, columns={"digit": np.arange(20) % 3})


def test_a_named_selection_is_in_the_state_as_bytes(explorer):
    explorer.selections["odd nines"] = [3, 1, 3]
    explorer.selections["mask"] = np.arange(20) > 17
    state = explorer.get_state()
    assert [(one["name"], one["count"]) for one in state["_named"]] == [
        ("odd nines", 2),
        ("mask", 2),
    ]
    assert np.frombuffer(state["_named_data"], "<u4").tolist() == [1, 3, 18, 19]
    first, second = (one["color"] for one in state["_named"])
    assert first != second


def test_what_the_page_names_is_in_python(explorer):
    explorer.set_state(
        {
            "_named": [
                {"name": "b", "color": "#0072b2", "count": 2},
                {"name": "a", "color": "#e69f00", "count": 1},
            ],
            "_named_data": memoryview(np.array([4, 6, 2], "<u4").tobytes()),
        }
    )
    assert list(explorer.selections) == ["b", "a"]
    chosen = explorer.selections["b"]
    assert chosen.indices.tolist() == [4, 6]
    assert chosen.color == "#0072b2"
    assert chosen.to_frame()["digit"].tolist() == [1, 0]
    assert np.flatnonzero(chosen.mask).tolist() == [4, 6]
    explorer.selection = chosen
    assert explorer.selection.tolist() == [4, 6]


def test_selections_combine_as_sets(explorer):
    explorer.selections["a"] = [0, 1, 2]
    explorer.selections["b"] = [2, 3]
    a, b = explorer.selections["a"], explorer.selections["b"]
    assert list(a & b) == [2]
    assert list(a | b) == [0, 1, 2, 3]
    assert list(a - b) == [0, 1]
    assert list(a ^ [0, 5]) == [1, 2, 5]
    assert 3 in (a | b) - a
    explorer.selections["either"] = a | b
    assert len(explorer.selections["either"]) == 4
    assert repr(explorer.selections) == "Selections({'a': 3, 'b': 2, 'either': 4})"
    assert repr(a) == "<Selection 'a': 3 of 20 samples>"


def test_rename_replace_and_delete(explorer):
    explorer.selections["a"] = [0]
    explorer.selections["b"] = [1]
    color = explorer.selections["a"].color
    explorer.selections.rename("a", "first")
    explorer.selections["first"] = [5]
    assert list(explorer.selections) == ["first", "b"]
    assert (explorer.selections["first"].color, list(explorer.selections["first"])) == (color, [5])
    del explorer.selections["first"]
    assert dict(explorer.selections).keys() == {"b"}
    explorer.selections.clear()
    assert len(Page(explorer)["_named_data"]) == 0
    for missing in (lambda: explorer.selections["x"], lambda: explorer.selections.rename("x", "y")):
        with pytest.raises(KeyError):
            missing()


@pytest.mark.parametrize(
    ("name", "samples", "match"),
    [
        ("empty", [], "at least 1 sample, not 0"),
        ("far", [20], "from 0 to 19"),
        ("", [0], "names of 1 to 80 letters"),
        ("x" * 81, [0], "names of 1 to 80 letters"),
    ],
)
def test_impossible_selections_are_refused(explorer, name, samples, match):
    explorer.selections["kept"] = [1]
    with pytest.raises(ValueError, match=match):
        explorer.selections[name] = samples
    assert list(explorer.selections) == ["kept"]


def test_two_may_not_share_a_name(explorer):
    explorer.selections["a"] = [0]
    explorer.selections["b"] = [0]
    with pytest.raises(ValueError, match="names that differ"):
        explorer.selections.rename("a", "b")
    assert list(explorer.selections) == ["a", "b"]


def test_callbacks_hear_of_names(explorer):
    heard = []
    stop = explorer.selections.on_change(lambda kept: heard.append(list(kept)))
    explorer.selections["a"] = [0]
    stop()
    explorer.selections["b"] = [0]
    assert heard[-1] == ["a"]


def test_a_file_carries_them_to_another_kernel(explorer, tmp_path):
    explorer.selections["a"] = [0, 7]
    path = explorer.selections.save(tmp_path / "marks.json")
    other = ClusterExplorer(np.zeros((20, 2)))
    other.selections["a"] = [3]
    other.selections["b"] = [4]
    other.selections.load(path)
    assert {name: list(one) for name, one in other.selections.items()} == {"a": [0, 7], "b": [4]}
    with pytest.raises(ValueError, match="must be of 1 samples, not 20"):
        ClusterExplorer([[0, 0]]).selections.load(path)
    broken = json.loads(path.read_text()) | {"selections": [{"name": "z", "color": "red"}]}
    broken["selections"][0]["indices"] = [1]
    path.write_text(json.dumps(broken))
    with pytest.raises(ValueError, match="colours such as"):
        other.selections.load(path)


HEADER = {"name": "a", "color": "#e69f00", "count": 2}


@pytest.mark.parametrize(
    ("headers", "data", "match"),
    [
        ([HEADER | {"extra": 1}], [0, 1], "each have a name, a colour and a count"),
        ([HEADER | {"name": 3}], [0, 1], "names of 1 to 80"),
        ([HEADER | {"name": "  "}], [0, 1], "names of 1 to 80"),
        ([HEADER | {"color": "url(x)"}], [0, 1], "colours"),
        ([HEADER | {"count": True}], [0], "samples"),
        ([HEADER | {"count": 0}], [], "samples"),
        ([HEADER | {"count": 2**60}], [0, 1], "samples"),
        ([HEADER], [0], "the number of samples that they state"),
        ([HEADER], [1, 0], "ascending"),
        ([HEADER], [1, 1], "ascending"),
        ([HEADER], [0, 2**32 - 1], "ascending"),
        ([HEADER, HEADER], [0, 1, 0, 1], "names that differ"),
        ([HEADER] * 101, [0, 1] * 101, "at most 100"),
    ],
)
def test_what_a_page_may_not_name(headers, data, match):
    assert match in refusal(headers, np.array(data, np.uint32), 20)


def test_the_next_selection_may_begin_below_the_last():
    headers = [HEADER, HEADER | {"name": "b"}]
    assert refusal(headers, np.array([3, 9, 0, 1], np.uint32), 20) is None
    assert refusal([], np.array([], np.uint32), 20) is None
