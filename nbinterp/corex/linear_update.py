"""The pieces of one iteration of Linear CorEx, for many problems at once.

One product with the p x p correlation matrix an iteration is enough. The direction of descent is a
row combination of the half gradient g and of w, so its product with S follows from ``g S``, and any
step along it is judged in O(m^2 p).
"""

import torch
from torch import Tensor

from nbinterp.corex.moments import one_like
from nbinterp.corex.products import Product, inner


def noisy(product: Product, w: Tensor, epsilon: Tensor) -> Tensor:
    """Return ``w S_e`` for ``S_e = (1 - e^2) S + e^2 I`` at annealing noise `epsilon` ``(K,)``."""
    noise = (epsilon * epsilon).view(-1, 1, 1)
    return torch.lerp(product.times(w), w, noise)


class Preconditioner:
    """The map from a gradient to the step of the authors' update at `v`, uphill.

    It multiplies by the inverse curvature of ``-log(1 - u_j) / 2`` alone, a scaling and a rank-one
    correction (Sherman and Morrison). `v`, gradients and steps are coordinates of `Product.lift`.
    """

    def __init__(self, v: Tensor, u: Tensor) -> None:
        one = one_like(u)
        u = u.view(u.shape[0], 1, -1, 1)
        self._v = v
        self._rest, self._pull = one - u, (one + u).reciprocal_()
        self._scaled = self._rest

    def scale(self, factor: Tensor) -> None:
        """Multiply all steps by a factor a problem ``(K, 1, 1, 1)``."""
        self._scaled = self._rest * factor

    def __call__(self, g: Tensor) -> Tensor:
        """Return the step for the gradient `g`."""
        step = torch.addcmul(g, self._pull * inner(g, self._v), self._v, value=-2.0)
        return step.mul_(self._scaled)

    def length(self, g: Tensor) -> Tensor:
        """Return the inner product ``(K, 1, 1, 1)`` of `g` with its unscaled step."""
        along = inner(g, self._v)
        of_rows = torch.addcmul(inner(g, g), self._pull * along, along, value=-2.0)
        return (of_rows * self._rest).sum(-2, keepdim=True)


def rescale(product: Product, w: Tensor, u: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
    """Return `w` at a new noise, scaled so that no `u` grows, and its product with S."""
    rho = noisy(product, w, epsilon)
    ratio = u / (w * rho).sum(-1)
    # Rounding down keeps u below 1, as in the authors' program. A dead factor stays as it is.
    factor = (torch.floor(1000.0 * ratio.sqrt()) / 1000.0).nan_to_num(1.0).unsqueeze(-1)
    return w * factor, rho * factor
