"""What a map tells of the sample under the pointer: its picture and its values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nbinterp import _checks
from nbinterp.views.core import Answer, View, verb

_MOST_THUMBNAILS = 1024  # of one request
_MOST_TOLD = 10  # columns on the card about a sample


class Hovered(View):
    """A view of samples that have pictures, `_images`, and `columns`."""

    _images: npt.NDArray[np.uint8] | None
    columns: Mapping[str, npt.NDArray[Any]]

    @verb(index=int)
    def thumbnail(self, index: int) -> Answer:
        """Answer a hover with the picture of a sample, grey or RGB."""
        return self._pictures(f"thumbnail(index={index})", [index])

    @verb(buffers=1)
    def thumbnails(self, indices: Any) -> Answer:
        """Answer with the pictures of several samples, one after the other."""
        numbers = np.frombuffer(bytes(indices), "<u4").tolist()
        return self._pictures(f"thumbnails({len(numbers)} samples)", numbers)

    @verb(index=int)
    def about(self, index: int) -> Answer:
        """Answer a hover with the values of a sample that the page does not hold."""
        away = [header["name"] for header in self._columns if header["offset"] < 0][:_MOST_TOLD]
        for name in away:
            _checks.integer("about", "index", index, 0, len(self.columns[name]) - 1)
        # Texts, since JSON has no NaN.
        return Answer({"values": [[name, f"{self.columns[name][index]:.4g}"] for name in away]})

    def _pictures(self, call: str, numbers: list[int]) -> Answer:
        images = self._images
        inside = images is not None and all(0 <= number < len(images) for number in numbers)
        if images is None or not inside or not 0 < len(numbers) <= _MOST_THUMBNAILS:
            _checks.fail(
                call,
                f"must be samples with a picture, at most {_MOST_THUMBNAILS}",
                "Hover over a sample of this map.",
            )
        height, width, *colours = images.shape[1:]
        fields = {"width": width, "height": height, "channels": 3 if colours else 1}
        return Answer(fields, [images[numbers].tobytes()])

    def _thumbnails(self) -> npt.NDArray[np.uint8] | None:
        """Return all pictures, for a page without a kernel."""
        return self._images
