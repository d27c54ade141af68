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
from nbinterp._checks.errors import call, current_call, fail, named, require, show
from nbinterp._checks.tables import classes, distances, groups, labels, numeric, samples, squarable

__all__ = [
    "boolean",
    "call",
    "candidates",
    "choice",
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
    "samples",
    "show",
    "squarable",
    "to_numpy",
]
