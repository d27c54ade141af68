"""Static pictures of the views, for readers of a notebook without a kernel.

They are drawn with Pillow at twice the stated size, on a light background.
"""

import io
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nbinterp._typing import AnyArray, ByteArray, FloatArray, IntArray

if TYPE_CHECKING:
    from PIL import Image

Colour = tuple[int, int, int]

_SCALE = 2  # device pixels a logical pixel, as on the screens of today
_INK: Colour = (33, 33, 33)
_QUIET: Colour = (110, 110, 110)
_PAPER: Colour = (255, 255, 255)
_NEUTRAL = (190, 190, 190)
_FAINT = (232, 232, 232)
# The front end has the same, in shared/colours.ts.
_OKABE_ITO = "0072b2 e69f00 009e73 cc79a7 d55e00 56b4e9 f0e442 7f7f7f"
_HUES = _OKABE_ITO.replace("7f7f7f", "8c6bb1")
_SHIFTS = (0.0, 0.42, -0.36, 0.66, -0.58)  # to white, or to black
_RAMPS = {
    "viridis": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "diverging": "00395a 0072b2 7fb6d9 f5f5f5 eaa97a d55e00 6e2f00",
}
_MAX_LEGEND = 16
_MOST_POINTS = 200_000  # of a map: more would only cover each other
_MOST_BYTES = 36_000  # of a picture that a notebook keeps
_LEAST_SCALE = 0.3
_LONGEST = 120  # characters of a line, before it is cut to its width
# The letters of Pillow's own font have no dashes.
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")


