"""A sensitivity study with made-up scores, for tests of results and charts."""

import numpy as np

from nbinterp.distance import SensitivityStudy


def study(n_random=10, nodes=(2, 4), **changes):
    generator = np.random.default_rng(0)

    def some(*first):
        return generator.random((*first, 3))

    made = {
        "layer": "h1",
        "shifts": (-1.0, 1.0, 3.0),
        "scales": (0.1, 10.0),
        "nodes": nodes,
        "node_sd": np.ones(5),
        "measures": ("accuracy", "agreement", "kl"),
        "baseline": np.array([0.9, 1.0, 0.0]),
        "layer_shift": some(3),
        "layer_scale": some(2),
        "layer_scale_folded": some(2),
        "node_shift": some(len(nodes), 3),
        "node_scale": some(len(nodes), 2),
        "random_layer_shift": some(n_random, 3),
        "random_layer_scale": some(n_random, 2),
        "random_node_shift": some(n_random, 3),
        "random_node_scale": some(n_random, 2),
    }
    return SensitivityStudy(**{**made, **changes})
