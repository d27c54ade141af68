"""R6: AND/OR interactions of MNIST networks, and what they share beyond chance."""

from reproduction.primitives.section import run

__all__ = ["run"]