def _colours(hexes: str) -> FloatArray:
    return np.array(
        [[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in hexes.split()], float
    )


def ramp(values: AnyArray, name: str) -> ByteArray:
    """Return the colours ``(..., 3)`` of `values` within [0, 1] on the ramp `name`."""
    stops = _colours(_RAMPS[name])
    at = np.linspace(0, 1, len(stops))
    clipped = np.clip(np.nan_to_num(values), 0, 1)
    channels = [np.interp(clipped, at, stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def categorical(count: int) -> FloatArray:
    """Return `count` colours ``(count, 3)``: Okabe and Ito's, then lighter and darker ones."""
    if count <= 8:
        return _colours(_OKABE_ITO)[:count]
    hues = _colours(_HUES)
    rounds = np.arange(count) // len(hues) % len(_SHIFTS)
    shift = np.array(_SHIFTS)[rounds, None]
    target = np.where(shift > 0, 255.0, 0.0)
    plain = hues[np.arange(count) % len(hues)]
    mixed: FloatArray = plain + (target - plain) * abs(shift)
    return mixed


class _Sheet:
    """A picture measured in logical pixels."""

    def __init__(self, width: float, height: float) -> None:
        from PIL import Image, ImageDraw  # loads when a still picture is drawn

        self.width, self.height = width, height
        size = (round(width * _SCALE), round(height * _SCALE))
        self.image = Image.new("RGB", size, _PAPER)
        self.draw = ImageDraw.Draw(self.image)
        # Left, top, right, bottom of where a blend of two colours would be a third.
        self.unblended: tuple[float, float, float, float] | None = None

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 11,
        anchor: str = "lm",
        fill: Colour = _INK,
        width: float = math.inf,
        upright: bool = False,
    ) -> None:
        """Write one line, cut to `width`; `upright` turns it to be read from below, ending at y."""
        from PIL import Image, ImageDraw

        font = _font(size)
        line = _shorten(text, font, width * _SCALE)
        if not upright:
            self.draw.text((x * _SCALE, y * _SCALE), line, fill, font, anchor=anchor)
            return
        box = (math.ceil(font.getlength(line)) + 2, round(size * _SCALE * 1.3))
        strip = Image.new("RGB", box, _PAPER)
        ImageDraw.Draw(strip).text((box[0] - 1, box[1] / 2), line, fill, font, anchor="rm")
        turned = strip.rotate(90, expand=True)
        self.image.paste(turned, (round(x * _SCALE - box[1] / 2), round(y * _SCALE)))

    def box(self, x: float, y: float, width: float, height: float, **options: Any) -> None:
        corners = [x * _SCALE, y * _SCALE, (x + width) * _SCALE - 1, (y + height) * _SCALE - 1]
        self.draw.rectangle(corners, **options)

    def picture(self, pixels: AnyArray, x: float, y: float, width: float, height: float) -> None:
        """Stretch `pixels` ``(h, w, 3)`` over a box, with sharp edges."""
        from PIL import Image

        size = (max(1, round(width * _SCALE)), max(1, round(height * _SCALE)))
        stretched = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
        self.image.paste(stretched, (round(x * _SCALE), round(y * _SCALE)))

    def colour_bar(
        self, name: str, low: float, high: float, label: str, y: float, power: float = 1.0
    ) -> None:
        """Draw the scale of a ramp at the right of the sheet, lowest at the bottom."""
        x, height = self.width - 70, 120.0
        self.picture(ramp(np.linspace(1, 0, 60) ** power, name)[:, None], x, y + 18, 12, height)
        self.text(x - 4, y + 6, label, size=10, width=74)
        for share, value in ((0.0, high), (0.5, (low + high) / 2), (1.0, low)):
            self.text(x + 17, y + 18 + share * height, f"{value:.3g}", size=10)

    def png(self) -> bytes:
        """Return the picture with a palette: half the bytes, and colours that occur are kept.

        A notebook keeps one of each view that was shown: what takes too much room, as noise does,
        loses sharpness until it fits.
        """
        from PIL import Image

        png, image, colours, scale = b"", self.image, 256, 1.0
        while not png or (len(png) > _MOST_BYTES and scale > _LEAST_SCALE):
            if png:
                # Thousands of points or cells need few colours, and to draw them half as large
                # leaves one pixel of the screen to each of the page.
                scale, colours = (scale * 0.8 if colours < 256 else 1 / _SCALE), 32
                image = self._smaller(scale)
            stream = io.BytesIO()
            small = image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            dpi = 96 * _SCALE * scale
            small.save(stream, "PNG", optimize=True, dpi=(dpi, dpi))
            png = stream.getvalue()
        return png

    def _smaller(self, scale: float) -> "Image.Image":
        from PIL import Image

        size = (round(self.image.width * scale), round(self.image.height * scale))
        image = self.image.resize(size, Image.Resampling.BOX)
        if self.unblended is not None:
            left, top, right, bottom = (round(side * _SCALE * scale) for side in self.unblended)
            box = (left + 1, top + 1, right - 1, bottom - 1)  # its frame may be blended
            image.paste(self.image.resize(size, Image.Resampling.NEAREST).crop(box), box)
        return image


@lru_cache(maxsize=16)
def _font(size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size * _SCALE)


def _shorten(text: str, font: Any, width: float) -> str:
    """Return `text` on one line, cut to `width` device pixels."""
    known = text[:_LONGEST].translate(_DASHES)
    line = " ".join("".join(c if c.isprintable() else " " for c in known).split())
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"


def _length(text: str, size: float, width: float) -> float:
    """Return how long a line of `text` is, at most `width`."""
    font = _font(size)
    return float(font.getlength(_shorten(text, font, width * _SCALE))) / _SCALE


def scatter_png(
    xy: AnyArray,
    codes: AnyArray | None = None,
    names: Sequence[str] = (),
    *,
    colours: Sequence[str] = (),
    label: str = "",
    selection: AnyArray | None = None,
    title: str = "",
    width: int = 640,
    height: int = 420,
) -> bytes:
    """Return a map of samples as PNG bytes, `width` by `height` at twice that resolution.

    Parameters
    ----------
    xy : array of shape (n, 2)
        Positions; rows that are not finite are left out.
    codes : array of shape (n,), default=None
        Indices into `names` (a negative one: no category), or numbers to be drawn on viridis
        where there are no names.
    names : sequence of str
        What the codes stand for.
    colours : sequence of str
        A colour a name, as ``"#e69f00"``; those of `categorical` unless given.
    label : str
        What the colours show.
    selection : array of int, default=None
        Samples that stay bright; the others are dimmed.
    title : str
        A line above the map.

    Examples
    --------
    >>> import numpy as np
    >>> png = scatter_png(np.eye(2), np.array([0, 1]), ["left", "right"])
    >>> png[1:4]
    b'PNG'
    """
    sheet = _Sheet(width, height)
    xy = np.asarray(xy, float).reshape(-1, 2)
    codes = np.zeros(len(xy)) - 1 if codes is None else np.asarray(codes)
    values = np.empty(0) if len(names) else np.asarray(codes, float)
    keyed = bool(len(names)) or bool(np.isfinite(values).any() and (values >= 0).any())
    if len(names):
        given = " ".join(colour.lstrip("#") for colour in colours)
        palette = _colours(given) if given else categorical(len(names))
        safe = np.asarray(codes, int)
        rgb = np.where(safe[:, None] < 0, _NEUTRAL, palette[safe % len(palette)])
    elif keyed:
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        rgb = ramp((values - low) / ((high - low) or 1.0), "viridis").astype(float)
        rgb[~np.isfinite(values)] = _NEUTRAL
    else:
        rgb = np.broadcast_to(_colours("0072b2")[0], (len(xy), 3)).copy()
    order = np.arange(len(xy))
    if selection is not None and len(selection):
        dim = np.ones(len(xy), bool)
        dim[np.asarray(selection, int)] = False
        rgb[dim] = rgb[dim] * 0.25 + np.array(_PAPER) * 0.75
        order = np.argsort(~dim, kind="stable")  # what is selected comes on top
    order = order[:: max(1, len(order) // _MOST_POINTS)]
    top = 28.0 if title else 8.0
    box = (8.0, top, width - (150.0 if keyed else 16.0), height - top - 8)
    _points(sheet, xy[order], rgb[order], box)
    sheet.unblended = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    sheet.box(*box, outline=(215, 215, 215))
    sheet.text(8, 14, title, size=12, width=width - 16)
    if len(names):
        _legend(sheet, label, names, np.asarray(codes, int), palette, width - 134, top + 8)
    elif keyed:
        sheet.colour_bar("viridis", low, high, label, top + 8)
    return sheet.png()


def _points(
    sheet: _Sheet, xy: AnyArray, rgb: AnyArray, box: tuple[float, float, float, float]
) -> None:
    """Stamp a disc a sample into `box`, later ones over earlier ones, both axes at one scale."""
    from PIL import Image, ImageDraw

    finite = np.isfinite(xy).all(axis=1)
    xy, rgb = xy[finite], rgb[finite]
    if not len(xy):
        sheet.text(box[0] + box[2] / 2, box[1] + box[3] / 2, "no samples", anchor="mm", fill=_QUIET)
        return
    x, y, width, height = (round(side * _SCALE) for side in box)
    radius = float(np.clip(120 / math.sqrt(len(xy)), 0.8, 4)) * _SCALE
    margin = radius + 4 * _SCALE
    centre = (xy.max(axis=0) + xy.min(axis=0)) / 2
    span = np.ptp(xy, axis=0)
    ratios = span / (width - 2 * margin, height - 2 * margin)
    scale = 1 / ratios.max() if ratios.max() > 0 else 0.0  # all in one place: the middle
    column = (x + width / 2 + (xy[:, 0] - centre[0]) * scale).round().astype(int)
    row = (y + height / 2 - (xy[:, 1] - centre[1]) * scale).round().astype(int)
    pixels = np.array(sheet.image)
    reach = math.floor(radius)
    steps = np.arange(-reach, reach + 1)
    down, right = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    inside = down**2 + right**2 <= radius**2
    # One assignment for all discs: NumPy lets the last of repeated places win, so that a sample
    # drawn later covers an earlier one whole.
    rows = row[:, None] + down[inside]
    columns = column[:, None] + right[inside]
    pixels[rows, columns] = rgb.round().astype(np.uint8)[:, None]
    sheet.image = Image.fromarray(pixels)
    sheet.draw = ImageDraw.Draw(sheet.image)


def _legend(
    sheet: _Sheet,
    label: str,
    names: Sequence[str],
    codes: IntArray,
    palette: AnyArray,
    x: float,
    y: float,
) -> None:
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    sheet.text(x, y, label, size=10, fill=_QUIET, width=126)
    shown = list(range(min(len(names), _MAX_LEGEND)))
    for line, code in enumerate(shown, start=1):
        at = y + 18.0 * line
        red, green, blue = palette[code % len(palette)].astype(int)
        sheet.box(x, at - 5, 10, 10, fill=(int(red), int(green), int(blue)))
        sheet.text(x + 16, at, names[code], width=68)
        sheet.text(x + 126, at, f"{counts[code]:,}", size=10, anchor="rm", fill=_QUIET)
    if len(names) > len(shown):
        rest = f"and {len(names) - len(shown)} more"
        sheet.text(x, y + 18.0 * (len(shown) + 1), rest, size=10, fill=_QUIET)


def heatmap_png(
    values: AnyArray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str = "nats",
    diverging: bool = False,
    block: int = 0,
    weak: AnyArray | None = None,
    title: str = "",
    note: str = "",
) -> bytes:
    """Return a matrix as PNG bytes, at twice the resolution of its logical size.

    Parameters
    ----------
    values : array of shape (m, p)
        Drawn on viridis by their roots, from 0 to the largest, or from -1 to 1 on blue, grey, red.
    rows, columns : sequences of str, of lengths m and p
        Names at the left and above.
    label : str
        What the colour bar shows, with its unit.
    diverging : bool
        Whether zero is the middle of the colours.
    block : int
        How many of the last columns stand apart, at the right.
    weak : array of bool, shape (m, p), default=None
        Cells to be dimmed.
    title, note : str
        Lines above and below.

    Examples
    --------
    >>> import numpy as np
    >>> len(heatmap_png(np.eye(2), ["factor 0", "factor 1"], ["node 3", "node 7"])) < 20_000
    True
    """
    values = np.asarray(values, float)
    m, p = values.shape
    cell_width = float(np.clip(620 / max(p, 1), 2, 34))
    cell_height = float(np.clip(520 / max(m, 1), 4, 24))
    # Too many to be read side by side: every so manieth is named, rather than all unreadably.
    named_rows = range(0, m, math.ceil(11 / cell_height))
    named_columns = range(0, p, math.ceil(11 / cell_width))
    left = 20 + max((_length(rows[row], 10.5, 170) for row in named_rows), default=0)
    lengths = {column: _length(columns[column], 10, 84) for column in named_columns}
    head = 28.0 if title else 8.0
    top = head + 12 + max(lengths.values(), default=0)
    gap, bottom = 10.0, (26.0 if note else 8.0)
    grid_width = cell_width * p + (gap if 0 < block < p else 0)
    height = top + (cell_height * m if m else 40) + bottom
    sheet = _Sheet(max(left + grid_width + 90, 420), max(height, head + 150 + bottom))
    sheet.text(8, 14, title, size=12, width=sheet.width - 16)
    sheet.text(8, sheet.height - 13, note, size=10, fill=_QUIET, width=sheet.width - 16)
    if not m or not p:
        sheet.text(sheet.width / 2, top + 10, "no factors to show", anchor="mm", fill=_QUIET)
        return sheet.png()
    high = 1.0 if diverging else float(np.nanmax(values, initial=0)) or 1.0
    low, name = (-1.0, "diverging") if diverging else (0.0, "viridis")
    # The root, as the paper draws it: a few cells hold nearly all, and would leave the rest dark.
    power = 1.0 if diverging else 0.5
    pixels = ramp(np.maximum((values - low) / (high - low), 0) ** power, name)
    if weak is not None:
        pixels = np.where(weak[..., None], _FAINT, pixels).astype(np.uint8)
    split = p - block
    start = left + grid_width - cell_width * block
    if split:
        sheet.picture(pixels[:, :split], left, top, cell_width * split, cell_height * m)
    if block:
        sheet.picture(pixels[:, split:], start, top, cell_width * block, cell_height * m)
    for row in named_rows:
        y = top + cell_height * (row + 0.5)
        sheet.text(left - 6, y, rows[row], size=10.5, anchor="rm", width=170)
    for column, length in lengths.items():
        x = (left if column < split else start - cell_width * split) + cell_width * (column + 0.5)
        sheet.text(x, top - 5 - length, columns[column], size=10, width=84, upright=True)
    sheet.colour_bar(name, low, high, label, head, power)
    return sheet.png()
