"""What a page may set of each view is an allow-list, and only bytes are taken as bytes."""

import pytest
import traitlets
from views.page import Page

ALLOWED = {
    "explorer": {
        "selection",
        "hovered",
        "_named",
        "_named_data",
        "color_by",
        "search",
        "ranges",
        "contours",
        "exemplars",
        "labels",
    },
    "heatmap": {"factor", "quantity", "order", "pair", "sample", "top"},
    "pairs": {"factor", "quantity", "order", "pair", "sample", "top"},
    "slider": {"factor", "amounts", "base", "span"},
    "node_table": {"factor", "chosen", "sort", "descending", "query"},
    "workbench": {"factor", "sample", "follow", "_pairs_open"},
    "note": set(),
}
BINARY = {
    "explorer": {"selection", "_named_data"},
    "slider": {"amounts"},
}


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_a_page_sets_what_it_may_and_nothing_else(views, kind):
    view = views[kind]
    page = Page(view)
    before = dict(view.get_state())
    allowed = {*ALLOWED[kind], "_view_count"}
    for name in set(before) - allowed:
        for value in ("theirs", 7, None, [], {}, True, b"theirs", before[name]):
            page.set(**{name: value})
            assert page.notices()[-1]["error"].endswith(f"The page may not set {name}.")
    assert view.get_state() == before
    assert page.echoes == []
    refused = len(page.notices())
    for name in allowed:
        page.set(**{name: before[name]})
    assert len(page.notices()) == refused
    assert view.get_state() == before
    assert {"_esm", "_core", "_kind"} <= set(before) - allowed


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_a_page_adds_nothing(views, kind):
    page = Page(views[kind])
    for name in ("theirs", "set_state", "__class__"):
        page.set(**{name: 1})
        assert page.notices()[-1]["error"].endswith(f"The page may not set {name}.")


@pytest.mark.parametrize("kind", sorted(BINARY))
def test_only_bytes_are_taken_as_bytes(views, kind):
    view = views[kind]
    page, before = Page(view), view.get_state()
    for name in BINARY[kind]:
        # As many bytes as this number says would not fit into memory.
        for value in (10**15, 7, True, [4, 0, 0, 0], "four", None, {}):
            page.set(**{name: value})
            assert page.notices()[-1]["error"].endswith(f"The page must send {name} as bytes.")
    assert view.get_state() == before


def test_a_buffer_is_measured_in_bytes(views):
    wide = memoryview(bytes(2**26 + 8)).cast("d")
    with pytest.raises(traitlets.TraitError, match="too much as selection"):
        views["explorer"].set_state({"selection": wide})
