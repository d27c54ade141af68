"""Factors of pixels as small images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp.corex import ClusterFactors, factor_images
from nbinterp.views.charts.pictures.tiles import blank, colour_bar, grid, tile
from nbinterp.views.charts.vega_lite import AltairView
from nbinterp.views.png.canvas import Scale

_SCALES = ("shared", "own")


class FactorImages(AltairView):
    """Which pixels belong to each factor: an image per factor.

    Parameters
    ----------
    factors : ClusterFactors, fitted LinearCorEx or fitted BioCorEx
        A fit whose columns are the pixels of images, row by row.
    image_shape : tuple of int
        Height and width of the images.
    scale : {"shared", "own"}, default="shared"
        One colour scale for all images, or one for each, up to its own largest value: shared, weak
        factors stay dark; own, their shapes show.
    signed : bool, default=False
        Show the sign of the correlation of pixel and factor; see `factor_images`.
    which : list of int, optional
        Factors to draw; None for all.

    Attributes
    ----------
    images : array of shape (n_factors, height, width)
        What `factor_images` returns.

    How to read it
    --------------
    The brighter a pixel, the more it shares with the factor: the pixels of a factor grow dark and
    light together in these samples. What is drawn is the square root of the mutual information, as
    in the paper. Signed, blue pixels fall as orange ones rise; which is which is arbitrary. The
    number is the total correlation that the factor explains, in nats. Above the images stands what
    the same fit finds in shuffled pixels, where it is known. A factor "(not stable)" is not found
    again in halves of the same samples: do not build on it. Factors do not show synergy: pixels
    that say something only together, as when one is the exclusive or of two others.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from nbinterp.corex import LinearCorEx
    >>> corex = LinearCorEx(n_factors=2, random_state=0).fit(load_digits().data)
    >>> FactorImages(corex, (8, 8))
    FactorImages(2 factors of LinearCorEx, 8 × 8 pixels: ... nats; factor 0 ..., factor 1 ...)
    """

    @_checks.named
    def __init__(
        self,
        factors: Any,
        image_shape: Sequence[int],
        *,
        scale: str = "shared",
        signed: bool = False,
        which: Any = None,
    ) -> None:
        self.images = factor_images(factors, image_shape, signed=signed)
        self.factors = factors
        self.scale = _checks.choice("scale", scale, _SCALES)
        self.signed = signed
        m = len(self.images)
        chosen = np.arange(m) if which is None else which
        self.which = _checks.indices("which", chosen, m, of="factor").tolist()

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        marks = self._marks()
        shared = float(np.abs(self.images[self.which]).max(initial=0.0))
        tiles = []
        for factor in self.which:
            own = float(np.abs(self.images[factor]).max(initial=0.0))
            total = f"{self.factors.total_correlations_[factor]:.2f} nats"
            mark = "(not stable)" if factor in marks else " "
            below = [total, *([f"√MI to {own:.2f}"] if self.scale == "own" else [])]
            below += [mark] if marks else []
            scale = self._scale(own if self.scale == "own" else shared)
            tip = f"factor {factor}{' (not stable)' if factor in marks else ''}: {total}"
            pixels = scale.pixels(self.images[factor])
            tiles.append(tile(pixels, f"factor {factor}", below, f"{tip}; largest √MI {own:.3g}"))
        if not tiles:
            tiles = [blank()]
        parts = grid(tiles)
        if self.scale == "shared" and self.which:
            parts = alt.hconcat(parts, colour_bar(self._scale(shared)), spacing=20)
        title = alt.TitleParams(
            f"factors of {self._name()}", subtitle=self._about(), anchor="start", offset=12
        )
        return parts.properties(title=title)

    def describe(self) -> str:
        """Describe the factors in one line."""
        marks = self._marks()
        told = ", ".join(
            f"factor {factor}{' (not stable)' if factor in marks else ''} "
            f"{self.factors.total_correlations_[factor]:.3g}"
            for factor in self.which[:6]
        )
        height, width = self.images.shape[1:]
        counted = f"{len(self.which)} factor{'' if len(self.which) == 1 else 's'}"
        return (
            f"FactorImages({counted} of {self._name()}, {height} × {width} pixels: "
            f"{self._total()}; {told})"
        )

    def _scale(self, largest: float) -> Scale:
        if self.signed:
            return Scale("diverging", -largest or -1.0, largest or 1.0, "±√MI\n(√nats)")
        return Scale("viridis", 0.0, largest or 1.0, "√MI\n(√nats)")

    def _marks(self) -> list[int]:
        """Return the factors that are not found again in halves of the samples."""
        stable = self.factors.stable_ if isinstance(self.factors, ClusterFactors) else None
        return [] if stable is None else np.flatnonzero(~stable).tolist()

    def _name(self) -> str:
        if not isinstance(self.factors, ClusterFactors):
            return type(self.factors).__name__
        name, size = self.factors.name, self.factors.n_samples
        return name if str(size) in name else f"{name} ({size:,} samples)"

    def _total(self) -> str:
        null = getattr(self.factors, "null_total_correlation_", None)
        chance = "" if null is None else f" (shuffled pixels: {null:.2f})"
        return f"{self.factors.total_correlation_:.2f} nats{chance}"

    def _about(self) -> list[str]:
        """Return the lines below the title: what all factors explain, chance, and warnings."""
        lines = [f"all factors: {self._total()}"]
        level = getattr(self.factors, "null_mutual_information_", None)
        if level is not None and self.factors.mutual_information_.any():
            lines.append(
                f"by chance: 99 % of shuffled pixels stay below √MI = {np.sqrt(level):.2f}"
            )
        note = getattr(self.factors, "note", "")
        return [*lines, note] if note else lines
