"""Still pictures of several views, one below the other."""

import io
from collections.abc import Iterable

_GAP = 16


def stacked(pngs: Iterable[bytes | None]) -> bytes | None:
    """Return one PNG of several, those that are None left out.

    Examples
    --------
    >>> from PIL import Image
    >>> from nbinterp.views.png.snapshot import scatter_png
    >>> map_png = scatter_png([[0, 0], [1, 1]], width=200, height=100)
    >>> Image.open(io.BytesIO(stacked([map_png, None, map_png]))).size
    (400, 416)
    """
    from PIL import Image  # loads when a still picture is drawn

    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs if png is not None]
    if not pictures:
        return None
    width = max(picture.width for picture in pictures)
    height = sum(picture.height for picture in pictures) + _GAP * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + _GAP
    stream = io.BytesIO()
    sheet.quantize(256, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()
