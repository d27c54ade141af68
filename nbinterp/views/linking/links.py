"""Link views, so that they share the chosen factor, the selection and the hovered sample."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from nbinterp import _checks
from nbinterp.corex import ClusterFactors
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.page import write_views
from nbinterp.views.base.view import View
from nbinterp.views.charts.distance_view import DistanceView
from nbinterp.views.charts.node_table import NodeTable
from nbinterp.views.charts.primitives import PrimitiveChart
from nbinterp.views.explorer.explorer import ClusterExplorer
from nbinterp.views.heatmap.factor_matrix import FactorTable
from nbinterp.views.heatmap.heatmap import InteractionHeatmap
from nbinterp.views.linking.follow import follow_selection
from nbinterp.views.linking.trait_sync import TraitSync
from nbinterp.views.slider.slider import FactorSlider

Stop = Callable[[], object]

_KINDS = (FactorView, ClusterExplorer, NodeTable, DistanceView, PrimitiveChart)


def link(*views: Any) -> "Link":
    """Link views, so that a factor or a selection in one appears in all.

    Linked views share:

    - *The chosen factor*. Heatmaps of factors, sliders, a workbench and the heatmap beside a map
      choose it too, if they show a factor with that number. A table of nodes sorts by a column of
      this factor. A view of distances shows the two nodes that share most with it. Factors are
      linked by number, so all views must show the same fit. If a lasso later fits other factors,
      only the views that show them choose them.
    - *The selected samples*. Other maps of the same samples select them. A heatmap of pairs shows
      the matrix of the sample, or the mean of several. Sliders edit the sample, or the mean of
      several. A table of nodes and a view of distances add a column. A chart of primitives shows
      the sample.
    - *The sample under the pointer*, between maps.

    A page without a kernel keeps these links for everything that it contains: the chosen factor,
    selections on maps, and the sample under the pointer. Views that would need a computation for a
    selection do not change, and say so.

    Parameters
    ----------
    *views : ClusterExplorer, InteractionHeatmap, FactorSlider, Workbench, NodeTable, DistanceView \
