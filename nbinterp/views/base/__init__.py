"""What all views share: the widget, its traits, its front end."""
