import numpy as np
import pandas as pd
import pytest
import torch

from nbinterp.views.explorer import samples


def column(values):
    return samples.column("c", values, len(values))


def test_texts_are_sorted_as_people_count():
    coded = column(["k10", "k2", "k1", "k2"])
    assert coded.categories == ["k1", "k2", "k10"]
    assert coded.entries.tolist() == [2, 1, 0, 1]


def test_few_whole_numbers_are_categories_and_many_a_scale():
    assert column(np.arange(10) % 3).categories == ["0", "1", "2"]
    assert column(np.arange(41)).categories is None
    assert column(torch.tensor([2, 0, 1])).categories == ["0", "1", "2"]


def test_numbers_keep_what_is_missing():
    scale = column([1.5, np.nan, np.inf])
    assert scale.categories is None
    np.testing.assert_array_equal(scale.entries, np.array([1.5, np.nan, np.inf], np.float32))


def test_anything_has_a_code_and_nothing_has_none():
    coded = column(np.array(["b", None, 2, True, "b"], object))
    named = [coded.categories[code] if code >= 0 else None for code in coded.entries]
    assert named == ["b", None, "2", "True", "b"]


def test_a_categorical_keeps_its_order_and_a_series_loses_its_index():
    values = pd.Series(pd.Categorical(["lo", "hi", "lo"], categories=["lo", "hi"]), index=[9, 8, 7])
    coded = column(values)
    assert coded.categories == ["lo", "hi"]
    assert coded.entries.tolist() == [0, 1, 0]


def test_categories_that_no_sample_has_are_left_out():
    names = [f"kind {i}" for i in range(300)]
    values = pd.Categorical(["kind 250", "kind 7", None], categories=names)
    for given in (values, pd.Series(values)):
        coded = column(given)
        assert coded.categories == ["kind 7", "kind 250"]
        assert coded.entries.tolist() == [1, 0, -1]


def test_columns_of_another_length_or_form_are_refused():
    with pytest.raises(ValueError, match="must be one label per sample, 3"):
        samples.table({"x": [1, 2]}, 3)
    with pytest.raises(TypeError, match="must be a DataFrame or a dict"):
        samples.table([1, 2, 3], 3)


def test_a_name_for_every_sample_is_too_many_categories():
    names = [f"sample {i}" for i in range(70_000)]
    with pytest.raises(ValueError, match="fewer than 65535"):
        column(names)


def test_packed_columns_are_read_back_at_their_offsets():
    table = [column(["a", None, "b"]), column([0.5, np.nan, -2.0]), column([True, False, True])]
    headers, data = samples.pack(table)
    assert all(header["offset"] % 4 == 0 for header in headers)
    first = np.frombuffer(data, "u1", 3, headers[0]["offset"])
    assert first.tolist() == [0, 255, 1]
    second = np.frombuffer(data, "<f4", 3, headers[1]["offset"])
    np.testing.assert_array_equal(second, np.array([0.5, np.nan, -2], "f4"))
    assert headers[2]["categories"] == ["False", "True"]


def test_many_categories_take_two_bytes():
    table = [column([*(f"k{i}" for i in range(300)), None])]
    ((header,), data) = samples.pack(table)
    codes = np.frombuffer(data, "<u2", 301)
    assert header["width"] == 2
    assert codes.tolist() == [*range(300), 65535]


def pictures(images, shape=None, n=2):
    return samples.pictures(images, shape, n)


def test_pictures_come_as_bytes_whatever_they_were():
    grey = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(pictures(grey), grey)
    np.testing.assert_array_equal(pictures(grey.reshape(2, 12), (3, 4)), grey)
    np.testing.assert_array_equal(pictures(torch.from_numpy(grey / 255.0)), grey)
    assert pictures(np.zeros((2, 3, 4, 3)), None).shape == (2, 3, 4, 3)
    assert pictures(np.zeros((2, 3, 4, 1))).shape == (2, 3, 4)


def test_floats_beyond_the_unit_interval_are_stretched():
    stretched = pictures(np.array([[[-1.0, 3.0]], [[1.0, np.nan]]]))
    assert stretched.tolist() == [[[0, 255]], [[128, 64]]]


def test_constant_pictures_are_no_division_by_zero():
    assert pictures(np.full((2, 2, 2), -3.0)).tolist() == np.zeros((2, 2, 2)).tolist()


def test_large_pictures_are_thinned():
    assert max(pictures(np.zeros((2, 500, 300), np.uint8)).shape[1:]) <= 128


@pytest.mark.parametrize(
    ("images", "shape", "match"),
    [
        (np.zeros((3, 4, 4)), None, "one image per sample, 2"),
        (np.zeros((2, 16)), None, r"Pass image_shape=\(height, width\) too"),
        (np.zeros((2, 16)), (3, 4), "the number of pixels of each image, 16"),
        (np.zeros((2, 3, 8, 8)), None, "Move the channels to the last axis"),
    ],
)
def test_pictures_of_other_shapes_are_refused(images, shape, match):
    with pytest.raises(ValueError, match=match):
        pictures(images, shape)


def test_pictures_must_be_numbers():
    with pytest.raises(TypeError, match="must be numbers"):
        pictures(np.full((2, 3, 3), "x"))
