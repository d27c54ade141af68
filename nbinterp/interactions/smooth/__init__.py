"""SmoothHess: second derivatives of a smoothed network."""
