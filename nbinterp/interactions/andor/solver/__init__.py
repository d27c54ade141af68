"""Solvers that split outputs into AND and OR parts."""
