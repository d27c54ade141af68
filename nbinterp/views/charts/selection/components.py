"""The chart of a component selection: the stress of maps of more and more dimensions."""

from typing import Any

import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.manifold import ComponentSelection
from nbinterp.views.charts.selection.curves import OWN, curves, title
from nbinterp.views.charts.vega_lite import AltairView


@shows(ComponentSelection)
class ComponentSelectionChart(AltairView):
    """The stress of PHATE's maps over their number of dimensions.

    Parameters
    ----------
    selection : ComponentSelection
        The result of `select_n_components`.

    How to read it
    --------------
    The stress is the relative error of the distances on the map. It falls with every dimension. Up
    to the elbow, which the dashed line marks, a dimension more is worth much; beyond, little. The
    title says by how much. A map to look at has two dimensions in any case; the number is for
    clusters.

    Examples
    --------
    >>> import numpy as np
    >>> ComponentSelection(np.array([2, 3, 4, 6]), np.array([0.3, 0.2, 0.05, 0.04])).view()
    ComponentSelectionChart(best of 4: 4 components, stress 0.050. A dimension lowers the stress by
        0.12 up to 4, and by 0.005 beyond.)
    """

    @_checks.named
    def __init__(self, selection: ComponentSelection) -> None:
        _checks.require(
            isinstance(selection, ComponentSelection),
            f"(selection={_checks.show(selection)})",
            "must be a ComponentSelection",
            "Pass what select_n_components(...) returned.",
            TypeError,
        )
        self.selection = selection

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the chart, those of `ComponentSelection.to_frame`."""
        return self.selection.to_frame()

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        found = self.frame.rename(columns={"n_components": "x", "stress": "value"})
        rows = found.assign(what="stress", lower=found["value"], upper=found["value"])
        drawn = curves(
            rows[["x", "what", "value", "lower", "upper"]],
            self.selection.best,
            x="dimensions of the map",
            y="stress (relative error of distances)",
            colours={"stress": OWN},
        )
        return drawn.properties(title=title("Loss of PHATE's map", self.selection.reason))

    def describe(self) -> str:
        """Describe the best number of dimensions, and why, in one line."""
        selection = self.selection
        stress = float(selection.stress[selection.n_components == selection.best][0])
        return (
            f"ComponentSelectionChart(best of {len(selection.stress)}: {selection.best} "
            f"components, stress {stress:.3f}. {selection.reason})"
        )
