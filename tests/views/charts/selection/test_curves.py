import numpy as np

from nbinterp.views.charts.selection.curves import curves, mean_and_error, title


def test_means_stand_within_their_standard_errors():
    values = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    rows = mean_and_error(values, np.array([4, 8]), "data")
    assert rows["value"].tolist() == [3.0, 2.0]
    np.testing.assert_allclose(rows["upper"] - rows["value"], [2 / np.sqrt(3), 0])
    alone = mean_and_error(values[:1], np.array([4, 8]), "data")
    assert (alone["lower"] == alone["upper"]).all()


def test_the_best_is_marked_if_there_is_one():
    rows = mean_and_error(np.ones((2, 2)), np.array([4, 8]), "data")
    options = {"x": "clusters", "y": "stability", "colours": {"data": "#000000"}}
    assert len(curves(rows, 8, **options).layer) == 4
    assert len(curves(rows, None, **options).layer) == 2


def test_a_long_reason_is_broken_into_lines():
    made = title("Title", "word " * 60)
    assert made["text"] == "Title"
    assert len(made["subtitle"]) == 3
