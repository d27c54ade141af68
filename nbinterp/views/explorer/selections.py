"""Named selections of a map."""

import json
import re
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import AnyArray, BoolArray, IntArray
from nbinterp.views.base.colours import categorical

if TYPE_CHECKING:
    from nbinterp.views.explorer.explorer import ClusterExplorer


LONGEST_NAME = 80
MOST = 100  # more names would be unreadable
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class Selection:
    """A named selection, as it was when it was read; later changes in the view do not affect it.

    Combine selections with ``&``, ``|``, ``-`` and ``^``. Pass one wherever sample numbers are
    accepted.

    Attributes
    ----------
    name : str
        Its name; empty for a combination without a name.
    color : str
        Its colour in the view, such as ``"#e69f00"``.
    indices : array of shape (k,), int64
        Sample numbers, ascending.
    """

    def __init__(self, explorer: "ClusterExplorer", name: str, color: str, indices: Any) -> None:
        self._explorer = explorer
        self.name = name
        self.color = color
        self.indices: IntArray = np.asarray(indices, np.int64)
        self.indices.setflags(write=False)

    @property
    def mask(self) -> BoolArray:
        """Which samples are in it, as an array of shape (n_samples,)."""
        mask = np.zeros(len(self._explorer._positions), bool)
        mask[self.indices] = True
        return mask

    def to_frame(self) -> pd.DataFrame:
        """Return position and columns of its samples, one row per sample number."""
        return self._explorer.to_frame(self.indices)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return np.array(self.indices, dtype)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices.tolist())

    def __contains__(self, sample: object) -> bool:
        return sample in self.indices.tolist()

    def __and__(self, other: Any) -> "Selection":
        return self._with(other, np.intersect1d)

    def __or__(self, other: Any) -> "Selection":
        return self._with(other, np.union1d)

    def __sub__(self, other: Any) -> "Selection":
        return self._with(other, np.setdiff1d)

    def __xor__(self, other: Any) -> "Selection":
        return self._with(other, np.setxor1d)

    def __repr__(self) -> str:
        about = f"{self.name!r}: " if self.name else ""
        return f"<Selection {about}{len(self)} of {len(self._explorer._positions)} samples>"

    @_checks.named
    def _with(self, other: Any, combine: Callable[[Any, Any], Any]) -> "Selection":
        n = len(self._explorer._positions)
        there = _checks.indices("other", other, n)
        return Selection(self._explorer, "", self.color, combine(self.indices, there))


