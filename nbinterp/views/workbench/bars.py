"""Convert results of the workbench to bars with bands of chance, for the page to draw."""

from typing import Any

import numpy as np

from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.network import AblationStudy

Chart = dict[str, Any]

_MOST_GROUPS = 10
_MOST_PAIRS = 10
_RARE = 0.05  # the rank, corrected for all groups and sizes, up to which a loss is beyond chance
_TWO_SIDED = 1.96  # standard errors: noise stays within them 95 % of the time


def ablation_chart(study: AblationStudy, counted: str) -> Chart:
    """Return charts of the change of accuracy of each group, per factor and size, with chance.

    Parameters
    ----------
    study : AblationStudy
        A study of some factors of one cluster.
    counted : str
        The answers that accuracy counts, such as ``"right answers"``.
    """
    charts = []
    for (_, factor, size), rows in study.to_frame().groupby(
        ["cluster", "factor", "size"], sort=False
    ):
        known = rows[rows["n_samples"] > 0]
        everyone = known["group"] == study.groups[0]
        worst = known[~everyone].sort_values("change", kind="stable").head(_MOST_GROUPS - 1)
        bars = [
            {
                "label": str(row["group"]),
                "value": _number(100 * row["change"]),
                "low": _number(100 * row["chance_lower"]),
                "high": _number(100 * row["chance_upper"]),
                "note": f"{row['n_samples']:,} samples; {100 * row['baseline']:.1f} % {counted} "
                "before",
                "beyond": bool(row["corrected_rank"] <= _RARE),
            }
            for row in [*known[everyone].to_dict("records"), *worst.to_dict("records")]
        ]
        stable = rows["stable"].iloc[0]  # None if that is not known
        mark = {"unstable": stable is not None and not stable}
        charts.append({"factor": int(str(factor)), "size": int(str(size)), "bars": bars, **mark})
    about = f"Change of {counted} when the nodes that share most with the factor are ablated"
    if study.n_left_out:
        about += f"; {study.n_left_out} nodes that are constant or equal are in no random draw"
    return {
        "unit": "percentage points",
        "about": about,
        "charts": charts,
    }


def interaction_chart(
    result: SmoothHessian, sample: int, answer: str, grid: tuple[int, int, int] | None
) -> Chart:
    """Return a chart of the strongest pairs of inputs in one sample, with 95 % bands of noise.

    Parameters
    ----------
    result : SmoothHessian
        The interactions in one sample.
    sample : int
        The number of the sample.
    answer : str
        The name of the explained output.
    grid : (int, int, int) or None
        For images: the side of a patch in pixels, and the numbers of patches down and across.
    """
    matrix, errors = result.hessian, result.standard_error
    chart: Chart = {"sample": sample, "answer": answer, "unit": "", "grid": [], "bars": []}
    if matrix is None or errors is None:
        return chart
    first, second = np.triu_indices(len(matrix[0]), 1)
    unit = np.ones(len(matrix[0])) if result.units is None else result.units
    both = unit[first] * unit[second]
    values, noise = matrix[0][first, second] * both, _TWO_SIDED * errors[0][first, second] * both
    names = result.feature_names or [input_name(place, grid) for place in range(len(unit))]
    strongest = np.argsort(-np.abs(values), kind="stable")[:_MOST_PAIRS]

    per = "squared input unit" if result.units is None else "smoothing deviation σ of both inputs"
    chart["unit"] = f"Second derivatives of {answer}, per {per}"
    chart["grid"] = [] if grid is None else list(grid)
    chart["bars"] = [
        {
            "label": f"{names[first[at]]} × {names[second[at]]}",
            "value": _number(values[at]),
            "low": _number(-noise[at]),
            "high": _number(noise[at]),
            "note": "together stronger" if values[at] > 0 else "together weaker",
            "pair": [int(first[at]), int(second[at])],
        }
        for at in strongest
    ]
    return chart


def input_name(place: int, grid: tuple[int, int, int] | None) -> str:
    """Return the name of an input; for a patch of an image, its row and column."""
    return f"x{place}" if grid is None else f"({place // grid[2]}, {place % grid[2]})"


def _number(value: float) -> float | None:
    """Round a number to five digits; None if it is not finite, which JSON cannot hold."""
    return float(f"{value:.5g}") if np.isfinite(value) else None
