"""A Jupyter Server extension that sends small replies of a kernel to the browser at once.

TCP holds back a small packet until the previous one is acknowledged (Nagle's algorithm), and
receivers acknowledge late, so a slider's frame waits for about 40 ms. This extension sets
TCP_NODELAY on the websockets of kernels, which avoids the wait. ``make lab`` turns it on. Elsewhere
run ``jupyter server extension enable nbinterp.server``; ``disable`` turns it off.
"""

import logging
from typing import Any

_LOG = logging.getLogger(__name__)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbinterp.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Let the server `app` connect browsers to kernels without delay."""
    settings = app.web_app.settings
    connection = settings.get("kernel_websocket_connection_class")
    if not isinstance(connection, type) or not callable(getattr(connection, "connect", None)):
        app.log.warning("nbinterp.server has no effect: this server has its own connections.")
        return
    if not getattr(connection, "_nbinterp_no_delay", False):  # it may be loaded twice
        settings["kernel_websocket_connection_class"] = without_delay(connection)


def without_delay(connection: type[Any]) -> type[Any]:
    """Return a subclass of `connection` that sets TCP_NODELAY.

    Parameters
    ----------
    connection : type
        A kernel's websocket connection: a subclass of Jupyter Server's
        `BaseKernelWebsocketConnection`.

    Returns
    -------
    type
        The subclass. Class attributes stay shared with `connection`. It connects as `connection`
        does, also where TCP_NODELAY cannot be set.
    """

    class WithoutDelay(connection):  # type: ignore[misc]
        _nbinterp_no_delay = True

        def connect(self, *args: Any, **kwargs: Any) -> Any:
            try:
                handler = self.websocket_handler
                if handler.ws_connection is not None:  # the browser may have left already
                    handler.set_nodelay(True)
            except Exception as error:  # an optional speed-up never cuts a kernel off
                _LOG.warning("nbinterp.server has no effect on a connection: %r", error)
            return super().connect(*args, **kwargs)

    WithoutDelay.__name__ = WithoutDelay.__qualname__ = connection.__name__
    return WithoutDelay
