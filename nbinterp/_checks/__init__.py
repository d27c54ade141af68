"""Check arguments, where a public call begins."""

from nbinterp._checks.arguments import (
    boolean,
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
from nbinterp._checks.errors import call, current_call, fail, named, require, show
from nbinterp._checks.tables import classes, distances, groups, labels, samples, to_numpy

__all__ = [
    "boolean",
    "call",
    "choice",
    "classes",
    "current_call",
    "distances",
    "fail",
    "fitted",
    "generator",
    "groups",
    "indices",
    "integer",
    "labels",
    "listed",
    "named",
    "names",
    "nodes",
    "real",
    "require",
    "samples",
    "show",
    "to_numpy",
]
