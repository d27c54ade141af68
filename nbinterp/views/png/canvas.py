"""A canvas for still pictures: text, boxes, lines, points and images, drawn with Pillow."""

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nbinterp._typing import AnyArray, ByteArray
from nbinterp.views.base.colours import ramp

if TYPE_CHECKING:
    from PIL import Image

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, width, height

INK: Colour = (33, 33, 33)
QUIET: Colour = (105, 105, 105)
FRAME: Colour = (215, 215, 215)
_PAPER: Colour = (255, 255, 255)
_SCALE = 2  # device pixels per logical pixel, as on current screens
_MANY_POINTS = 2000
_GAP = 32  # device pixels between pictures
_LONGEST = 240  # characters of a line, before it is cut to its width
# Pillow's built-in font has no dashes.
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")


@dataclass(frozen=True)
class Scale:
    """How values become colours: a ramp from `low` to `high`, linear or by signed roots.

    Roots keep small values visible beside a few large ones.
    """

    ramp: str
    low: float
    high: float
    label: str = ""
    root: bool = False

    def pixels(self, values: AnyArray) -> ByteArray:
        """Return the colour of each value, along an additional axis."""
        clipped = np.clip(values, self.low, self.high)
        low, high, shown = (
            np.sign(x) * np.sqrt(np.abs(x)) if self.root else np.asarray(x)
            for x in (self.low, self.high, clipped)
        )
        return ramp((shown - low) / (high - low if high > low else 1.0), self.ramp)


class Canvas:
    """A white picture measured in logical pixels, with a title above and a note below."""

    def __init__(self, width: float, height: float, title: str = "", note: str = "") -> None:
        from PIL import Image, ImageDraw  # loaded only when a picture is drawn

        self.width, self.height = width, height
        self._image = Image.new("RGB", (round(width * _SCALE), round(height * _SCALE)), _PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self.text(8, 14, title, size=12, width=width - 16)
        self.text(8, height - 13, note, size=10, fill=QUIET, width=width - 16)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 10,
        anchor: str = "l",
        fill: Colour = INK,
        width: float = math.inf,
        upright: bool = False,
    ) -> None:
        """Write one line, cut to `width`.

        `anchor` says whether (x, y) is its left, middle or right. `upright` rotates the line, to be
        read from bottom to top.
        """
        from PIL import Image, ImageDraw

        font, line = _font(size), _shorten(text, size, width)
        if not upright:
            place = (x * _SCALE, y * _SCALE)
            self._draw.text(place, line, fill, font, anchor=f"{anchor}m")
        elif line:
            length, across = math.ceil(font.getlength(line)) + 2, round(size * _SCALE * 1.4)
            strip = Image.new("RGB", (length, across), _PAPER)
            ImageDraw.Draw(strip).text((1, across / 2), line, fill, font, anchor="lm")
            top = round(y * _SCALE) - {"l": length, "m": length // 2, "r": 0}[anchor]
            turned = strip.transpose(Image.Transpose.ROTATE_90)
            self._image.paste(turned, (round(x * _SCALE - across / 2), top))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Colour | None = None,
        outline: Colour | None = None,
    ) -> None:
        """Draw a box with a `fill` or an `outline`, unless it is below half a device pixel."""
        if min(width, height) * _SCALE >= 0.5:
            far = (max(x, x + width - 1 / _SCALE), max(y, y + height - 1 / _SCALE))
            corners = [side * _SCALE for side in (x, y, *far)]
            self._draw.rectangle(corners, fill, outline)

    def line(self, x: AnyArray, y: AnyArray, colour: Colour, *, dots: bool = False) -> None:
        """Connect points by a line, with a dot on each if `dots`."""
        places = [(float(a) * _SCALE, float(b) * _SCALE) for a, b in zip(x, y, strict=True)]
        self._draw.line(places, fill=colour, width=2 * _SCALE, joint="curve")
        for a, b in places if dots else ():
            self._draw.circle((a, b), 2.5 * _SCALE, fill=colour)

    def image(self, pixels: AnyArray, box: Box, hatched: AnyArray | None = None) -> None:
        """Stretch `pixels` ``(h, w, 3)`` over a box, with sharp edges; hatch masked pixels."""
        from PIL import Image

        x, y, width, height = (max(0, round(side * _SCALE)) for side in box)
        size = (max(1, width), max(1, height))
        stretched = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
        self._image.paste(stretched, (x, y))
        if hatched is not None:
            mask = Image.fromarray(hatched).resize(size, Image.Resampling.NEAREST)
            stripe = np.add.outer(np.arange(size[1]), np.arange(size[0])) % 10 < 2
            stripes = Image.fromarray(np.where(stripe, 200, 245).astype(np.uint8))
            self._image.paste(stripes.convert("RGB"), (x, y), mask)

    def points(self, xy: AnyArray, colours: AnyArray, box: Box) -> None:
        """Draw a disc per row into a box, with equal scales of the axes and later rows on top."""
        finite = np.isfinite(xy).all(axis=1)
        xy, colours = xy[finite], colours[finite].round().astype(np.uint8)
        self.box(*box, outline=FRAME)
        if not len(xy):
            middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
            self.text(*middle, "no samples", anchor="m", fill=QUIET)
            return
        # Coarser pixels halve the bytes of a picture of thousands of points.
        fine = _SCALE if len(xy) <= _MANY_POINTS else 1
        left, top, width, height = box[0] + 1, box[1] + 1, box[2] - 2, box[3] - 2
        pixels = np.full((round(height * fine), round(width * fine), 3), 255, np.uint8)
        radius = float(np.clip(120 / math.sqrt(len(xy)), 1.0, 4)) * fine
        room = np.array([pixels.shape[1], pixels.shape[0]]) - 2 * (radius + 4 * fine)
        centre = xy.max(axis=0) / 2 + xy.min(axis=0) / 2
        ratio = float((np.ptp(xy, axis=0) / room).max())
        offset = (xy - centre) / (ratio or 1.0)  # if all are in one place: the middle
        column = (pixels.shape[1] / 2 + offset[:, 0]).round().astype(int)
        row = (pixels.shape[0] / 2 - offset[:, 1]).round().astype(int)
        steps = np.arange(-math.floor(radius), math.floor(radius) + 1)
        down, right = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
        disc = down**2 + right**2 <= (radius + 0.3) ** 2
        # NumPy assigns the last of repeated indices, so later points cover earlier ones.
        places = row[:, None] + down[disc], column[:, None] + right[disc]
        pixels[places] = colours[:, None]
        self.image(pixels, (left, top, width, height))

    def colour_bar(self, scale: Scale, x: float, y: float) -> None:
        """Draw a colour scale, with its label above and its lowest value at the bottom."""
        values = np.linspace(scale.high, scale.low, 120)
        self.text(x - 4, y + 6, scale.label, width=74)
        self.image(scale.pixels(values)[:, None], (x, y + 18, 12, 120))
        for place, value in zip((0, 60, 120), values[[0, 59, -1]], strict=True):
            told = (scale.low + scale.high) / 2 if place == 60 else value
            self.text(x + 17, y + 18 + place, f"{told:.3g}")

    def png(self, colours: int | None = 256) -> bytes:
        """Return PNG bytes with a palette of `colours`; None keeps all colours, for photographs."""
        return encoded(self._image, colours, _SCALE)


