import re
from pathlib import Path

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import traitlets
from sklearn.exceptions import NotFittedError
from views.page import Page, displayed

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.manifold import PHATE
from nbinterp.views import ClusterExplorer

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "explorer" / "traits.ts"


@pytest.fixture(scope="module")
def local():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    hidden = rng.normal(size=(120, 2))
    data = np.repeat(hidden, 3, axis=1) + 0.3 * rng.normal(size=(120, 6)) + 5 * labels[:, None]

    class Plane:
        def get_params(self, deep=False):
            return {}

        def fit_transform(self, X):
            return np.asarray(X)[:, [0, 3]]

    return LocalCorEx(LinearCorEx(n_factors=2), Plane(), random_state=0).fit(data, clusters=labels)


@pytest.fixture
def explorer(local):
    return ClusterExplorer(local)


@pytest.fixture
def page(explorer):
    return Page(explorer)


def wire(numbers):
    return memoryview(np.asarray(numbers, "<u4").tobytes())


def positions(explorer, n):
    """Return where all `n` samples are on the map."""
    return explorer.to_frame(np.ones(n, bool))[["x", "y"]].to_numpy()


def test_the_page_knows_the_same_traits():
    source = TRAITS.read_text(encoding="utf-8")
    body = source[source.index("export type ExplorerTraits") :]
    there = set(re.findall(r"^  (\w+):", body, re.MULTILINE))
    here = set(ClusterExplorer([[0, 0]]).keys)
    own = here - set(ipywidgets.DOMWidget().keys) - {"_core", "_kind", "_linked"}
    assert there == {name for name in own if name not in ("_esm", "_anywidget_id")}


def test_the_map_is_that_of_the_fit_coloured_by_cluster(local, explorer, page):
    np.testing.assert_allclose(positions(explorer, 120), local.map_, rtol=1e-6)
    assert explorer.color_by == "cluster"
    (header,) = page["_columns"]
    assert header == {
        "name": "cluster",
        "kind": "category",
        "offset": 0,
        "categories": ["0", "1"],
        "width": 1,
    }
    codes = page.array("_column_data", "u1", packed=True)
    np.testing.assert_array_equal(codes, local.labels_)


def test_a_column_named_cluster_of_your_own_is_kept(local):
    mine = ClusterExplorer(local, columns={"cluster": ["a"] * 120})
    assert Page(mine)["_columns"][0]["categories"] == ["a"]


def test_a_fit_shows_itself_as_its_map(local):
    assert isinstance(local.view(height=300), ClusterExplorer)


def test_selection_goes_to_python_as_sample_numbers(explorer):
    explorer.set_state({"selection": wire([3, 5, 119])})
    assert explorer.selection.tolist() == [3, 5, 119]
    assert explorer.selection.dtype == np.int64


def test_selection_is_set_by_numbers_or_a_mask(explorer):
    explorer.selection = [5, 3, 5]
    assert explorer.selection.tolist() == [3, 5]
    explorer.selection = np.arange(120) >= 118
    assert explorer.selection.tolist() == [118, 119]
    explorer.selection = []
    assert explorer.selection.size == 0


@pytest.mark.parametrize(
    ("numbers", "error", "match"),
    [
        ([-1], ValueError, "from 0 to 119"),
        ([120], ValueError, "from 0 to 119"),
        ([0.5], TypeError, "sample indices or a boolean mask"),
        ([True, False], ValueError, "one entry per sample, 120"),
        (["a"], TypeError, "sample indices"),
    ],
)
def test_impossible_selections_are_refused(explorer, numbers, error, match):
    explorer.selection = [1]
    with pytest.raises(error, match=match):
        explorer.selection = numbers
    assert explorer.selection.tolist() == [1]


@pytest.mark.parametrize("numbers", [[120], [2**32 - 1], [5, 3], [3, 3]])
def test_impossible_selections_of_the_page_change_nothing(explorer, numbers):
    explorer.selection = [1]
    with pytest.raises(traitlets.TraitError, match="numbers of samples"):
        explorer.set_state({"selection": wire(numbers)})
    assert explorer.selection.tolist() == [1]


