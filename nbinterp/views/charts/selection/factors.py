"""The chart of a factor selection: what each number of factors explains, beside chance."""

from typing import Any

import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import FactorSelection
from nbinterp.views.charts.selection.curves import CHANCE, OWN, curves, mean_and_error, title
from nbinterp.views.charts.vega_lite import AltairView

_DATA, _NULL = "the data", "shuffled columns, lowest to highest"
_HELD_OUT = "samples not fitted to, ± standard error"


@shows(FactorSelection)
class FactorSelectionChart(AltairView):
    """What each number of factors explains, in the data, by chance and in held-out samples.

    Parameters
    ----------
    selection : FactorSelection
        The result of `select_n_factors`.

    How to read it
    --------------
    On the left, the total correlation of the fit rises with every factor, that of shuffled columns
    too: the grey band is what chance gives. On the right, what the factors explain in samples that
    they were not fitted to, in nats a sample. It falls again, or stays, when more factors explain
    noise, and is below zero where factors explain nothing. The dashed line is the smallest number
    of factors that does as well as any within a standard error.

    Examples
    --------
    >>> import numpy as np
    >>> found = FactorSelection(
    ...     np.array([1, 2, 4]), np.array([1.0, 2.0, 2.1]), np.full((2, 3), 0.1),
    ...     np.array([[0.9, 1.8, 1.7], [0.8, 1.9, 1.8]]),
    ... )
    >>> found.view()
    FactorSelectionChart(best of 3: 2 factors: 1.85 ± 0.05 nats per held-out sample; no other number
        gives more by over a standard error.)
    """

    @_checks.named
    def __init__(self, selection: FactorSelection) -> None:
        _checks.require(
            isinstance(selection, FactorSelection),
            f"(selection={_checks.show(selection)})",
            "must be a FactorSelection",
            "Pass what select_n_factors(...) returned.",
            TypeError,
        )
        self.selection = selection

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the chart.

        Columns: x (the number of factors), what, value, lower, upper, all in nats.
        """
        selection, x = self.selection, self.selection.n_factors
        data = pd.DataFrame({"x": x, "what": _DATA, "value": selection.total_correlation})
        data = data.assign(lower=data["value"], upper=data["value"])
        null = mean_and_error(selection.null, x, _NULL)
        null = null.assign(lower=selection.null.min(0), upper=selection.null.max(0))
        return pd.concat([data, null, mean_and_error(selection.held_out, x, _HELD_OUT)])

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # slow to import: loaded only when a chart is drawn

        frame, best = self.frame, self.selection.best
        held_out = frame["what"] == _HELD_OUT
        x, left, right = "factors", "total correlation (nats)", "explained (nats per sample)"
        fitted = curves(
            frame[~held_out], best, x=x, y=left, colours={_DATA: OWN, _NULL: CHANCE}
        ).properties(title="samples of the fit")
        others = curves(frame[held_out], best, x=x, y=right, colours={_HELD_OUT: OWN}).properties(
            title=_HELD_OUT
        )
        both = alt.hconcat(fitted, others).resolve_scale(color="independent")
        return both.properties(title=title("Number of factors", self.selection.reason))

    def describe(self) -> str:
        """Describe the best number of factors, and why, in one line."""
        tried = len(self.selection.n_factors)
        return f"FactorSelectionChart(best of {tried}: {self.selection.reason})"
