"""The workbench: all steps of an analysis in one widget."""
