"""The columns of a map, as a mapping that Python can change."""

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import AnyArray
from nbinterp.views.explorer import samples
from nbinterp.views.explorer.scales import text

if TYPE_CHECKING:
    from nbinterp.views.explorer.explorer import ClusterExplorer


class Columns(MutableMapping[str, AnyArray]):
    """The columns of an explorer. A new column can colour the map at once.

    Reading a column returns its values, read-only, in the type in which they were given.

    Examples
    --------
    >>> from nbinterp import ClusterExplorer
    >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]])
    >>> explorer.columns["kind"] = ["a", "b", "a"]
    >>> explorer.color_by = "kind"
    >>> explorer.columns["kind"].tolist()
    ['a', 'b', 'a']
    """

    def __init__(self, explorer: "ClusterExplorer") -> None:
        self._explorer = explorer

    def __getitem__(self, name: str) -> AnyArray:
        values = np.asarray(self._column(name).given).view()
        values.setflags(write=False)
        return values

    def text_of(self, name: str, sample: int) -> str:
        """Return a number of a sample as the page shows it."""
        column = self._column(name)
        return text(float(column.entries[sample]), column.meaning)

    def _column(self, name: str) -> samples.Column:
        for column in self._explorer._table:
            if column.name == name:
                return column
        raise KeyError(name)

    @_checks.call("explorer")
    def __setitem__(self, name: str, values: Any) -> None:
        table = list(self._explorer._table)
        new = samples.column(str(name), values, len(self._explorer._positions))
        known = [column.name for column in table]
        place = known.index(new.name) if new.name in known else len(table)
        table[place : place + 1] = [new]
        self._explorer._show_table(table)

    def __delitem__(self, name: str) -> None:
        self._column(name)  # raises KeyError if there is none
        self._explorer._show_table([one for one in self._explorer._table if one.name != name])

    def __iter__(self) -> Iterator[str]:
        return iter([column.name for column in self._explorer._table])

    def __len__(self) -> int:
        return len(self._explorer._table)

    def __repr__(self) -> str:
        return f"Columns({', '.join(self)})"
