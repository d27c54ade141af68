"""The interaction heatmap: factors by nodes, or pairs of inputs."""
