"""Traits that hold arrays or indices."""

import copy
import pickle

import numpy as np
import pytest
import traitlets

from nbinterp.views.base.traits import Array, Index, TraitArray


class Owner(traitlets.HasTraits):
    """Some of each."""

    numbers = Array("f4")
    rows = Array("i8", sent="u4")
    place = Index()
    first = Index(0)


def test_values_of_traits_compare_as_a_whole():
    one, same, longer = TraitArray.of([1, 2]), TraitArray.of([1, 2]), TraitArray.of([1, 2, 3])
    assert (one == same) is True and (one != same) is False
    assert (one == longer) is False and (one != longer) is True
    assert (one == "mean") is False and ("mean" == one) is False  # noqa: SIM300
    assert (one != None) is True  # noqa: E711
    empty = TraitArray.of([])
    assert (empty == TraitArray.of([])) is True and (empty != one) is True


@pytest.mark.parametrize("other", [[1, 3], np.array([1, 3]), (1, 3)])
def test_with_other_arrays_they_compare_entry_by_entry(other):
    assert (TraitArray.of([1, 2]) == other).tolist() == [True, False]
    assert (TraitArray.of([1, 2]) != other).tolist() == [False, True]
    assert (TraitArray.of([1, 2]) == 2).tolist() == [False, True]


@pytest.mark.parametrize(
    "derived",
    [lambda a: a[:], lambda a: a + 0, lambda a: a.copy(), np.sort, copy.copy, copy.deepcopy],
    ids=["slice", "sum", "copy", "sort", "copied", "deep copy"],
)
def test_what_is_computed_from_one_compares_as_any_array(derived):
    value = TraitArray.of([1, 2])
    assert np.array_equal(derived(value) == value, [True, True])
    assert np.array_equal(derived(value) != TraitArray.of([1, 3]), [False, True])


def test_they_are_arrays_otherwise():
    value = TraitArray.of([1, 2])
    assert repr(value) == "array([1, 2])" and isinstance(value, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    assert pickle.loads(pickle.dumps(value)).tolist() == [1, 2]
    np.testing.assert_array_equal(value, TraitArray.of([1, 2]))
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(value, TraitArray.of([1, 3]))


def test_another_dtype_may_cross_the_wire():
    owner, trait = Owner(rows=[3, 1]), Owner.rows
    sent = trait.to_wire(owner.rows, owner)
    assert sent == np.array([3, 1], "<u4").tobytes() and owner.rows.dtype == np.int64
    assert trait.from_wire(memoryview(sent), owner).tolist() == [3, 1]


def test_the_number_of_something_is_an_int_or_none():
    owner = Owner()
    assert (owner.place, owner.first) == (None, 0)
    owner.place = np.uint8(4)
    assert owner.place == 4 and type(owner.place) is int
    owner.place = owner.first = None
    assert (owner.place, owner.first) == (None, None)
    for wrong in (-1, True, 1.0, "3", [1]):
        with pytest.raises(traitlets.TraitError, match="a whole number from 0, or None"):
            owner.place = wrong
