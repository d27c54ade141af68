"""The result of a dropout study."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import nn

from nbinterp._display import Displayable
from nbinterp._typing import IntArray
from nbinterp.corex.local.estimator import LocalCorEx
from nbinterp.network.recording.record import Recording

_N_FIRST = 5  # the number of factors that the paper sums

Widths = tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class DropoutStudy(Displayable):
    """The total correlation of hidden layers, of networks with and without dropout.

    Attributes
    ----------
    measurements : DataFrame
        One row a layer of a network; see `to_frame`.
    networks : dict from tuple of int to list of pairs of torch.nn.Module
        The trained networks without and with dropout, in eval mode, by their hidden widths. They
        accept the data of the study, and have layers ``"h1"``, ``"h2"`` …, ``"output"``.

    Examples
    --------
    See `dropout_study`.
    """

    measurements: pd.DataFrame
    networks: dict[Widths, list[tuple[nn.Module, nn.Module]]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per layer of each network.

        Returns
        -------
        DataFrame
            Columns: depth (hidden layers), hidden (their widths, as ``"200-200"``), layer, dropout
            (the rate), pair; total_correlation, explained by all factors together, and
            null_total_correlation, the same after the values of each node are shuffled;
            first_five, the sum of the total correlations of the five strongest factors, which the
            paper prints (all in nats); accuracy on all test samples; dead_nodes, the number of
            nodes with one value for all measured samples, which are left out; converged, whether
            the fit converged.
        """
        return self.measurements.copy()

    def summary(self) -> pd.DataFrame:
        """Return means over pairs with their standard errors, in nats.

        Returns
        -------
        DataFrame
            One row per layer, indexed by hidden and layer. Without (``plain``) and with
            ``dropout``: the mean of the total correlation and its standard error (``…_error``), the
            mean of the first five factors' sum (``…_first_five``) with its error, and the mean
            above the null (``…_above_null``). ``difference`` is the mean over pairs of dropout
            minus plain, both above their nulls, and ``difference_error`` its standard error. Errors
            are NaN for a single pair.
        """
        table = self.measurements.assign(
            above_null=lambda rows: rows.total_correlation - rows.null_total_correlation
        )
        means = {}
        for kind, rows in (
            ("plain", table[table.dropout == 0]),
            ("dropout", table[table.dropout > 0]),
        ):
            layers = rows.groupby(["hidden", "layer"], sort=False)
            for column, name in (
                ("total_correlation", kind),
                ("first_five", f"{kind}_first_five"),
            ):
                means[name] = layers[column].mean()
                means[f"{name}_error"] = layers[column].sem()
            means[f"{kind}_above_null"] = layers["above_null"].mean()
        by_pair = table.assign(kind=np.where(table.dropout > 0, "dropout", "plain")).pivot_table(
            index=["hidden", "layer", "pair"], columns="kind", values="above_null", sort=False
        )
        gained = (by_pair["dropout"] - by_pair["plain"]).groupby(["hidden", "layer"], sort=False)
        means |= {"difference": gained.mean(), "difference_error": gained.sem()}
        return pd.DataFrame(means)

    def __repr__(self) -> str:
        """Show the main columns of the summary."""
        shown = self.summary()[
            ["plain_above_null", "dropout_above_null", "difference", "difference_error"]
        ]
        n_pairs = self.measurements["pair"].nunique()
        return (
            f"DropoutStudy({n_pairs} pairs; total correlation above its null, nats)\n"
            f"{shown.to_string(float_format='{:.1f}'.format)}"
        )


def measured(
    recordings: Sequence[Recording],
    rows: IntArray,
    test_codes: IntArray,
    widths: Widths,
    rate: float,
    corex: LocalCorEx,
) -> pd.DataFrame:
    """Return the measurements of networks, plain and dropout in turn, one row per layer."""
    found = []
    accuracies = [np.mean(rec.output.argmax(axis=1) == test_codes) for rec in recordings]
    for layer in layer_names(widths):
        tables = np.stack([rec[layer][rows] for rec in recordings]).astype(np.float64)
        # Each network is a cluster: all are fitted as one batch, each with its null.
        fits = corex.fit(
            tables.reshape(-1, tables.shape[2]),
            clusters=np.repeat(np.arange(len(tables)), len(rows)),
        )
        dead = (tables == tables[:, :1]).all(axis=1).sum(axis=1)
        for number, factors in enumerate(fits.clusters_):
            found.append(
                {
                    "depth": len(widths),
                    "hidden": dashed(widths),
                    "layer": layer,
                    "dropout": rate * (number % 2),
                    "pair": number // 2,
                    "total_correlation": factors.total_correlation_,
                    "null_total_correlation": factors.null_total_correlation_,
                    "first_five": float(factors.total_correlations_[:_N_FIRST].sum()),
                    "accuracy": accuracies[number],
                    "dead_nodes": int(dead[number]),
                    "converged": factors.converged_,
                }
            )
    return pd.DataFrame(found)


def layer_names(widths: Widths) -> list[str]:
    """Return the names of the hidden layers."""
    return [f"h{number + 1}" for number in range(len(widths))]


def dashed(widths: Widths) -> str:
    """Return hidden widths as text, such as ``"200-200"``."""
    return "-".join(map(str, widths))