def test_other_tabs_hear_what_one_page_said(page):
    page.set(selection=wire([1, 2]))
    assert page.echoes == [{"selection": bytes(wire([1, 2]))}]


@pytest.mark.parametrize(
    "state",
    [
        {"_positions": wire([0, 0])},
        {"_columns": []},
        {"_can_fit": True},
        {"heatmap": "anywidget:x"},
        {"_core": "anywidget:x"},
        {"_kind": "slider"},
        {"selection": b"abc"},
        {"selection": None},
        {"_named": [{"name": "a", "color": "#000000", "count": 4}]},
        {"_named_data": wire([7])},
        {"ranges": {"cluster": [0, 1]}},
        {"ranges": {"depth": [float("nan"), 1]}},
        {"search": "x" * 201},
        {"color_by": "no such column"},
    ],
)
def test_what_the_page_may_not_set_changes_nothing(explorer, page, state):
    explorer.columns["depth"] = np.linspace(0, 1, 120)
    explorer.selection = [1]
    explorer.selections["kept"] = [2, 3]
    before = {name: str(value) for name, value in explorer.get_state().items()}
    with pytest.raises((traitlets.TraitError, ValueError, TypeError)):
        explorer.set_state(state)
    assert {name: str(value) for name, value in explorer.get_state().items()} == before
    assert page.messages[-1].fields["kind"] == "notice"


def test_too_much_is_refused_before_other_tabs_hear_it(explorer, page):
    with pytest.raises(traitlets.TraitError, match="too much as selection"):
        explorer.set_state({"selection": memoryview(bytes(2**26 + 4))})
    assert page.echoes == []


def test_callbacks_hear_of_changes_from_both_sides_until_stopped(explorer):
    heard = []
    stop = explorer.on_select(lambda selection: heard.append(selection.tolist()))
    explorer.selection = [1, 2]
    explorer.selection = [2, 1]
    explorer.set_state({"selection": wire([7])})
    stop()
    explorer.selection = []
    assert heard == [[1, 2], [7]]


