"""R1: the synthetic groups of Local CorEx, its Tables 1 and 3 and Fig. 8 to 12."""

from reproduction.table1.experiment import run

__all__ = ["run"]
