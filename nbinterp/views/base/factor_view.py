"""Base of views that show factors and have a chosen factor."""

from collections.abc import Callable
from typing import Any

import traitlets

from nbinterp.views.base.traits import Index
from nbinterp.views.base.view import View


class FactorView(View):
    """A view of factors; one of them may be chosen."""

    factor = Index().tag(page=True)
    # Factor numbers in the fit, in the order of the view.
    _ids = traitlets.List(traitlets.Int()).tag(sync=True)

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
