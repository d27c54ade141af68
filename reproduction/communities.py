"""R2: what varies together in communities of the USA (Local CorEx, Fig. 2, 13, 14)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from nbinterp import PHATE, ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.corex import cluster_profile
from nbinterp.datasets import load_communities
from nbinterp.views.base.colours import OKABE_ITO
from reproduction.report import Row, Section, above, below, between, near, told

_TITLE = "R2. Communities and Crime (Local CorEx, section 3.2, Fig. 2, 13, 14)"
_TEXT = """\
1,994 communities of the USA with 100 figures each, `load_communities`. `PHATE(12, t=28,
random_state=42)` places them, scikit-learn's `KMeans(10, n_init=10, random_state=42)` cuts them,
and each cluster gets 20 factors of Linear CorEx from one random start. The paper does not print
the number of clusters; with 10, both clusters that it describes are there. They are found by the
size and the states that it prints: *central* is its cluster 0, *coastal* its cluster 8.

The first five global factors are those of the authors' program, which needs no clusters. Of the
later ones there are several optima that explain nearly as much, and another start finds another:
where a factor stands is the mean of eight starts, and a factor is that of the young, of rents or
of divorce if it has most of their columns among its ten strongest. Factors count from 1 here, as
in the paper.

Of each cluster the plots show the columns whose means differ most from those of all other
communities, and its states; then the ten strongest columns of its first eight factors.
"""
_PRINTED = {
    "central": {"all": 282, "TX": 30, "OH": 28, "OK": 18, "MO": 15, "NY": 14},
    "coastal": {"all": 327, "FL": 56, "NJ": 33, "MA": 19, "TX": 19, "WA": 18},
}
# Total correlation of the authors' program on all rows, in nats.
_GLOBAL = (15.166, 14.500, 13.059, 8.858, 7.681, 6.108, 4.716, 4.708, 3.903, 3.489)
_N_EQUAL = 5
_YOUNG = ("agePct16t24", "agePct12t29", "agePct12t21", "MalePctNevMarr")
_RENTS = ("RentLowQ", "RentMedian", "RentHighQ", "OwnOccLowQuart", "OwnOccMedVal", "OwnOccHiQuart")
_DIVORCE = ("TotalPctDiv", "MalePctDivorce", "FemalePctDiv")
_JOINS = (
    "PctPopUnderPov",
    "PctHousOwnOcc",
    "PctPersOwnOccup",
    "PctImmigRecent",
    "agePct65up",
    "PctImmigRec5",
)
_N_STARTS = 8
_OTHER_OPTIMUM = "Several optima explain nearly as much, and the start decides which is found."
_BEFORE_DIVORCE = (
    "Some starts find a factor of the size of households before it, of 6.6 nats beside its 6.2."
)


class _Cluster(NamedTuple):
    """One of the two clusters that the paper describes, as found here."""

    counts: dict[str, int]
    factors: ClusterFactors


def _strongest(information: np.ndarray, names: Sequence[str], n: int) -> list[str]:
    """Return the columns that share most with a factor."""
    return [names[column] for column in np.argsort(-information)[:n]]


def _place(corex: LinearCorEx, names: Sequence[str], columns: Sequence[str]) -> int:
    """Return the first factor with most of `columns` among its ten strongest, counted from 1."""
    found = [
        len(set(columns) & set(_strongest(row, names, 10))) for row in corex.mutual_information_
    ]
    return int(np.argmax(found)) + 1


def run(quick: bool) -> Section:
    """Return the section of communities; it takes seconds, so quick is no different."""
    data = load_communities()
    table = pd.DataFrame(data.data, columns=list(data.feature_names))
    places = PHATE(12, t=28, random_state=42, progress=False).fit_transform(table)
    labels = KMeans(10, n_init=10, random_state=42).fit_predict(places)
    corex = LinearCorEx(20, random_state=42, progress=False)
    local = LocalCorEx(corex, n_splits=0, random_state=42).fit(table, clusters=labels)
    together = corex.fit(table)
    clusters = {
        name: _nearest(local, labels, data.target, printed) for name, printed in _PRINTED.items()
    }
    rows = [*_partition(clusters), *_totals(together), *_factors(clusters, table)]
    own = [replace(cluster.factors, name=name) for name, cluster in clusters.items()]
    profile = cluster_profile(table, own, y=data.target)
    plots: dict[str, Any] = {}
    for name, cluster in clusters.items():
        plots[f"communities_{name}_profile"] = profile.view(cluster=name).chart
        plots[f"communities_{name}_factors"] = _bars(name, cluster)
    return Section(_TITLE, _TEXT, tuple(rows), plots)


def _nearest(
    local: LocalCorEx, labels: np.ndarray, states: np.ndarray, printed: dict[str, int]
) -> _Cluster:
    """Return the cluster whose size and states differ least from those printed."""
    counted = []
    for factors in local.clusters_:
        own = states[factors.indices]
        counts = {key: len(own) if key == "all" else int((own == key).sum()) for key in printed}
        counted.append(_Cluster(counts, factors))
    return min(counted, key=lambda cluster: _off(cluster.counts, printed))


def _off(counts: dict[str, int], printed: dict[str, int]) -> int:
    return sum(abs(counts[key] - printed[key]) for key in printed)


def _partition(clusters: dict[str, _Cluster]) -> Iterator[Row]:
    for name, cluster in clusters.items():
        printed = _PRINTED[name]
        yield near(f"{name}: communities", cluster.counts["all"], printed["all"], 7, digits=0)
        off = _off(cluster.counts, printed) - abs(cluster.counts["all"] - printed["all"])
        states = ", ".join(f"{key} {cluster.counts[key]}" for key in printed if key != "all")
        paper = ", ".join(f"{key} {count}" for key, count in printed.items() if key != "all")
        yield below(f"{name}: differences of the states ({states}), added", off, 8, paper, digits=0)


def _totals(together: LinearCorEx) -> Iterator[Row]:
    for place, paper in enumerate(_GLOBAL):
        what = f"all communities, factor {place + 1}: total correlation, nats"
        ours = together.total_correlations_[place]
        if place < _N_EQUAL:
            yield near(what, ours, paper, 0.05, digits=2)
        else:
            yield told(what, ours, f"{paper:.2f}", why=_OTHER_OPTIMUM, digits=2)


def _factors(clusters: dict[str, _Cluster], table: pd.DataFrame) -> Iterator[Row]:
    """Yield where the factors that the paper names are found, from several starts."""
    names = list(table.columns)
    central, coastal = (
        [
            LinearCorEx(20, random_state=start, progress=False).fit(
                table.iloc[cluster.factors.indices]
            )
            for start in range(_N_STARTS)
        ]
        for cluster in clusters.values()
    )
    for place, (name, columns, last, why) in enumerate(
        (
            ("the young", _YOUNG, 4, ""),
            ("rents and values of homes", _RENTS, 4, ""),
            ("divorce", _DIVORCE, 5, _BEFORE_DIVORCE),
        ),
        start=1,
    ):
        ranks = [_place(corex, names, columns) for corex in central]
        what = f"central: which factor is that of {name}"
        yield between(what, ranks, 1, last, str(place), why, digits=1)
    ranks = [_place(corex, names, _YOUNG) for corex in coastal]
    yield told(
        "coastal: which factor is that of the young", ranks, "6", why=_OTHER_OPTIMUM, digits=1
    )
    factors = [
        corex.mutual_information_[rank - 1] for corex, rank in zip(coastal, ranks, strict=True)
    ]
    for columns, what, n, bound in (
        (_YOUNG, "the four columns of the young", 10, 3),
        (_JOINS, "the six columns that the paper says join them", 12, 4),
    ):
        found = [len(set(columns) & set(_strongest(row, names, n))) for row in factors]
        yield above(
            f"coastal: of {what}, how many are among the {n} strongest of that factor",
            found,
            bound,
            str(len(columns)),
            digits=1,
        )


def _bars(name: str, cluster: _Cluster) -> alt.ConcatChart:
    """Return the top ten columns of the first eight factors."""
    information = cluster.factors.mutual_information_
    names = cluster.factors.feature_names
    panels = []
    for factor in range(1, 9):
        total, own = cluster.factors.total_correlations_[factor - 1], information[factor - 1]
        rows = [
            {"column": column, "nats": round(float(own[names.index(column)]), 4)}
            for column in _strongest(own, names, 10)
        ]
        panels.append(
            alt.Chart(_values(rows), title=f"factor {factor}: {total:.2f} nats")
            .mark_bar(color=OKABE_ITO[0])
            .encode(
                x=alt.X("nats:Q", axis=alt.Axis(tickCount=4), title="mutual information, nats"),
                y=alt.Y("column:N", sort=None, title=None),
            )
            .properties(width=130)
        )
    return alt.concat(*panels, columns=4, title=f"{name}: the first eight factors")


def _values(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)
