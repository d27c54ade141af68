"""Keep a trait equal in several views."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nbinterp.views.base.view import View, raise_all

_NOTHING = object()


def add_link(view: View, others: Sequence[View]) -> Callable[[], None]:
    """Tell the page of `view` which views it is linked to; return a function that undoes this.

    Without a kernel, the page then follows them where possible, and says where it cannot.
    """
    named = [f"anywidget:{other.model_id}" for other in others]
    added = [reference for reference in named if reference not in view._linked]
    view._linked = [*view._linked, *added]

    def forget() -> None:
        view._linked = [reference for reference in view._linked if reference not in added]

    return forget


class TraitSync:
    """Keeps a trait equal in several views; without a kernel, their pages do so by `_linked`.

    Parameters
    ----------
    name : str
        The trait: the chosen factor, the selection or the sample under the pointer. A view takes a
        ``"factor"`` only if it shows it, by its ``_ids``. A factor that is set to None in one view
        stays chosen in the others.
    views : sequence of View
        Views with this trait.
    alike : callable, optional
        Takes two views and a value, and returns whether the value means the same in both. A view in
        which it means something else does not get the value.
    """

    def __init__(
        self,
        name: str,
        views: Sequence[View],
        alike: Callable[[View, View, Any], bool] = lambda _one, _other, _value: True,
    ) -> None:
        self._name, self._views, self._alike = name, tuple(views), alike
        # Pages are answered on several threads. Setting a trait may take the lock of a view, so
        # this lock is not held meanwhile.
        self._lock = threading.Lock()
        self._newest: tuple[Any, View | None] = (_NOTHING, None)
        self._telling = False
        self._stops: list[Callable[[], object]] = []
        self._join()
        for view in self._views:
            value = getattr(view, name)
            if value is not None and np.size(value):
                self.tell(value, view)
                break

    def tell(self, value: Any, origin: View | None = None) -> None:
        """Set a value in all views; if several arrive at once, the last one wins."""
        if self._name == "factor" and value is None:
            return
        with self._lock:
            self._newest = value, origin
            if self._telling:
                return  # the call that is running also sets this value
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
        while self._stops:
            self._stops.pop()()

    def _join(self) -> None:
        for view in self._views if len(self._views) > 1 else ():
            self._stops.append(view.when_changed(self._name, self._changed))
            others = [other for other in self._views if other is not view]
            self._stops.append(add_link(view, others))
            self._stops.append(view.when_closed(partial(self._leave, view)))

    def _leave(self, closed: View) -> None:
        """Go on without a view that closes."""
        self.end()
        self._views = tuple(view for view in self._views if view is not closed)
        self._join()

    def _changed(self, change: Any) -> None:
        self.tell(change["new"], change["owner"])

    def _tell_newest(self, failures: list[Exception]) -> bool:
        with self._lock:
            (value, origin), self._newest = self._newest, (_NOTHING, None)
            if value is _NOTHING:
                self._telling = False
                return False
        # Set it also in its origin, where another value may have been set since.
        for view in self._views:
            try:
                if self._takes(view, value, origin):
                    setattr(view, self._name, value)
            except Exception as failure:
                failures.append(failure)  # from a callback; the other views still follow
        return True

    def _takes(self, view: View, value: Any, origin: View | None) -> bool:
        if self._name == "factor" and value not in view._ids:
            return False
        return origin is None or origin is view or self._alike(origin, view, value)
