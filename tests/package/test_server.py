"""The server extension, on real sockets; tests/browser checks that `make lab` turns it on."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import ClassVar

import pytest
from jupyter_server.extension.manager import ExtensionPoint
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from nbinterp import server

EXTENSION = ExtensionPoint(metadata={"module": "nbinterp.server"})


class Connection:
    """As Jupyter Server's: made by the handler, and asked to connect once the socket is open."""

    opened: ClassVar[list[object]] = []

    def __init__(self, handler):
        self.websocket_handler = handler

    async def connect(self):
        self.opened.append(self)
        return "connected"


class Handler(WebSocketHandler):
    async def open(self):
        connection = self.settings["kernel_websocket_connection_class"](self)
        kept = self.ws_connection.stream.socket
        before = kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        answer = await connection.connect()
        after = kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await self.write_message(json.dumps([bool(before), bool(after), answer]))


def _run(function):
    """Return what the coroutine of `function` does."""
    # In a thread of its own: a browser that other tests keep open has a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(function())).result()


def _seen(app):
    """Return what a browser is told of the socket it came through."""

    async def visit():
        listening, port = bind_unused_port()
        served = HTTPServer(app)
        served.add_socket(listening)
        try:
            browser = await websocket_connect(f"ws://127.0.0.1:{port}/")
            told = await browser.read_message()
            browser.close()
            return json.loads(told)
        finally:
            served.stop()
            await served.close_all_connections()

    return _run(visit)


def _app(**settings):
    return Application([("/", Handler)], **settings)


def test_the_extension_sets_nodelay_and_connects_as_before():
    app = _app(kernel_websocket_connection_class=Connection)
    assert _seen(app) == [False, False, "connected"]
    count = len(Connection.opened)
    EXTENSION.load(SimpleNamespace(web_app=app))
    assert _seen(app) == [False, True, "connected"]
    assert len(Connection.opened) == count + 1  # state of the class stays in one place


def test_a_browser_that_left_is_no_error():
    handler = SimpleNamespace(ws_connection=None)
    assert _run(server.without_delay(Connection)(handler).connect) == "connected"


def test_a_server_that_connects_its_own_way_is_left_alone(caplog):
    app = SimpleNamespace(web_app=_app(), log=logging.getLogger("test"))
    EXTENSION.load(app)
    assert "kernel_websocket_connection_class" not in app.web_app.settings
    assert "its own connections" in caplog.text


class Closed:
    ws_connection = object()

    def set_nodelay(self, _value):
        raise OSError("stream is closed")


class Without:
    """A connection of another server: it has no `websocket_handler`."""

    async def connect(self, *args, **kwargs):
        return args, kwargs


@pytest.mark.parametrize("handler", [SimpleNamespace(), Closed(), None])
def test_an_unknown_handler_or_a_closed_stream_does_not_cut_the_kernel_off(handler, caplog):
    assert _run(server.without_delay(Connection)(handler).connect) == "connected"
    assert "no effect on a connection" in caplog.text


def test_an_unknown_connection_is_asked_as_before(caplog):
    connection = server.without_delay(Without)()
    assert _run(lambda: connection.connect(1, later=2)) == ((1,), {"later": 2})
    assert "no effect on a connection" in caplog.text


@pytest.mark.parametrize("connection", ["jupyter_server.x.Y", object(), object, lambda _: None])
def test_what_is_no_class_of_connections_is_left_alone(connection, caplog):
    app = SimpleNamespace(
        web_app=_app(kernel_websocket_connection_class=connection), log=logging.getLogger("test")
    )
    EXTENSION.load(app)
    assert app.web_app.settings["kernel_websocket_connection_class"] is connection
    assert "its own connections" in caplog.text


def test_loaded_twice_it_wraps_once():
    app = SimpleNamespace(web_app=_app(kernel_websocket_connection_class=Connection))
    EXTENSION.load(app)
    once = app.web_app.settings["kernel_websocket_connection_class"]
    EXTENSION.load(app)
    assert app.web_app.settings["kernel_websocket_connection_class"] is once


def test_jupyter_server_knows_the_extension_and_loads_little():
    from jupyter_server.extension.utils import get_metadata

    assert get_metadata("nbinterp.server")[1] == [{"module": "nbinterp.server"}]
    code = "import sys, nbinterp.server; print({'torch', 'anywidget', 'altair'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
