"""The columns of a table of nodes."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nbinterp._typing import AnyArray, IntArray
from nbinterp.distance import DistanceReport
from nbinterp.distance.layer.hyperplanes import ratio

_OF_DIRECTION = ("component", "cosine_percentile", "effective_components")
_MOST_USES = 3  # factors listed per node


class TableColumn(NamedTuple):
    """A column of numbers with `digits` decimals, or of strings if `digits` is None."""

    name: str
    label: str
    title: str
    digits: int | None
    entries: AnyArray
    signed: bool = False  # sorted by absolute value

    def header(self) -> dict[str, Any]:
        """Return the data for the page, without the values."""
        return {
            "name": self.name,
            "label": self.label,
            "title": self.title,
            "digits": self.digits,
            "signed": self.signed,
        }


# name, label, title, digits, signed
_NODES = (
    ("prototype", "prototype", "Cluster whose mean is nearest to the hyperplane", None, False),
    (
        "prototype_offset",
        "its offset",
        "Offset of that mean, in standard deviations of the cluster",
        2,
        True,
    ),
    (
        "plane_offset",
        "mean's offset",
        "Offset of the mean of all data, in standard deviations of the data",
        2,
        True,
    ),
    (
        "unit_ratio",
        "unit ratio",
        "1: the node measures in standard deviations of the data",
        2,
        False,
    ),
    ("share_positive", "share > 0", "Share of rows above zero", 2, False),
    ("component", "component", "Nearest principal component; 0 has most variance", 0, False),
    (
        "cosine_percentile",
        "closer than, %",
        "Percentage of random directions that are farther from every component",
        0,
        False,
    ),
    ("effective_components", "spread over", "How many components make up its variance", 1, False),
    ("mirror", "mirror", "Node with the same hyperplane and the opposite direction", None, False),
    ("state", "state", "Live, dead (never above zero), always on, or constant", None, False),
)


def columns_of(nodes: pd.DataFrame, uses: pd.DataFrame | None) -> list[TableColumn]:
    """Return the columns of a report's nodes; the last column lists factors that use them."""
    table = []
    for name, label, title, digits, signed in _NODES:
        values: AnyArray
        if digits is None:
            values = np.array([str(value) for value in nodes[name]], object)
        else:
            values = nodes[name].to_numpy(np.float64)
            if name in _OF_DIRECTION:  # a constant node has none
                values = np.where(nodes["state"] == "constant", np.nan, values)
        table.append(TableColumn(name, label, title, digits, values, signed))
    if uses is not None:
        title = "Factors that use the node, with their mutual information in nats"
        table.append(TableColumn("factors", "factors", title, None, _usage(nodes, uses)))
    return table


def _usage(nodes: pd.DataFrame, uses: pd.DataFrame) -> AnyArray:
    """Return the factors with the largest mutual information with each node, as text."""
    listed: dict[str, list[str]] = {str(name): [] for name in nodes.index}
    for row in uses.itertuples(index=False):
        mine = listed[str(row.node)]
        if len(mine) < _MOST_USES:
            mark = ", not stable" if row.stable is False else ""
            told = f"{row.mutual_information:.2f}{mark}"
            mine.append(f"{row.cluster} factor {row.factor} ({told})")
    return np.array([", ".join(mine) for mine in listed.values()], object)


def selection_column(report: DistanceReport, samples: IntArray) -> TableColumn:
    """Return the offsets of the mean of some samples, in standard deviations of these samples.

    If these do not vary, as for a single sample, the unit is the standard deviation of all data.
    """
    sampled = report.sampled
    kept = samples[samples % sampled.stride == 0] // sampled.stride
    values = sampled.means[kept].astype(np.float64)
    if len(values) == 0:
        values = np.zeros((1, len(report.nodes)))
    own = values.std(0)
    deviation = report.planes.deviation
    unit = np.where(own > 1e-6 * np.maximum(deviation, 1e-300), own, deviation)
    offset = ratio(values.mean(0), unit)
    title = (
        f"Offset of the mean of the {len(samples)} selected samples, in their standard deviations"
    )
    return TableColumn("selection", "selection", title, 2, offset, True)