def encoded(image: "Image.Image", colours: int | None, scale: float) -> bytes:
    """Return PNG bytes; a palette of the most frequent colours halves their number."""
    from PIL import Image

    if colours is not None:
        image = image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True, dpi=(96 * scale, 96 * scale))
    return stream.getvalue()


def stacked(pngs: Iterable[bytes | None]) -> bytes | None:
    """Stack several PNGs, one below the other, into one; None entries are omitted.

    Examples
    --------
    >>> from PIL import Image
    >>> png = Canvas(100, 50).png()
    >>> Image.open(io.BytesIO(stacked([png, None, png]))).size
    (200, 232)
    """
    from PIL import Image

    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs if png is not None]
    if not pictures:
        return None
    tops = np.cumsum([0, *(picture.height + _GAP for picture in pictures)])
    whole = Image.new("RGB", (max(p.width for p in pictures), int(tops[-1]) - _GAP), _PAPER)
    for picture, top in zip(pictures, tops, strict=False):
        whole.paste(picture, (0, int(top)))
    return encoded(whole, 256, _SCALE)


def text_width(texts: Sequence[str], size: float, most: float) -> float:
    """Return the width of the longest line, each line cut to `most`."""
    font = _font(size)
    lengths = (font.getlength(_shorten(text, size, most)) for text in texts)
    return float(max(lengths, default=0.0)) / _SCALE


@lru_cache(maxsize=16)
def _font(size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size * _SCALE)


def _shorten(text: str, size: float, width: float) -> str:
    """Return `text` on one line, cut to `width`."""
    font, known = _font(size), text[:_LONGEST].translate(_DASHES)
    line = " ".join("".join(c if c.isprintable() else " " for c in known).split())
    if font.getlength(line) <= width * _SCALE:
        return line
    fits, too_long = 0, len(line)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if font.getlength(line[:middle] + "…") <= width * _SCALE:
            fits = middle
        else:
            too_long = middle
    return line[:fits] + "…"