def test_what_a_callback_raises_is_said_in_the_view(explorer, page):
    explorer.on_select(lambda selection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        explorer.set_state({"selection": wire([7])})
    assert page.notices()[0]["error"] == "ZeroDivisionError: division by zero"


def test_what_one_callback_raises_keeps_no_other_from_being_called(explorer, page):
    heard = []
    for wrong in (ZeroDivisionError, KeyError):
        explorer.on_select(lambda selection, wrong=wrong: (_ for _ in ()).throw(wrong("no")))
        explorer.on_select(lambda selection: heard.append(selection.tolist()))
    with pytest.raises(ExceptionGroup) as raised:
        explorer.set_state({"selection": wire([7])})
    assert heard == [[7], [7]]
    assert [type(one) for one in raised.value.exceptions] == [ZeroDivisionError, KeyError]
    (notice,) = page.notices()
    assert notice["error"] == "2 callbacks failed: ZeroDivisionError: no; KeyError: 'no'"
    assert "in <lambda>" in notice["trace"]


def test_the_button_fits_what_the_page_has_selected(local, explorer, page):
    reply = page.ask("fit", wire(range(60)))
    assert reply.ok, reply.error
    assert explorer.selection.tolist() == list(range(60))
    direct = local.fit_selection(range(60))
    np.testing.assert_allclose(explorer.factors.mutual_information_, direct.mutual_information_)
    assert explorer.heatmap.source is explorer.factors
    assert page["_fit"]["n_samples"] == 60
    assert page["_fit"]["n_factors"] == len(direct.weights_)


def test_python_fits_the_same(explorer, page):
    explorer.selection = range(60, 120)
    factors = explorer.fit_selection()
    assert factors is explorer.factors
    assert page["_fit"]["n_samples"] == 60


@pytest.mark.parametrize("numbers", [[], [4, 5]])
def test_too_few_samples_are_said_and_nothing_is_lost(explorer, page, numbers):
    assert page.ask("fit", wire(range(60))).ok
    before = explorer.factors
    reply = page.ask("fit", wire(numbers))
    assert reply.fields["ok"] is False
    assert "must hold at least" in reply.error
    assert explorer.factors is before
    assert page["_fit"]["n_samples"] == 60


@pytest.mark.parametrize("data", [b"", b"abc", wire([500]), wire([2**32 - 1])])
def test_a_hostile_fit_is_refused(explorer, page, data):
    explorer.selection = [1]
    assert page.ask("fit", data).fields["ok"] is False
    assert explorer.factors is None


def test_positions_alone_are_a_map_without_a_fit():
    explorer = ClusterExplorer([[0, 0], [1, 1]])
    page = Page(explorer)
    assert not page["_can_fit"]
    assert "map was made from positions" in page.ask("fit", wire([0, 1])).error
    with pytest.raises(TypeError, match="Make the explorer from a fitted LocalCorEx"):
        explorer.fit_selection()


def test_pictures_are_sent_when_asked_for():
    images = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
    explorer = ClusterExplorer([[0, 0], [1, 1]], images=images)
    page = Page(explorer)
    reply, buffers = page.ask("thumbnail", index=1)
    assert (reply["width"], reply["height"], reply["channels"]) == (5, 3, 1)
    assert buffers == [images[1].tobytes()]
    _, buffers = page.ask("thumbnails", wire([1, 0]))
    assert buffers == [images[[1, 0]].tobytes()]
    for index in (-1, 2, 10**18):
        assert page.ask("thumbnail", index=index).fields["ok"] is False
    for numbers in ([], [2], [2**32 - 1], [0] * 2000):
        assert page.ask("thumbnails", wire(numbers)).fields["ok"] is False
    assert images.tobytes() not in str(explorer.get_state()).encode()


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        (LocalCorEx(), NotFittedError, "not fitted yet"),
        ([[0, 0, 0], [1, 1, 1]], ValueError, "two columns"),
        ([[0, np.nan]], ValueError, "NaN"),
        ([[0, np.inf]], ValueError, "infinity"),
        ([["a", "b"]], ValueError, "refused"),
        (np.empty((0, 2)), ValueError, "minimum of 1"),
    ],
)
def test_impossible_maps_are_refused(source, error, match):
    with pytest.raises(error, match=match):
        ClusterExplorer(source)


def test_colours_are_columns():
    explorer = ClusterExplorer([[0, 0], [1, 1]], columns={"a": [1, 2], "b": [0.5, 1.5]})
    assert explorer.color_by == "a"
    explorer.color_by = "b"
    explorer.color_by = ""
    with pytest.raises(ValueError, match="must be one of '', 'a', 'b'"):
        explorer.color_by = "c"
    with pytest.raises(ValueError, match="color_by='c'"):
        ClusterExplorer([[0, 0]], color_by="c")


def test_a_column_set_later_colours_and_one_deleted_lets_go(explorer):
    explorer.columns["depth"] = np.linspace(0, 1, 120)
    assert list(explorer.columns) == ["cluster", "depth"]
    explorer.color_by = "depth"
    explorer.ranges = {"depth": (0.5, None)}
    explorer.columns["depth"] = np.linspace(1, 0, 120)
    assert explorer.columns["depth"][0] == 1
    assert explorer.matching.tolist() == list(range(60))
    del explorer.columns["depth"]
    assert (explorer.color_by, explorer.ranges) == ("", {})
    with pytest.raises(KeyError):
        del explorer.columns["depth"]
    with pytest.raises(ValueError, match="one label per sample, 120"):
        explorer.columns["short"] = [1, 2]


