"""Let views of results follow the selection on a map of the same samples."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.views.base.view import View
from nbinterp.views.linking.trait_sync import add_link


def numbers(samples: Any, n_samples: int, explorer: Any) -> IntArray:
    """Return the number on the map of each sample of a result; 0, 1, … by default."""
    _checks.require(
        explorer is None or callable(getattr(explorer, "on_select", None)),
        f"(explorer={_checks.show(explorer)})",
        "must be a ClusterExplorer",
        "Pass the map of the samples.",
        TypeError,
    )
    if samples is None:
        on_map = n_samples if explorer is None else len(explorer._positions)
        _checks.require(
            on_map == n_samples,
            f"(explorer=<a map of {on_map} samples>)",
            f"must come with the numbers of the {n_samples} samples explained",
            "Pass their numbers, samples=[…], in the order of the result.",
        )
        return np.arange(n_samples)
    array = np.asarray(_checks.to_numpy(samples))
    _checks.require(
        array.shape == (n_samples,) and array.dtype.kind in "iu",
        f"(samples={_checks.show(samples)})",
        f"must be {n_samples} sample numbers, one per sample of the result",
        "Pass the indices that took x from the data.",
    )
    return array.astype(np.int64)


def follow(
    explorer: Any,
    samples: IntArray,
    show: Callable[[IntArray, IntArray], object],
    view: View | None = None,
) -> Callable[[], None]:
    """Call ``show(chosen, selection)`` now and at each selection; return a function that stops it.

    `chosen` are the positions in `samples` of the selected samples, in their order. The page of
    `view` is informed of the link, so that without a kernel it can say that it does not follow.
    """

    def selected(selection: IntArray) -> None:
        show(np.flatnonzero(np.isin(samples, selection)), selection)

    return follow_selection(explorer, selected, view)


def follow_selection(
    explorer: Any, show: Callable[[IntArray], object], view: View | None = None
) -> Callable[[], None]:
    """Call ``show(selection)`` now, unless it is empty, and at each selection, like `follow`."""
    if len(explorer.selection):
        show(explorer.selection)
    stop: Callable[[], None] = explorer.on_select(show)
    ends = [stop]
    if view is not None:
        ends.append(add_link(view, [explorer]))

    def end() -> None:
        while ends:
            ends.pop()()

    ends += [closing.when_closed(end) for closing in (explorer, view) if closing is not None]
    return end
