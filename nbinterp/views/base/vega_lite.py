"""How Altair's charts get into a notebook."""

import base64
from typing import Any

# JupyterLab draws version 5 and no other. The marks and encodings of our charts all belong to it,
# whichever version the installed Altair writes.
_MIME = "application/vnd.vegalite.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def chart_bundle(chart: Any, png: bytes, text: str) -> dict[str, Any]:
    """Return a chart as a mimebundle, with a picture and a line for readers that do not draw it.

    Altair's own bundle is a page that fetches its scripts from elsewhere.
    """
    drawn = chart.to_dict() | {"$schema": _SCHEMA}
    # JupyterLab writes in light ink on a dark page, on a ground of its own that is not the page's.
    drawn["config"] = {"background": "transparent", **drawn.get("config", {})}
    return {
        _MIME: drawn,
        "image/png": base64.b64encode(png).decode("ascii"),
        "text/plain": text,
    }
