"""Which factors depend on the nodes of a layer."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.corex.matching import known_stable

_NODE = re.compile(r"(.*)\[([\d,]+)\]", re.DOTALL)  # as `record` names them
_LEAST = 0.01  # nats, for factors without a comparison with shuffled data


def factor_usage(
    factors: LocalCorEx | ClusterFactors | Iterable[ClusterFactors],
    layer: str,
    nodes: list[str],
    *,
    computes: bool = True,
) -> pd.DataFrame:
    """Return nodes, clusters, factors and their mutual information beyond chance, largest first.

    Without `computes`, `stable` is None for factors that were not compared with halves so far.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx
    >>> table = load_iris(as_frame=True).data.set_axis([f"h[{i}]" for i in range(4)], axis=1)
    >>> local = LocalCorEx(LinearCorEx(n_factors=1), random_state=0).fit(table, clusters=[0] * 150)
    >>> factor_usage(local, "h.linear", [f"h.linear[{i}]" for i in range(4)])["node"][0]
    'h.linear[2]'
    """
    rows: list[pd.DataFrame] = []
    for found in listed(factors):
        numbers = np.array([_number(name, layer) for name in found.feature_names])
        here = np.flatnonzero((numbers >= 0) & (numbers < len(nodes)))
        _checks.require(
            len(here) > 0,
            f"(factors) with columns {', '.join(map(repr, found.feature_names[:3]))}…",
            f"must have columns that are nodes of {layer!r}",
            f"Fit them to record(...).concat({layer!r}), whose columns carry these names.",
        )
        information = np.nan_to_num(found.mutual_information_[:, here])
        limit = found.null_mutual_information_
        stable = np.array(known_stable(found, computes=computes), object)
        factor, at = np.nonzero(information > (_LEAST if limit is None else limit))
        rows.append(
            pd.DataFrame(
                {
                    "node": np.asarray(nodes, object)[numbers[here][at]],
                    "cluster": found.name,
                    "factor": factor,
                    "mutual_information": information[factor, at],
                    "stable": stable[factor],
                }
            )
        )
    whole = pd.concat(rows) if rows else pd.DataFrame()
    # A channel recorded at several places counts where its mutual information is largest.
    order = whole.sort_values("mutual_information", ascending=False, kind="stable")
    distinct = order.drop_duplicates(["node", "cluster", "factor"]).reset_index(drop=True)
    return distinct.infer_objects()  # bool where all of `stable` is known


def listed(factors: Any) -> list[ClusterFactors]:
    """Return the factors of all clusters that were given; refuse what has none."""
    if isinstance(factors, LocalCorEx):
        _checks.fitted(factors, "clusters_")
        return list(factors.clusters_)
    given = [factors] if isinstance(factors, ClusterFactors) else factors
    found = list(given) if isinstance(given, Iterable) else []
    _checks.require(
        len(found) > 0 and all(isinstance(one, ClusterFactors) for one in found),
        f"(factors={_checks.show(factors)})",
        "must be a fitted LocalCorEx or ClusterFactors",
        "Pass local, local.clusters_[3] or explorer.factors.",
        TypeError,
    )
    return found


def _number(name: str, layer: str) -> int:
    """Return the number of the node of `layer` that a column is, or -1.

    The nodes of a block count as those of a layer inside it.
    """
    found = _NODE.fullmatch(name)
    if found is None:
        return -1
    block, at = found[1], found[2].split(",")
    # Two numbers are token and feature; three are channel, row and column.
    node = int(at[-1 if len(at) == 2 else 0])
    return node if block == layer or layer.startswith(f"{block}.") else -1
