"""Small replies of a kernel through Jupyter Server's websocket, with and without nbinterp.server.

A kernel echoes comm messages, like the frames of a slider, to a client on the loopback interface.
The two servers alternate. Run with ``python tests/benchmarks/package/bench_websocket.py``.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

SIZES = (0, 3_000, 65_000, 262_000)
ROUNDS, TURNS = 25, 4
ECHO = """
def opened(comm, message):
    comm.on_msg(lambda message: comm.send({"text": "x" * message["content"]["data"]["size"]}))
get_ipython().kernel.comm_manager.register_target("echo", opened)
"""


@contextmanager
def served(folder: Path, extension: bool) -> Iterator[str]:
    """Run a server on the loopback and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--ServerApp.jpserver_extensions={'nbinterp.server': True}"] if extension else []
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
            *(f"--port={port}", "--IdentityProvider.token=", "--ServerApp.port_retries=0"),
            *("--ServerApp.disable_check_xsrf=True", "--log-level=ERROR", *options),
        ],
        cwd=folder,
        env=os.environ
        | {"JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "run")},
    )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


class Channel:
    """One kernel, through the server's websocket."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection, self.session = connection, uuid.uuid4().hex

    @classmethod
    async def open(cls, address: str) -> "Channel":
        client = AsyncHTTPClient()
        for _ in range(200):
            try:
                made = await client.fetch(
                    f"http://{address}/api/kernels", method="POST", body="{}", request_timeout=60
                )
                break
            except OSError:
                await asyncio.sleep(0.1)
        kernel = json.loads(made.body)["id"]
        url = f"ws://{address}/api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        channel = cls(await websocket_connect(url, max_message_size=2**28))
        await channel.ask("execute_request", {"code": ECHO, "silent": False}, "execute_reply")
        comm = {"comm_id": "echo", "target_name": "echo", "data": {}}
        await channel.ask("comm_open", comm, "status", idle=True)
        return channel

    async def ask(self, kind: str, content: Any, reply: str, idle: bool = False) -> None:
        """Send a message and wait for the first reply of a kind to it."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "version": "5.3"}
        header |= {"username": "", "session": self.session, "date": "2026-01-01T00:00:00Z"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.connection.write_message(
            json.dumps({**message, "channel": "shell", "buffers": []})
        )
        while True:
            told = await self.connection.read_message()
            assert told is not None
            answer = json.loads(told)
            ours = answer["parent_header"].get("msg_id") == header["msg_id"]
            state = answer["content"].get("execution_state")
            if ours and answer["msg_type"] == reply and (state == "idle") == idle:
                return

    async def echo(self, size: int) -> float:
        """Return the seconds until a reply of `size` bytes is there."""
        begin = time.perf_counter()
        await self.ask("comm_msg", {"comm_id": "echo", "data": {"size": size}}, "comm_msg")
        took = time.perf_counter() - begin
        await asyncio.sleep(0.01)  # its status "idle" may come by itself
        return took


async def measure(addresses: list[str]) -> None:
    """Let the servers take turns and print what each size takes."""
    channels = [await Channel.open(address) for address in addresses]
    for channel in channels:
        for _ in range(10):
            await channel.echo(0)
    for size in SIZES:
        took: list[list[float]] = [[], []]
        for _ in range(TURNS):
            for channel, times in zip(channels, took, strict=True):
                times += [await channel.echo(size) for _ in range(ROUNDS)]
        (stock, stock95), (ours, ours95) = (np.percentile(times, [50, 95]) for times in took)
        print(
            f"comm echo of {size:>7,} bytes: stock p50 {1e3 * stock:5.1f} ms, p95 "
            f"{1e3 * stock95:5.1f}; nbinterp.server p50 {1e3 * ours:5.1f} ms, p95 "
            f"{1e3 * ours95:5.1f}; ratio {stock / ours:4.1f}",
            flush=True,
        )


def main() -> None:
    """Compare both in one run."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, each) for each in ("stock", "ours")]
        for folder in folders:
            folder.mkdir()
        with served(folders[0], False) as stock, served(folders[1], True) as ours:
            asyncio.run(measure([stock, ours]))


if __name__ == "__main__":
    main()
