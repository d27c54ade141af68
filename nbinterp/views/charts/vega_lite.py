"""Show Altair charts: as mimebundles, as still pictures, and the views that hold one."""

import base64
import io
from abc import ABC, abstractmethod
from typing import Any

from nbinterp.views.png.canvas import encoded

# JupyterLab draws only Vega-Lite 5. Our charts use only marks and encodings of version 5, whatever
# version the installed Altair writes.
_MIME = "application/vnd.vegalite.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_SCALE = 1.5  # device pixels per logical pixel: sharp at 800 pixels, in a fifth of a second


class AltairView(ABC):
    """A view that is one Altair chart, and a line of text where none can be drawn."""

    @property
    @abstractmethod
    def chart(self) -> Any:
        """The Altair chart, to change or save."""

    @abstractmethod
    def describe(self) -> str:
        """Describe what the chart shows in one line."""

    def __repr__(self) -> str:
        return self.describe()

    def snapshot(self) -> bytes:
        """Return the chart as a PNG, for readers that cannot draw Altair charts."""
        return chart_png(self.chart)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return chart_bundle(self.chart, self.describe())


def chart_bundle(chart: Any, text: str, *, still: bool = True) -> dict[str, Any]:
    """Return a chart as a mimebundle, with a PNG and a line of text as fallbacks.

    `still` says whether to add the PNG, which takes a fifth of a second. Altair's own bundle would
    be a page that loads scripts from the internet.
    """
    drawn = chart.to_dict()
    png = _rendered(drawn) if still else b""
    drawn["$schema"] = _SCHEMA
    # On a dark page JupyterLab draws light text, but on its own background.
    drawn["config"] = {"background": "transparent", **drawn.get("config", {})}
    bundle = {_MIME: drawn, "text/plain": text}
    return bundle | {"image/png": base64.b64encode(png).decode("ascii")} if still else bundle


def chart_png(chart: Any) -> bytes:
    """Return an Altair chart as PNG bytes, drawn by vl-convert.

    Examples
    --------
    >>> import altair as alt
    >>> chart_png(alt.Chart(alt.Data(values=[{"x": 1}])).mark_point().encode(x="x:Q"))[1:4]
    b'PNG'
    """
    return _rendered(chart.to_dict())


def _rendered(drawn: dict[str, Any]) -> bytes:
    import vl_convert  # loaded only when a still picture is drawn
    from PIL import Image

    png = vl_convert.vegalite_to_png(drawn, scale=_SCALE)
    return encoded(Image.open(io.BytesIO(png)).convert("RGB"), 256, _SCALE)
