"""R4: what factors of hidden nodes do, and which images need them."""

from reproduction.network.section import run

__all__ = ["run"]
