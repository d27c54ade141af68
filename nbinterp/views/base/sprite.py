"""All thumbnails in one PNG, for pages without a kernel."""

import base64
import io
import math
from typing import Any

import numpy as np

from nbinterp._typing import ByteArray

_MOST_PIXELS = 12_000_000
_GREYS = 16  # enough for thumbnails, and the file is half as large


def pack(images: ByteArray) -> dict[str, Any]:
    """Pack images as the tiles of one PNG.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), dtype uint8
        They are downsampled if the PNG would be too large.

    Returns
    -------
    dict
        ``png`` in base64, ``width`` and ``height`` of a tile, ``across`` (tiles per row), and
        ``count``.

    Examples
    --------
    >>> import numpy as np
    >>> sprite = pack(np.zeros((5, 4, 6), np.uint8))
    >>> sprite["width"], sprite["height"], sprite["across"], sprite["count"]
    (6, 4, 3, 5)
    """
    from PIL import Image  # loaded only when a picture is drawn

    step = max(1, math.ceil(math.sqrt(math.prod(images.shape[:3]) / _MOST_PIXELS)))
    tiles = images[:, ::step, ::step]
    count, height, width = tiles.shape[:3]
    across = max(1, math.ceil(math.sqrt(count)))
    down = max(1, math.ceil(count / across))
    sheet = np.zeros((down * across, *tiles.shape[1:]), np.uint8)
    sheet[:count] = tiles
    grid = sheet.reshape(down, across, *tiles.shape[1:]).swapaxes(1, 2)
    picture = Image.fromarray(grid.reshape(down * height, across * width, *tiles.shape[3:]))
    if tiles.ndim == 3:
        levels = (np.asarray(picture) * (_GREYS - 1.0) / 255).round().astype(np.uint8)
        picture = Image.fromarray(levels, "P")
        picture.putpalette([level * 255 // (_GREYS - 1) for level in range(_GREYS) for _ in "rgb"])
        options = {"bits": 4}
    else:
        picture, options = picture.quantize(64, dither=Image.Dither.NONE), {"bits": 8}
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True, **options)
    return {
        "png": base64.b64encode(stream.getvalue()).decode("ascii"),
        "width": width,
        "height": height,
        "across": across,
        "count": count,
    }
