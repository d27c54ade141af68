"""The sample under the pointer of a map: its number, picture and values."""

from collections.abc import Callable
from typing import Any

import traitlets

from nbinterp import _checks
from nbinterp._typing import ByteArray
from nbinterp.views.base.traits import Index, numbers_in
from nbinterp.views.base.view import Answer, View, verb
from nbinterp.views.explorer.columns import Columns

_MOST_THUMBNAILS = 1024  # per request
_MOST_TOLD = 10  # columns on the card of a sample


class Hovered(View):
    """A view of samples that have pictures, `_images`, and `columns`."""

    _images: ByteArray | None
    columns: Columns

    # No echo to the page: it would overwrite the position of a pointer that has moved on.
    hovered = Index().tag(echo_update=False, page=True)

    def on_hover(self, callback: Callable[[int | None], object]) -> Callable[[], None]:
        """Call `callback` with the number of the sample under the pointer, None without one.

        It is called at most ten times per second; samples in between are skipped.

        Parameters
        ----------
        callback : callable
            Takes the number. In JupyterLab it runs on a different thread than cells. Long work
            should wait until the pointer rests. The view shows its exceptions.

        Returns
        -------
        callable
            Call it to stop.

        Examples
        --------
        >>> from nbinterp import ClusterExplorer
        >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]])
        >>> stop = explorer.on_hover(print)
        >>> explorer.hovered = 2
        2
        >>> stop()
        """
        return self.when_changed("hovered", lambda change: callback(change["new"]))

    @verb(index=int)
    @_checks.named
    def thumbnail(self, index: int) -> Answer:
        """Answer with the picture of a sample, grey or RGB."""
        return self._pictures(f"(index={index})", [index])

    @verb(buffers=1)
    @_checks.named
    def thumbnails(self, indices: Any) -> Answer:
        """Answer with the pictures of several samples, one after the other."""
        numbers = numbers_in(indices, "u4").tolist()
        return self._pictures(f"({len(numbers)} samples)", numbers)

    @verb(index=int)
    @_checks.named
    def about(self, index: int) -> Answer:
        """Answer with the values of a sample that the page does not have."""
        away = [header["name"] for header in self._columns if header["offset"] < 0][:_MOST_TOLD]
        for name in away:
            _checks.integer("index", index, 0, len(self.columns[name]) - 1)
        # As strings, because JSON has no NaN.
        return Answer({"values": [[name, self.columns.text_of(name, index)] for name in away]})

    @traitlets.validate("hovered")
    def _check_hovered(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        last = len(self._positions) - 1
        if value is not None and value > last:
            raise traitlets.TraitError(f"hovered must be a sample, 0 to {last}, or None")
        return value

    def _pictures(self, what: str, numbers: list[int]) -> Answer:
        images = self._images
        inside = images is not None and all(0 <= number < len(images) for number in numbers)
        if images is None or not inside or not 0 < len(numbers) <= _MOST_THUMBNAILS:
            _checks.fail(
                what,
                f"must be samples with a picture, at most {_MOST_THUMBNAILS}",
                "Hover over a sample of this map.",
            )
        height, width, *colours = images.shape[1:]
        fields = {"width": width, "height": height, "channels": 3 if colours else 1}
        return Answer(fields, [images[numbers].tobytes()])

    def page_images(self) -> ByteArray | None:
        """Return the pictures of all samples, for a page without a kernel."""
        return self._images