class Selections(MutableMapping[str, Selection]):
    """The named selections of an explorer. The view and Python change the same ones.

    ``explorer.selections["odd nines"]`` is a `Selection`. Assign sample numbers, a boolean mask or
    another selection to a name, and the view shows it. A saved notebook keeps them.

    Examples
    --------
    >>> from nbinterp import ClusterExplorer
    >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]])
    >>> explorer.selections["left"] = [0, 2]
    >>> explorer.selections["low"] = [True, True, False]
    >>> explorer.selections["corner"] = explorer.selections["left"] & explorer.selections["low"]
    >>> explorer.selections["corner"].indices
    array([0])
    >>> explorer.selections.to_frame()["samples"].to_dict()
    {'left': 2, 'low': 2, 'corner': 1}
    """

    def __init__(self, explorer: "ClusterExplorer") -> None:
        self._explorer = explorer

    def __getitem__(self, name: str) -> Selection:
        for kept in self._kept():
            if kept.name == name:
                return kept
        raise KeyError(name)

    @_checks.call("explorer.selections")
    def __setitem__(self, name: str, samples: Any) -> None:
        n = len(self._explorer._positions)
        indices = _checks.indices(repr(name), samples, n, at_least=1)
        kept = self._kept()
        known = {one.name: number for number, one in enumerate(kept)}
        color = next_colour([one.color for one in kept])
        if name in known:
            color = kept[known[name]].color
        new = Selection(self._explorer, name, color, indices)
        kept[known.get(name, len(kept)) : known.get(name, len(kept)) + 1] = [new]
        self._keep(kept)

    def __delitem__(self, name: str) -> None:
        gone = self[name]
        self._keep([one for one in self._kept() if one.name != gone.name])

    def __iter__(self) -> Iterator[str]:
        return iter([header["name"] for header in self._explorer._named])

    def __len__(self) -> int:
        return len(self._explorer._named)

    def __repr__(self) -> str:
        counts = ", ".join(f"{one.name!r}: {len(one)}" for one in self._kept())
        return f"Selections({{{counts}}})"

    def rename(self, old: str, new: str) -> None:
        """Rename the selection `old` to `new`; its samples and colour stay."""
        self[old]  # raises KeyError if there is none
        kept = self._kept()
        for one in kept:
            if one.name == old:
                one.name = new
        self._keep(kept)

    def to_frame(self) -> pd.DataFrame:
        """Return the number of samples and the colour of each selection, one row per name."""
        rows = [(one.name, len(one), one.color) for one in self._kept()]
        return pd.DataFrame(rows, columns=["name", "samples", "color"]).set_index("name")

    def on_change(self, callback: Callable[["Selections"], Any]) -> Callable[[], None]:
        """Call `callback` with these selections at each change; return a function that stops it."""
        return self._explorer.when_changed(
            ["_named", "_named_data"], lambda _change: callback(self)
        )

    def save(self, path: str | Path) -> Path:
        """Write all selections to a JSON file."""
        kept = [
            {"name": one.name, "color": one.color, "indices": one.indices.tolist()}
            for one in self._kept()
        ]
        document = {"n_samples": len(self._explorer._positions), "selections": kept}
        Path(path).write_text(json.dumps(document), encoding="utf-8")
        return Path(path)

    @_checks.call("explorer.selections.load")
    def load(self, path: str | Path) -> None:
        """Read a file written by `save`; selections with the same names are replaced."""
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        n = len(self._explorer._positions)
        _checks.require(
            document.get("n_samples") == n,
            f"({str(path)!r})",
            f"must be of {n} samples, not {document.get('n_samples')}",
            "Load it into an explorer of the same samples.",
        )
        kept = {one.name: one for one in self._kept()}
        for entry in document["selections"]:
            indices = _checks.indices(entry["name"], entry["indices"], n, at_least=1)
            one = Selection(self._explorer, entry["name"], entry["color"], indices)
            kept[one.name] = one
        self._keep(list(kept.values()))

    def _kept(self) -> list[Selection]:
        headers, data = self._explorer._named, self._explorer._named_data
        ends = np.cumsum([header["count"] for header in headers], dtype=int)
        parts = np.split(data, ends[:-1]) if headers else []
        return [
            Selection(self._explorer, header["name"], header["color"], part)
            for header, part in zip(headers, parts, strict=True)
        ]

    @_checks.call("explorer.selections")
    def _keep(self, kept: list[Selection]) -> None:
        headers = [
            {"name": one.name, "color": one.color, "count": len(one.indices)} for one in kept
        ]
        data = np.concatenate([one.indices for one in kept]) if kept else np.empty(0)
        wrong = refusal(headers, data, len(self._explorer._positions))
        _checks.require(wrong is None, "", str(wrong), "Choose another name.")
        with self._explorer.hold_sync(), self._explorer.hold_trait_notifications():
            self._explorer._named = headers
            self._explorer._named_data = data


def next_colour(taken: list[str]) -> str:
    """Return the first colour of the palette that is not taken."""
    palette = categorical(40)
    return next((colour for colour in palette if colour not in taken), palette[-1])


def refusal(headers: Any, data: AnyArray, n: int) -> str | None:
    """Return why these are not valid named selections of `n` samples; None if they are."""
    if len(headers) > MOST:
        return f"must be at most {MOST}"
    for header in headers:
        if set(header) != {"name", "color", "count"}:
            return "must each have a name, a colour and a count"
        name, color, count = header["name"], header["color"], header["count"]
        if not isinstance(name, str) or not 0 < len(name.strip()) <= len(name) <= LONGEST_NAME:
            return f"must have names of 1 to {LONGEST_NAME} letters, not {_checks.show(name)}"
        if not isinstance(color, str) or not _COLOUR.fullmatch(color):
            return "must have colours such as '#e69f00'"
        if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= n:
            return "must each hold samples"
    if len({header["name"] for header in headers}) < len(headers):
        return "must have names that differ"
    counts = [header["count"] for header in headers]
    if sum(counts) != len(data):
        return "must hold the number of samples that they state"
    rises = np.diff(np.asarray(data, np.int64)) > 0
    rises[np.cumsum(counts, dtype=int)[:-1] - 1] = True  # not between selections
    if len(data) and not (rises.all() and int(data.max()) < n):
        return "must hold numbers of samples, ascending"
    return None
