"""The kinds of object that a file may contain: their names, classes and versions."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nbinterp import _checks
from nbinterp._numerics.moments import Moments
from nbinterp._numerics.pca import Reduction
from nbinterp._state import HasState, State
from nbinterp.corex import BioCorEx, ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.corex.bio.columns import BioColumns
from nbinterp.corex.bio.model import Model
from nbinterp.corex.linear.gaussianize import Columns
from nbinterp.corex.local.comparison import Comparison
from nbinterp.interactions import AndOr, AndOrInteractions, Players, SmoothHessian
from nbinterp.interactions.smooth.low_rank import LowRank
from nbinterp.manifold import PHATE
from nbinterp.manifold.diffusion import DiffusionOperator
from nbinterp.manifold.graph import Graph, Walk


class UnknownKindError(ValueError):
    """A file contains an object that this version of nbinterp does not know."""


class Kind(NamedTuple):
    """A class whose objects a file may contain.

    Parameters
    ----------
    type : class
        The class. It may be renamed; its name in `KINDS` may not, as files contain it.
    upgrades : tuple of functions
        ``upgrades[i]`` turns a state of version ``i + 1`` into one of version ``i + 2``. Add one
        when the fields of the class change in name or meaning.
    """

    type: type[HasState]
    upgrades: tuple[Callable[[State], State], ...] = ()

    @property
    def version(self) -> int:
        """The version of the states that are written now."""
        return 1 + len(self.upgrades)


def _without_names(state: State) -> State:
    """Return the state of a `SmoothHessian` that did not keep the names of columns."""
    return state | {"feature_names": None}


def _not_compared(state: State) -> State:
    """Return the state of `ClusterFactors` from before they were compared with halves."""
    return state | {"comparison": None}


def _with_splits(state: State) -> State:
    """Return the state of a `LocalCorEx` from before it could split clusters into halves."""
    return state | {"n_splits": 2}


def _with_progress(state: State) -> State:
    """Return the state of a `LinearCorEx` from before it showed progress."""
    return state | {"progress": True}


def _no_labels(state: State) -> State:
    """Return the state of `ClusterFactors` from before classes could be columns."""
    return state | {"n_labels": 0}


def _fitted_without_labels(state: State) -> State:
    """Return the state of a `LocalCorEx` from before classes could be columns."""
    fitted = {"n_labels": 0} if "data" in state else {}
    return state | {"label_columns": False} | fitted


def _without_places(state: State) -> State:
    """Return the state of a `Graph` in which equal samples were not one."""
    return state | {"place": None}


# Objects that `save` accepts.
WHOLE = {
    "linear_corex": Kind(LinearCorEx, (_with_progress,)),
    "bio_corex": Kind(BioCorEx),
    "local_corex": Kind(LocalCorEx, (_with_splits, _fitted_without_labels)),
    "phate": Kind(PHATE),
    "cluster_factors": Kind(ClusterFactors, (_not_compared, _no_labels)),
    "and_or_interactions": Kind(AndOrInteractions),
    "smooth_hessian": Kind(SmoothHessian, (_without_names,)),
}
# Objects inside these. Loading never makes an object of a class in neither list.
PARTS = {
    "and_or": Kind(AndOr),
    "bio_columns": Kind(BioColumns),
    "bio_model": Kind(Model),
    "column_scores": Kind(Columns),
    "comparison": Kind(Comparison),
    "diffusion_operator": Kind(DiffusionOperator),
    "low_rank_matrix": Kind(LowRank),
    "phate_graph": Kind(Graph, (_without_places,)),
    "phate_walk": Kind(Walk),
    "players": Kind(Players),
    "reduction": Kind(Reduction),
    "running_moments": Kind(Moments),
}
KINDS = WHOLE | PARTS


def name_of(value: object) -> str | None:
    """Return the kind of an object, or None if it cannot be saved."""
    return next((name for name, kind in KINDS.items() if type(value) is kind.type), None)


def kind_of(what: str, name: Any, version: Any, writer: str) -> Kind:
    """Return the kind called `name`; raise if it is unknown or its version is newer."""
    remedy = f"Install the nbinterp that wrote the file, {writer}, or a later one."
    _checks.require(
        isinstance(name, str) and name in KINDS,
        what,
        f"must hold kinds of object that this nbinterp knows, not {_checks.show(name)}",
        remedy,
        UnknownKindError,
    )
    kind = KINDS[name]
    _checks.require(
        type(version) is int and 1 <= version <= kind.version,
        what,
        f"must hold {name} of version 1 to {kind.version}, not {_checks.show(version)}",
        remedy,
        UnknownKindError,
    )
    return kind


def restored(kind: Kind, version: int, state: State) -> Any:
    """Return the object with this `state`, upgraded from an older version if needed."""
    for upgrade in kind.upgrades[version - 1 :]:
        state = upgrade(state)
    return kind.type.from_state(state)
