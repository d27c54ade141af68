"""Base of views that show factors, have a chosen factor, and mark what is not stable."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import traitlets

from nbinterp._numerics.progress import ProgressToken, tracking
from nbinterp.corex.matching import listed_factors
from nbinterp.views.base.background import LatestTask
from nbinterp.views.base.traits import Index
from nbinterp.views.base.view import View


class FactorView(View):
    """A view of factors; one of them may be chosen.

    It marks factors that are not found again in halves of their samples. That takes as long as a
    fit, so the marks come when they are ready; text, still pictures and pages wait for them.
    """

    factor = Index().tag(page=True)
    # Factor numbers in the fit, in the order of the view.
    _ids = traitlets.List(traitlets.Int()).tag(sync=True)
    # The numbers of those that are not stable.
    _unstable = traitlets.List(traitlets.Int()).tag(sync=True)

    _marked: Any = None
    _marking: LatestTask | None = None  # None before there is something to mark

    def __init__(self, **traits: Any) -> None:
        self._mark_lock = threading.Lock()
        super().__init__(**traits)

    def close(self) -> None:
        """Close the view; marks that are not ready do not come any more."""
        if self._marking is not None:
            self._marking.cancel()
        self._marked = None
        super().close()

    def page_parts(self) -> list[View]:
        """Return the views within this view, after its marks are ready."""
        self._wait_for_marks()
        return super().page_parts()

    def _mark(self, factors: Any) -> None:
        """Mark which of `factors` are not stable: at once if that is known, else when it is."""
        marking = self._marking = self._marking or LatestTask(self._tell_failure)
        marking.cancel()
        is_known = getattr(factors, "is_compared", True)
        with self._mark_lock:
            self._marked = factors
            self._set_marks(factors if is_known else None)
        if not is_known:
            marking.submit(partial(self._mark_later, factors))

    def _mark_later(self, factors: Any, stop: threading.Event) -> None:
        with tracking(ProgressToken(stop)):
            _ = factors.comparison_
        with self._mark_lock:
            if self._marked is factors:
                self._set_marks(factors)

    def _set_marks(self, factors: Any) -> None:
        """Mark factors of which it is known whether they are stable; None takes marks away."""
        stable = getattr(factors, "stable_", None)
        self._unstable = [] if stable is None else np.flatnonzero(~stable).tolist()

    def _wait_for_marks(self) -> None:
        if self._marking is not None:
            self._marking.wait()

    def unstable(self) -> list[int]:
        """Return the numbers of the factors that are not stable, once that is known."""
        self._wait_for_marks()
        return [factor for factor in self._ids if factor in self._unstable]

    def _marks(self) -> str:
        """Name the factors that are not stable, when that is known; empty if there are none."""
        found = self.unstable()
        return f"not stable: {listed_factors(found)}" if found else ""

    def _tell_failure(self, failure: Exception) -> None:
        if threading.main_thread().is_alive():  # else the program ends, and pools start no threads
            self.tell(failure)

    def on_choose(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call `callback` whenever the chosen factor changes.

        Parameters
        ----------
        callback : callable
            Takes the number of the factor, or None if no factor is chosen.

        Returns
        -------
        callable
            Call it to stop.
        """
        return self.when_changed("factor", lambda change: callback(change["new"]))

    @traitlets.validate("factor")
    def _check_factor(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        if value is not None and value not in self._ids:
            known = ", ".join(str(factor) for factor in sorted(self._ids)) or "none"
            raise traitlets.TraitError(f"factor must be one of those shown, {known}, or None")
        return value
