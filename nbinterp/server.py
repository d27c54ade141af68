"""An extension of Jupyter Server that sends a kernel's small replies to the browser at once.

TCP holds a small packet back until the one before it was acknowledged (Nagle's algorithm), and
receivers acknowledge late, so that a slider's frame waits some 40 ms for nothing. With
TCP_NODELAY on the websockets of kernels it does not. ``make lab`` turns this on; elsewhere do
``jupyter server extension enable nbinterp.server``, and ``disable`` to take it back.
"""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbinterp.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Let the server `app` connect browsers to kernels without delay, in its own way otherwise."""
    settings = app.web_app.settings
    connection = settings.get("kernel_websocket_connection_class")
    if connection is None:
        app.log.warning("nbinterp.server does nothing: this server connects kernels its own way.")
        return
    settings["kernel_websocket_connection_class"] = without_delay(connection)


def without_delay(connection: type[Any]) -> type[Any]:
    """Return a kernel's websocket connection that is `connection` with TCP_NODELAY set.

    Parameters
    ----------
    connection : type
        A `BaseKernelWebsocketConnection` of Jupyter Server: its own, a gateway's, anyone's.

    Returns
    -------
    type
        A subclass; state that connections share stays shared with `connection`.
    """

    class WithoutDelay(connection):  # type: ignore[misc]
        def connect(self) -> Any:
            handler = self.websocket_handler
            if handler.ws_connection is not None:  # the browser may have left already
                handler.set_nodelay(True)
            return super().connect()

    WithoutDelay.__name__ = WithoutDelay.__qualname__ = connection.__name__
    return WithoutDelay
