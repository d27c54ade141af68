"""The pieces of one iteration of Linear CorEx, for many problems at once.

One product with the p x p correlation matrix an iteration is enough. The direction of descent is a
row combination of the half gradient g and of w, so its product with S follows from ``g S``, and any
step along it is judged in O(m^2 p).
"""

import torch
from torch import Tensor

from nbinterp.corex.products import Product
from nbinterp.corex.quasi_newton import Pair


def noisy(product: Product, w: Tensor, epsilon: Tensor) -> Tensor:
    """Return ``w S_e`` for ``S_e = (1 - e^2) S + e^2 I`` at annealing noise `epsilon` ``(K,)``."""
    noise = (epsilon * epsilon).view(-1, 1, 1)
    return torch.lerp(product.times(w), w, noise)


def precondition(w: Tensor, rho: Tensor, u: Tensor, g: Pair) -> Pair:
    """Return the step of the authors' update, downhill or up with the sign of `g`.

    The gradient times the inverse curvature of ``-log(1 - u_j) / 2`` alone, a scaling and a
    rank-one correction (Sherman and Morrison).
    """
    rest = (1.0 - u).unsqueeze(-1)
    pull = 2.0 / (2.0 - rest) * (rho * g[0]).sum(-1, keepdim=True)
    return rest * (g[0] - pull * w), rest * (g[1] - pull * rho)


def rescale(product: Product, w: Tensor, u: Tensor, epsilon: Tensor) -> Pair:
    """Return `w` at a new noise, scaled so that no `u` grows, and its product with S."""
    rho = noisy(product, w, epsilon)
    ratio = u / (w * rho).sum(-1)
    # Rounding down keeps u below 1, as in the authors' program. A dead factor stays as it is.
    factor = (torch.floor(1000.0 * ratio.sqrt()) / 1000.0).nan_to_num(1.0).unsqueeze(-1)
    return w * factor, rho * factor