or PrimitiveChart
        At least two views of the same samples, in the same order. A heatmap of pairs or a chart
        with given sample numbers uses those.

    Returns
    -------
    Link
        ``link.unlink()`` ends the link, and ``link.to_html("page.html")`` writes all views as one
        page.

    Raises
    ------
    TypeError
        If one of them is not such a view.
    ValueError
        If there are fewer than two views, or they show different samples or fits.

    Examples
    --------
    >>> import nbinterp
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp import ClusterExplorer, InteractionHeatmap, LinearCorEx
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> corex = LinearCorEx(n_factors=2, random_state=0).fit(X)
    >>> heatmap, other = InteractionHeatmap(corex), InteractionHeatmap(corex, top=2)
    >>> petals, sepals = ClusterExplorer(X.iloc[:, 2:]), ClusterExplorer(X.iloc[:, :2])
    >>> bound = nbinterp.link(petals, sepals, heatmap, other)
    >>> heatmap.factor = 1
    >>> petals.selection = y == 0
    >>> other.factor, len(sepals.selection)
    (1, 50)
    >>> bound.unlink()
    """
    return Link(views)


class Link:
    """Linked views; `link` returns it.

    Attributes
    ----------
    views : tuple
        The views, in the given order.
    """

    @_checks.call("link")
    def __init__(self, views: Iterable[Any]) -> None:
        self.views = tuple(views)
        _checks.require(
            len(self.views) > 1,
            f"({len(self.views)} views)",
            "must have at least two views",
            "Pass all views to link: link(explorer, heatmap, slider).",
        )
        for view in self.views:
            _checks.require(
                isinstance(view, _KINDS) or hasattr(view, "_link_ends"),
                f"({_checks.show(view)})",
                "must be views: maps, heatmaps, sliders, workbenches, tables of nodes",
                "Pass ClusterExplorer, InteractionHeatmap, FactorSlider and the like.",
                TypeError,
            )
        ends = _ends(self.views)
        maps = [end for end in ends if isinstance(end, ClusterExplorer)]
        _check_samples(maps, ends)
        self._stops: list[Stop] = []
        factors = _factor_views(ends)
        try:
            for end in ends if maps else ():
                stop = _follower(end, maps[0])
                if stop is not None:
                    self._stops.append(stop)
            if len(factors) > 1:
                self._stops.append(TraitSync("factor", factors, _same_factor).end)
            for name in ("selection", "hovered"):
                if len(maps) > 1:
                    self._stops.append(TraitSync(name, maps).end)
        except BaseException:
            self.unlink()
            raise

    def unlink(self) -> None:
        """End the link; the current choices stay."""
        while self._stops:
            self._stops.pop()()

    def to_html(self, path: str | Path) -> Path:
        """Write the views as one page that opens offline, still linked."""
        return write_views([view for view in self.views if isinstance(view, View)], Path(path))

    def __enter__(self) -> Self:
        """Keep the link for the length of a block."""
        return self

    def __exit__(self, *_error: object) -> None:
        self.unlink()

    def __repr__(self) -> str:
        names = ", ".join(type(view).__name__ for view in self.views)
        return f"Link({names}{'' if self._stops else '; ended'})"


def _ends(views: Iterable[Any]) -> list[Any]:
    """Return the views that take part, including those within the given ones."""
    found: list[Any] = []
    for view in views:
        within = view._link_ends() if hasattr(view, "_link_ends") else [view]
        for end in within:
            found += [end, end.heatmap] if isinstance(end, ClusterExplorer) else [end]
    return list(dict.fromkeys(found))


def _factor_views(ends: list[Any]) -> list[Any]:
    """Return the views with a chosen factor; all must show one fit."""
    found = [end.table if isinstance(end, DistanceView) else end for end in ends]
    found = [view for view in found if hasattr(view, "factor")]
    fits = [fit for view in found if isinstance(fit := _fit_of(view), ClusterFactors)]
    for table in found:
        if isinstance(table, NodeTable) and table.fit is None and fits:
            with suppress(ValueError):  # factors of another layer
                table.show_factors(fits[0])
    beside = [end.heatmap for end in ends if isinstance(end, ClusterExplorer)]
    called: dict[int, tuple[str, str]] = {}  # per number: a view, and the name there
    kept = []
    # A map may have fitted other factors since; its heatmap is then left out.
    for view in sorted(found, key=lambda view: view in beside):
        kind, names = type(view).__name__, _factor_names(view)
        apart = [(*called[k], name) for k, name in names.items() if k in called]
        apart = [(other, known, name) for other, known, name in apart if known != name]
        if apart and view in beside:
            continue
        for other, known, name in apart:
            _checks.fail(
                f"(<{other}: {known}>, <{kind}: {name}>)",
                "must show the same fit, since factors are linked by number",
                "Make all views from one fit, or link the views of each fit separately.",
            )
        called |= {number: (kind, name) for number, name in names.items()}
        kept.append(view)
    return kept


def _fit_of(view: Any) -> Any:
    """Return the fit that a view shows; None for sliders, which know only names of factors."""
    if isinstance(view, InteractionHeatmap):
        return view.source if view._ids else None
    return view.fit if isinstance(view, NodeTable) else getattr(view, "factors", None)


def _factor_names(view: Any) -> dict[int, str]:
    """Return the names of factors with their total correlations, which identify a fit."""
    if isinstance(view, FactorSlider):
        return dict(zip(view._ids, view._factor_names, strict=True))
    table = FactorTable.of(_fit_of(view))
    return dict(zip(table.rows.tolist(), table.row_names(), strict=True))


def _same_factor(one: Any, other: Any, number: int) -> bool:
    """Return whether both views show the same factor under this number; a lasso may fit others."""
    fits = [_fit_of(view) for view in (one, other)]
    if fits[0] is not None and fits[0] is fits[1]:
        return True
    return _factor_names(one).get(number) == _factor_names(other).get(number)


def _samples_of(view: Any) -> int | None:
    """Return the number of samples of a view, if it must equal that of the map."""
    if isinstance(view, ClusterExplorer):
        return len(view._positions)
    if isinstance(view, FactorSlider):
        return view.perturbation.n_base_samples or None
    if isinstance(view, NodeTable | DistanceView):
        return int(view.report.layer["value"]["n_samples"])
    return None


def _check_samples(maps: list[ClusterExplorer], ends: list[Any]) -> None:
    for end in ends if maps else ():
        have, here = len(maps[0]._positions), _samples_of(end)
        _checks.require(
            here is None or here == have,
            f"(<a map of {have} samples>, <{type(end).__name__} of {here}>)",
            "must be of the same samples",
            "Make all views from the same data.",
        )


def _follower(view: Any, explorer: ClusterExplorer) -> Stop | None:
    """Let a view follow the selection of a map; return a function that ends it."""
    if isinstance(view, PrimitiveChart) or (
        isinstance(view, InteractionHeatmap) and view._pairs is not None
    ):
        return view.link(explorer)
    if isinstance(view, FactorSlider | NodeTable):
        return follow_selection(explorer, view.show_selection, view)
    if isinstance(view, DistanceView) and view.explorer is None:
        return view.link(explorer)
    return None