def test_many_columns_wait_until_they_are_wanted(monkeypatch):
    monkeypatch.setattr("nbinterp.views.explorer.samples._BUDGET", 16)
    values = {f"node {i}": [i + 0.5, np.nan] for i in range(5)}
    explorer = ClusterExplorer([[0, 0], [1, 1]], columns=values)
    page = Page(explorer)

    def away():
        return [one["name"] for one in page["_columns"] if one["offset"] < 0]

    assert away() == ["node 2", "node 3", "node 4"]
    explorer.set_state({"color_by": "node 4"})
    assert away() == ["node 1", "node 2", "node 3"]
    explorer.ranges = {"node 3": (1, 2)}
    assert away() == ["node 0", "node 1", "node 2"]
    reply, _ = page.ask("about", index=1)
    assert reply["values"] == [["node 0", "nan"], ["node 1", "nan"], ["node 2", "nan"]]
    assert page.ask("about", index=2).fields["ok"] is False


def test_the_selection_is_a_table():
    explorer = ClusterExplorer([[0, 1], [2, 3], [4, 5]], columns={"k": ["a", None, "b"]})
    explorer.selection = [0, 2]
    frame = explorer.to_frame()
    assert frame.index.tolist() == [0, 2]
    assert frame[["x", "y"]].to_numpy().tolist() == [[0, 1], [4, 5]]
    assert frame["k"].tolist() == ["a", "b"]
    assert explorer.to_frame([1])["k"].tolist() == [None]


def test_columns_keep_their_types():
    given = {
        "right": np.array([True, False, True]),
        "digit": np.array([3, 4, 3]),
        "loss": np.array([0.1, 0.2, np.nan]),
        "size": pd.array([1, None, 3], "Int64"),
        "kind": pd.Categorical(["a", "b", "a"], categories=["b", "a", "c"], ordered=True),
        "day": pd.Series(pd.date_range("2026-01-01", periods=3), index=[5, 6, 7]),
    }
    explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]], columns=given)
    frame = explorer.to_frame([0, 2])
    expected = pd.DataFrame({name: pd.Series(values).array for name, values in given.items()})
    rows = expected.iloc[[0, 2]].rename_axis("sample")
    pd.testing.assert_frame_equal(frame.drop(columns=["x", "y"]), rows)
    assert explorer.columns["right"].dtype == bool and explorer.columns["digit"].dtype.kind == "i"
    given["digit"][0] = 9  # the explorer has its own
    assert explorer.columns["digit"].tolist() == [3, 4, 3]
    with pytest.raises(ValueError, match="read-only"):
        explorer.columns["digit"][0] = 9


def test_hostile_names_travel_as_they_are():
    hostile = "<img src=x onerror=alert(1)>"
    explorer = ClusterExplorer([[0, 0], [1, 1]], columns={hostile: [hostile, "</script>"]})
    (header,) = Page(explorer)["_columns"]
    assert header["name"] == hostile
    assert set(header["categories"]) == {hostile, "</script>"}


def test_one_sample_is_a_map():
    explorer = ClusterExplorer([[3, 4]])
    explorer.selection = [0]
    assert explorer.snapshot()[1:4] == b"PNG"


def test_readers_without_a_kernel_see_the_map(explorer):
    explorer.selection = [1, 2]
    data = displayed(explorer)
    assert data["text/plain"] == "ClusterExplorer(2 of 120 samples selected; columns: cluster)"
    assert data["image/png"]


def test_a_map_of_phate_is_explored():
    samples = np.random.default_rng(0).normal(size=(40, 5))
    explorer = PHATE(n_components=3, random_state=0).fit(samples).view()
    assert positions(explorer, 40).shape == (40, 2)
    with pytest.raises(TypeError, match="must have data to fit"):
        explorer.fit_selection()
    line = PHATE(n_components=1, random_state=0).fit(samples)
    assert not positions(ClusterExplorer(line), 40)[:, 1].any()


def test_the_hovered_sample_is_told_and_must_be_one():
    explorer = ClusterExplorer(np.zeros((4, 2)))
    told = []
    stop = explorer.on_hover(told.append)
    explorer.set_state({"hovered": 3})
    explorer.hovered = None
    stop()
    explorer.hovered = 2
    assert told == [3, None]
    with pytest.raises(Exception, match="hovered must be a sample, 0 to 3"):
        explorer.hovered = 4
    assert explorer.hovered == 2
