"""The workbench: the whole loop in one widget."""
