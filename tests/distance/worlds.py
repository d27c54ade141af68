"""Gaussians, and layers that measure distances in them."""

import numpy as np
import torch
from torch import nn

from nbinterp.distance import LinearDistance

EXACT = LinearDistance(shrinkage=0.0, random_state=0, progress=False)


def gaussian(d=4, n=500, seed=0):
    """Return samples whose own mean and covariance are the returned ones, exactly."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=d) * 3
    root = rng.normal(size=(d, d))
    covariance = root @ root.T + 0.1 * np.eye(d)
    noise = rng.normal(size=(n, d))
    noise -= noise.mean(0)
    noise = np.linalg.solve(np.linalg.cholesky(noise.T @ noise / n), noise.T).T
    data = mean + noise @ np.linalg.cholesky(covariance).T
    return data, mean, covariance


def whitening(mean, covariance, rotation=None):
    """Return the layer ``W = R Λ^(-1/2) Vᵀ, b = -W μ``."""
    values, vectors = np.linalg.eigh(covariance)
    weight = vectors.T / np.sqrt(values)[:, None]
    if rotation is not None:
        weight = rotation @ weight
    return linear(weight, -weight @ mean)


def linear(weight, bias=None):
    """Return a Linear in float64 as the layer "0" of a network."""
    weight = torch.as_tensor(np.asarray(weight, float))
    layer = nn.Linear(weight.shape[1], len(weight), bias=bias is not None, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(torch.as_tensor(np.asarray(bias, float)))
    return nn.Sequential(layer)


def rotation(d, seed=1):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
