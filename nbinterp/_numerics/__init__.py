"""Routines that more than one door of the package uses."""
