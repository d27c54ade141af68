"""A layer with a distance report, for tests of its views."""

import numpy as np
import torch

from nbinterp.distance import LinearDistance


def explained_layer():
    """Return data of three clusters, labels, and the report of six nodes, the last constant."""
    labels = np.arange(120) % 3
    data = np.random.default_rng(0).normal(size=(120, 3)) + 3 * labels[:, None]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 6)
    with torch.no_grad():
        layer.weight[5] = 0
    net = torch.nn.Sequential(layer)
    report = LinearDistance(random_state=0).explain(net, data, "0", clusters=labels)
    return data, labels, report
