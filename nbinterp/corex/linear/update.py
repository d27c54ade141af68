"""Parts of one iteration of Linear CorEx, for many problems at once.

One product with the p x p correlation matrix an iteration is enough. The direction of descent is a
row combination of the half gradient g and of w, so its product with S follows from ``g S``, and any
step along it is judged in O(m^2 p).
"""

from nbinterp._numerics.arrays import Array, namespace
from nbinterp.corex.linear.operators import Product, inner


def noisy(product: Product, w: Array, epsilon: Array) -> Array:
    """Return ``w S_e`` for ``S_e = (1 - e^2) S + e^2 I`` at annealing noise `epsilon` ``(K,)``."""
    noise = (epsilon * epsilon)[:, None, None]
    image = product.times(w)
    return image + noise * (w - image)


class Preconditioner:
    """The map from a gradient to the step of the authors' update at `v`, uphill.

    It multiplies by the inverse curvature of ``-log(1 - u_j) / 2`` alone, a scaling and a rank-one
    correction (Sherman and Morrison). `v`, gradients and steps are coordinates of `Product.lift`.
    """

    def __init__(self, v: Array, u: Array) -> None:
        u = u[:, None, :, None]
        self._v = v
        self._rest, self._pull = 1.0 - u, 2.0 / (1.0 + u)
        self._scaled = self._rest

    def scale(self, factor: Array) -> None:
        """Multiply all steps by one factor per problem ``(K, 1, 1, 1)``."""
        self._scaled = self._rest * factor

    def __call__(self, g: Array) -> Array:
        """Return the step for the gradient `g`."""
        step = g - self._pull * inner(g, self._v) * self._v
        step *= self._scaled
        return step

    def length(self, g: Array) -> Array:
        """Return the inner product ``(K, 1, 1, 1)`` of `g` with its unscaled step."""
        along = inner(g, self._v)
        of_rows = inner(g, g) - self._pull * along * along
        return (of_rows * self._rest).sum(-2, keepdims=True)


def rescale(product: Product, w: Array, u: Array, epsilon: Array) -> tuple[Array, Array]:
    """Return `w` at a new noise, scaled so that no `u` grows, and its product with S."""
    rho = noisy(product, w, epsilon)
    xp = namespace(w)
    ratio = u / (w * rho).sum(-1)
    # Rounding down keeps u below 1, as in the authors' program. A dead factor stays as it is.
    factor = xp.nan_to_num(xp.floor(1000.0 * xp.sqrt(ratio)) / 1000.0, nan=1.0)[..., None]
    return w * factor, rho * factor
