"""Shared by all views: the widget, its traits and its front end."""
