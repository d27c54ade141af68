import numpy as np
import pytest

from nbinterp.views import ClusterExplorer

DIGIT = ["1", "10", "9", None]


@pytest.fixture
def explorer():
    columns = {
        "digit": DIGIT,
        "note": ["Odd Nine", "even one", "odd nine", "none"],
        "loss": [0.5, np.nan, 2.0, np.inf],
    }
    return ClusterExplorer(np.eye(4)[:, :2], columns=columns)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("1", [0, 1]),
        ("digit=1", [0]),
        ("DIGIT=9 nine", [2]),
        ("nine odd", [0, 2]),
        ('"odd nine"', [0, 2]),
        ('note="odd nine"', [0, 2]),
        ("note=odd nine", [0, 2]),
        ("9 note=odd nine", [2]),
        ("note=even one 10", [1]),
        ("note=odd", []),
        ("digit=", []),
        ("loss", []),
        ("<b>", []),
        (".*", []),
    ],
)
def test_words_must_all_occur(explorer, search, found):
    explorer.search = search
    assert explorer.matching.tolist() == found


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ((0.5, 2), [0, 2]),
        ((None, 1), [0]),
        ((1, None), [2, 3]),
        ((None, None), [0, 1, 2, 3]),
        ((3, 1), []),
    ],
)
def test_ranges_leave_out_what_is_missing(explorer, bounds, found):
    explorer.ranges = {"loss": bounds}
    assert explorer.matching.tolist() == found


def test_search_and_ranges_together(explorer):
    explorer.search, explorer.ranges = "odd", {"loss": (1, None)}
    assert explorer.matching.tolist() == [2]


@pytest.mark.parametrize(
    "ranges",
    [{"digit": (0, 1)}, {"no": (0, 1)}, {"loss": 3}, {"loss": "ab"}, {"loss": (np.nan, 1)}],
)
def test_impossible_ranges_are_refused(explorer, ranges):
    with pytest.raises((ValueError, TypeError)):
        explorer.ranges = ranges
    assert explorer.ranges == {}
