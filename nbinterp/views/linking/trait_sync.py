"""A trait that several views share: set in one, it is set in all."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbinterp.views.base.view import View, raise_all

_NOTHING = object()


def add_link(view: View, others: Sequence[View]) -> Callable[[], None]:
    """Tell the page of `view` which others it is linked to; return a function that undoes it.

    Without a kernel the page then follows them as far as it can, and says where it cannot.
    """
    named = [f"anywidget:{other.model_id}" for other in others]
    added = [reference for reference in named if reference not in view._linked]
    view._linked = [*view._linked, *added]

    def forget() -> None:
        view._linked = [reference for reference in view._linked if reference not in added]

    return forget


class TraitSync:
    """Keeps a trait of views the same; `_linked` tells their pages, which do so without a kernel.

    Parameters
    ----------
    name : str
        The trait: a chosen factor, a selection, the sample under the pointer. Of ``"factor"`` each
        view takes what it shows, by its ``_ids``, and letting go of one leaves the others.
    views : sequence of View
        All with this trait.
    alike : callable, optional
        Takes two of the views and a value, and says whether it means the same in both: a view in
        which it means something else is not told.
    """

    def __init__(
        self,
        name: str,
        views: Sequence[View],
        alike: Callable[[View, View, Any], bool] = lambda _one, _other, _value: True,
    ) -> None:
        self._name, self._views, self._alike = name, tuple(views), alike
        # Pages are answered on several threads. What a view is told may take its lock, so that
        # none is held here meanwhile.
        self._lock = threading.Lock()
        self._newest: tuple[Any, View | None] = (_NOTHING, None)
        self._telling = False
        self._stops: list[Callable[[], object]] = []
        for view in self._views:
            self._stops.append(view.when_changed(name, self._changed))
            others = [other for other in self._views if other is not view]
            self._stops.append(add_link(view, others))
        for view in self._views:
            value = getattr(view, name)
            if value is not None and np.size(value):
                self.tell(value, view)
                break

    def tell(self, value: Any, origin: View | None = None) -> None:
        """Let all views have the value that one has; of several at a time, the last one."""
        if self._name == "factor" and value is None:
            return
        with self._lock:
            self._newest = value, origin
            if self._telling:
                return  # whoever tells now goes on with it
            self._telling = True
        failures: list[Exception] = []
        try:
            while self._tell_newest(failures):
                pass
        except BaseException:
            self._telling = False
            raise
        raise_all(failures)

    def end(self) -> None:
        """End the link."""
        for stop in self._stops:
            stop()

    def _changed(self, change: Any) -> None:
        self.tell(change["new"], change["owner"])

    def _tell_newest(self, failures: list[Exception]) -> bool:
        with self._lock:
            (value, origin), self._newest = self._newest, (_NOTHING, None)
            if value is _NOTHING:
                self._telling = False
                return False
        # Also where it came from: another value may have been set there since.
        for view in self._views:
            try:
                if self._takes(view, value, origin):
                    setattr(view, self._name, value)
            except Exception as failure:
                failures.append(failure)  # of a callback there: the others follow all the same
        return True

    def _takes(self, view: View, value: Any, origin: View | None) -> bool:
        if self._name == "factor" and value not in view._ids:
            return False
        return origin is None or origin is view or self._alike(origin, view, value)
