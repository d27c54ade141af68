"""Start a real JupyterLab as `make lab` does, and run code in its kernel."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import nbformat
from jupyter_client import BlockingKernelClient

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Lab:
    """A running server."""

    url: str
    runtime: Path
    settings: Path
    log: Path

    def get(self, path: str) -> Any:
        """Return the JSON that the server's REST interface answers."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def set_theme(self, name: str) -> None:
        """Choose the theme of pages opened from now on."""
        write_setting(self.settings, "themes", {"theme": name, "adaptive-theme": False})

    def add(self, notebook: Path) -> None:
        """Put a copy of `notebook` beside those that are served."""
        shutil.copy(notebook, self.log.parent / notebook.name)

    def kernel_of(self, notebook: str) -> dict[str, Any] | None:
        """Return what the server says of the kernel of `notebook`, None as long as it has none."""
        for session in self.get("/api/sessions"):
            if session["path"] == notebook and session["kernel"]:
                kernel: dict[str, Any] = session["kernel"]
                return kernel
        return None

    def end_kernel_of(self, notebook: str) -> None:
        """Shut down the kernel of `notebook`, if it has one."""
        if kernel := self.kernel_of(notebook):
            address = f"{self.url}/api/kernels/{kernel['id']}"
            with suppress(HTTPError):  # in mid-restart the server refuses, and ends it later itself
                urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=30)

    @contextmanager
    def kernel(self, notebook: str = "") -> Iterator["Kernel"]:
        """Connect to the kernel of `notebook`, or to the only one that runs."""
        kernel = wait_for(
            lambda: self.kernel_of(notebook) if notebook else self.get("/api/kernels")[0],
            f"a kernel of {notebook or 'a notebook'}",
        )
        client = BlockingKernelClient(
            connection_file=str(self.runtime / f"kernel-{kernel['id']}.json")
        )
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            yield Kernel(client)
        finally:
            client.stop_channels()


@dataclass(frozen=True)
class Kernel:
    """The kernel of the notebook that the browser shows, asked over its own connection."""

    client: BlockingKernelClient

    def run(self, code: str, timeout: float = 120) -> None:
        """Run `code`, after all the cells that the browser has sent before."""
        reply = self.client.execute_interactive(
            code, timeout=timeout, store_history=False, output_hook=lambda _: None
        )
        content = reply["content"]
        if content["status"] != "ok":
            raise AssertionError("\n".join(content.get("traceback", [content["status"]])))

    def value(self, expression: str, timeout: float = 120) -> Any:
        """Return the value of `expression`, which must be made of what JSON can hold."""
        reply = self.client.execute(
            "import json",
            user_expressions={"value": f"json.dumps({expression})"},
            store_history=False,
        )
        content = self.client.get_shell_msg(timeout=timeout)
        while content["parent_header"].get("msg_id") != reply:
            content = self.client.get_shell_msg(timeout=timeout)
        answer = content["content"]["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise AssertionError("\n".join(answer["traceback"]))
        text = answer["data"]["text/plain"]
        return json.loads(eval(text, {"__builtins__": {}}))  # the repr of a str


def wait_for(probe: Any, what: str, seconds: float = 90) -> Any:
    """Return the first true answer of `probe`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := probe():
                return answer
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"no {what} within {seconds:g} s")


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook of code cells at `path`, and return it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def write_setting(folder: Path, name: str, values: dict[str, Any]) -> None:
    """Write one of JupyterLab's user settings."""
    plugin = folder / "@jupyterlab" / "apputils-extension"
    plugin.mkdir(parents=True, exist_ok=True)
    (plugin / f"{name}.jupyterlab-settings").write_text(json.dumps(values))


@contextmanager
def start(notebook: Path, folder: Path, command: Sequence[str] = ()) -> Iterator[Lab]:
    """Run `make lab` on a copy of `notebook`, with its state kept in `folder`.

    Another `command`, such as ``["jupyter", "notebook"]``, is run with the same arguments.
    """
    copy = folder / notebook.name
    shutil.copy(notebook, copy)
    settings = folder / "settings"
    write_setting(settings, "notification", {"fetchNews": "false", "checkForUpdates": False})
    port = free_port()
    arguments = [
        *("--no-browser", "--ip=127.0.0.1", "--ServerApp.port_retries=0", f"--port={port}"),
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
    ]
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        # Kernel, server and a browser that draws in software share the cores: do not spin.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    log = folder / "lab.log"
    make = ["make", "lab", f"NOTEBOOK={copy}", f"ARGS={' '.join(arguments)}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, *arguments, str(copy)] if command else make,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        lab = Lab(f"http://127.0.0.1:{port}", folder / "runtime", settings, log)
        try:
            wait_for(lambda: lab.get("/api/status"), f"JupyterLab (see {log})")
            yield lab
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(10)
