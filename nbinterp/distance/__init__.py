"""A linear layer as distances: what it reads, and how its nodes stand to it."""

from nbinterp.distance.linear_distance import LinearDistance
from nbinterp.distance.report import DistanceReport

__all__ = ["DistanceReport", "LinearDistance"]
