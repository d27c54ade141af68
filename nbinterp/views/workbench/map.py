"""The map of a workbench: an explorer whose fits run in the workbench."""

from collections.abc import Callable
from typing import Any

from nbinterp.corex import ClusterFactors
from nbinterp.views.explorer.explorer import ClusterExplorer


class WorkbenchMap(ClusterExplorer):
    """A map that gets the factors of a selection from `fit`."""

    def __init__(self, *args: Any, fit: Callable[[], ClusterFactors], **options: Any) -> None:
        self._make_fit = fit
        super().__init__(*args, **options)
        self._fits_itself = True

    def fit_selection(self) -> ClusterFactors:
        """Fit the factors of the selected samples, and run the following steps."""
        return self._make_fit()

    def show_fit(self, factors: ClusterFactors, seconds: float) -> None:
        """Show factors beside the map; `seconds` is how long their fit took."""
        self._show_fit(factors, seconds)

    def unstable(self) -> list[int]:
        """Return the numbers of the factors that are not stable, once that is known."""
        found: list[int] = self.heatmap.unstable()
        return found
