"""`explorer.selection` is an ordinary trait: observed, linked, and sent as bytes."""

import ipywidgets
import numpy as np
import pytest
import torch
import traitlets

from nbinterp import ClusterExplorer, LinearCorEx, LocalCorEx


class Other(traitlets.HasTraits):
    """Somebody else's object, whose trait is linked to a selection."""

    chosen = traitlets.Any()


def explorers(count, n_samples=20):
    rng = np.random.default_rng(0)
    return [ClusterExplorer(rng.normal(size=(n_samples, 2))) for _ in range(count)]


def wire(numbers):
    return np.asarray(numbers, "<u4").tobytes()


def test_the_trait_is_synced_and_sent_as_uint32():
    (explorer,) = explorers(1)
    assert explorer.trait_metadata("selection", "sync") is True
    explorer.selection = [7, 2]
    assert bytes(explorer.get_state("selection")["selection"]) == wire([2, 7])


def test_observers_hear_old_and_new_and_nothing_where_nothing_changed():
    (explorer,) = explorers(1)
    heard = []
    explorer.observe(heard.append, "selection")
    explorer.selection = [7, 2]
    explorer.selection = [2, 7]
    explorer.selection = np.isin(np.arange(20), [2, 7])
    explorer.set_state({"selection": wire([2, 7])})
    explorer.set_state({"selection": wire([4])})
    explorer.selection = []
    explorer.selection = np.zeros(20, bool)
    pairs = [(change["old"].tolist(), change["new"].tolist()) for change in heard]
    assert pairs == [([], [2, 7]), ([2, 7], [4]), ([4], [])]
    for change in heard:
        assert isinstance(change["new"], np.ndarray) and change["new"].dtype == np.int64
        assert change["name"] == "selection" and change["owner"] is explorer


@pytest.mark.parametrize("link", [traitlets.link, ipywidgets.link])
@pytest.mark.parametrize("first", [[], [3], [1, 2, 5]])
def test_links_work_in_both_directions(link, first):
    one, other = explorers(2)
    one.selection = first
    bound = link((one, "selection"), (other, "selection"))
    assert other.selection.tolist() == first
    for owner, samples in ((other, [4, 9]), (one, []), (other, [1]), (one, range(20))):
        owner.selection = samples
        assert one.selection.tolist() == other.selection.tolist() == list(samples)
    one.set_state({"selection": wire([3, 8])})  # as a page does
    assert other.selection.tolist() == [3, 8]
    bound.unlink()
    one.selection = [0]
    assert other.selection.tolist() == [3, 8]


def test_one_way_links_and_foreign_objects():
    explorer, follower = explorers(2)
    stranger = Other(chosen=[1, 2])
    traitlets.dlink((explorer, "selection"), (follower, "selection"))
    bound = traitlets.link((explorer, "selection"), (stranger, "chosen"))
    explorer.selection = [6, 7]
    assert follower.selection.tolist() == list(stranger.chosen) == [6, 7]
    follower.selection = [1]
    assert explorer.selection.tolist() == [6, 7]
    bound.unlink()


def test_a_linked_map_of_fewer_samples_refuses_what_it_does_not_have():
    (one,), (small,) = explorers(1), explorers(1, n_samples=5)
    traitlets.link((one, "selection"), (small, "selection"))
    with pytest.raises(ValueError, match="must hold indices from 0 to 4"):
        one.selection = [3, 12]
    one.selection = [4]
    assert small.selection.tolist() == [4]


def test_jslink_takes_the_trait():
    one, other = explorers(2)
    bound = ipywidgets.jslink((one, "selection"), (other, "selection"))
    assert bound.source == (one, "selection") and bound.target == (other, "selection")
    ipywidgets.jslink((one, "hovered"), (other, "hovered"))


def test_changes_may_be_held_together():
    (explorer,) = explorers(1)
    heard = []
    explorer.observe(heard.append, "selection")
    with explorer.hold_trait_notifications():
        explorer.selection = [1]
        explorer.selection = [2, 3]
    assert [change["new"].tolist() for change in heard] == [[2, 3]]


def test_what_is_read_is_a_copy_that_indexes_arrays_and_tensors():
    (explorer,) = explorers(1)
    explorer.selection = [1, 3]
    copied = explorer.selection
    copied[0] = 9
    copied += 1
    assert explorer.selection.tolist() == [1, 3]
    assert torch.arange(20)[explorer.selection].tolist() == [1, 3]
    assert np.arange(20)[explorer.selection].tolist() == [1, 3]
    explorer.selection += 1
    assert explorer.selection.tolist() == [2, 4]
    assert (explorer.selection == [2, 5]).tolist() == [True, False]
    assert (explorer.selection != 2).tolist() == [False, True]


def test_callbacks_may_write_into_what_they_get():
    (explorer,) = explorers(1)
    explorer.on_select(lambda selection: selection.fill(0))
    explorer.selection = [1, 3]
    assert explorer.selection.tolist() == [1, 3]


def test_the_sample_under_the_pointer_is_none_or_a_number():
    one, other = explorers(2)
    assert one.hovered is None
    traitlets.link((one, "hovered"), (other, "hovered"))
    one.hovered = np.int64(3)
    assert other.hovered == 3 and type(one.hovered) is int
    other.set_state({"hovered": None})
    assert one.hovered is None
    with pytest.raises(traitlets.TraitError, match="from 0, or None"):
        one.hovered = -1


def test_a_fit_without_a_selection_says_how_to_select():
    data = np.random.default_rng(0).normal(size=(40, 3))
    clusters = np.repeat([0, 1], 20)
    local = LocalCorEx(LinearCorEx(1), random_state=0).fit(data, clusters=clusters)
    explorer = ClusterExplorer(local)
    explorer.selection = []
    message = r"^ClusterExplorer\.fit_selection\(\) of 0 selected samples must hold at least 3"
    with pytest.raises(ValueError, match=message):
        explorer.fit_selection()
