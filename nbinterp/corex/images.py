"""Factors of pixels as images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray


@_checks.named
def factor_images(factors: Any, image_shape: Sequence[int], *, signed: bool = False) -> FloatArray:
    """Return the factors of pixels as images: the root of the mutual information.

    Where a factor shares much with a pixel, its image is bright. The root, as in the paper's
    figures, keeps what is weak visible.

    Parameters
    ----------
    factors : ClusterFactors, fitted LinearCorEx or fitted BioCorEx
        A fit whose columns are the pixels of images, row by row. Label columns are left out.
    image_shape : tuple of int
        Height and width of the images.
    signed : bool, default=False
        Give a pixel the sign of its correlation with the factor. Pixels with the same sign rise and
        fall together; which of both signs they have is arbitrary. Only for fits of `LinearCorEx`: a
        factor of `BioCorEx` has states, not a direction.

    Returns
    -------
    array of shape (n_factors, height, width)
        In roots of nats.

    Raises
    ------
    ValueError
        If the columns of the fit are not as many as the pixels, or for `signed` without signs.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), figures 4, 15 to 17 and 22.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from nbinterp.corex import LinearCorEx
    >>> corex = LinearCorEx(n_factors=3, random_state=0).fit(load_digits().data)
    >>> factor_images(corex, (8, 8)).shape
    (3, 8, 8)
    """
    information: Any = getattr(factors, "mutual_information_", None)
    _checks.require(
        information is not None,
        f"(factors={_checks.show(factors)})",
        "must be a fitted CorEx, or the factors of a cluster",
        "Pass local.clusters_[0], or LinearCorEx(…).fit(X).",
        TypeError,
    )
    sides = np.atleast_1d(np.array(_checks.listed(image_shape), dtype=object))
    shape = tuple(_checks.integer("image_shape", side, 1) for side in sides)
    m, width = np.shape(information)
    p = width - getattr(factors, "n_labels", 0)
    _checks.require(
        len(shape) == 2 and shape[0] * shape[1] == p,
        f"(image_shape={shape})",
        f"must be the height and width of images of {p} pixels, the columns of the fit",
        "Fit the pixels alone, and of colour images their grey values.",
    )
    _checks.boolean("signed", signed)
    images = np.sqrt(np.maximum(np.asarray(information[:, :p], dtype=np.float64), 0.0))
    if signed:
        weights = getattr(factors, "weights_", None)
        _checks.require(
            weights is not None and bool(np.isfinite(weights).all()),
            "(signed=True)",
            "must be left out here: only factors of LinearCorEx have a direction",
            "Pass signed=False, or fit LinearCorEx.",
        )
        images = images * np.sign(factors.correlation_[:, :p])
    return images.reshape(m, *shape)
