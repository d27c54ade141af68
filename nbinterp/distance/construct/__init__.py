"""Build linear layers from Gaussians, and back."""
