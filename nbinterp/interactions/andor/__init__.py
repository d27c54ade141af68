"""AND/OR interactions between groups of inputs."""
