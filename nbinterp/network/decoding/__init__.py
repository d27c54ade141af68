"""Decode activations back to inputs."""
