"""Check arguments, where a public call begins."""

from nbinterp._checks.arguments import (
    boolean,
    candidates,
    choice,
    fitted,
    generator,
    indices,
    integer,
    listed,
    names,
    nodes,
    real,
)
from nbinterp._checks.arrays import dense, plain, refuse_dates, to_numpy
from nbinterp._checks.errors import (
    call,
    current_call,
    fail,
    is_ours,
    named,
    require,
    show,
    warn,
)
from nbinterp._checks.labels import class_labels, classes, groups, labels, same_order
from nbinterp._checks.tables import distances, numeric, samples, squarable

__all__ = [
    "boolean",
    "call",
    "candidates",
    "choice",
    "class_labels",
    "classes",
    "current_call",
    "dense",
    "distances",
    "fail",
    "fitted",
    "generator",
    "groups",
    "indices",
    "integer",
    "is_ours",
    "labels",
    "listed",
    "named",
    "names",
    "nodes",
    "numeric",
    "plain",
    "real",
    "refuse_dates",
    "require",
    "same_order",
    "samples",
    "show",
    "squarable",
    "to_numpy",
    "warn",
]
