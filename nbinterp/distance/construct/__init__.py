"""Linear layers from Gaussians, and Gaussians from linear layers."""
