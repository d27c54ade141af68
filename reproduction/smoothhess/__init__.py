"""R7: SmoothHess where its value is known, and beside other methods on MNIST."""

from reproduction.smoothhess.section import run

__all__ = ["run"]
