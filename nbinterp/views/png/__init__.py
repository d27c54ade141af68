"""Still pictures, for readers without a kernel."""
