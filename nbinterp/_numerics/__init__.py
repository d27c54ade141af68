"""Numerical routines that several subpackages share."""
