"""Drive an ordinary Firefox by WebDriver BiDi, which needs no separate driver.

Playwright drives only its own build of Firefox.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import websocket
from browser.lab import wait_for

NAMES = ("firefox", "firefox-esr")

# Without these Firefox calls its maker's hosts, and greets.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
SIZE = {"width": 1500, "height": 1100}

KEYS = {"Shift": "\ue008", "ArrowRight": "\ue014"}


def find() -> str | None:
    """Return the Firefox on the PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Firefox:
    """One window: `started` opens it."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket, self._number = socket, 0
        self._ask("session.new", capabilities={})
        self._context = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        self._here("browsingContext.setViewport", viewport=SIZE)

    def goto(self, url: str) -> None:
        """Open `url`, and wait until it has loaded."""
        self._here("browsingContext.navigate", url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, made of what JSON can hold."""
        answer = self._ask(
            "script.evaluate",
            expression=f"JSON.stringify({expression}) ?? 'null'",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def drag(self, points: Sequence[tuple[float, float]]) -> None:
        """Press the mouse at the first point, and let it go at the last."""
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 16} for x, y in points
        ]
        down, up = ({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up"))
        self._act({"type": "pointer", "id": "mouse", "actions": [moves[0], down, *moves[1:], up]})

    def press(self, *keys: str) -> None:
        """Press keys down together, by the names of KEYS or as they are."""
        values = [KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": value} for value in values]
        up = [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._act({"type": "key", "id": "keys", "actions": [*down, *up]})

    def picture(self, path: Path) -> None:
        """Write a screenshot."""
        answer = self._here("browsingContext.captureScreenshot")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _act(self, source: dict[str, Any]) -> None:
        self._here("input.performActions", actions=[source])

    def _here(self, method: str, **given: Any) -> Any:
        return self._ask(method, context=self._context, **given)

    def _ask(self, method: str, **given: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": given}))
        while (answer := json.loads(self._socket.recv())).get("id") != self._number:
            pass  # an event
        if answer["type"] != "success":
            raise AssertionError(f"{method}: {answer['message']}")
        return answer["result"]


@contextmanager
def started() -> Iterator[Firefox]:
    """Start a Firefox with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines))
        command = [str(find()), "--headless", "--no-remote", "--profile", profile]
        said = Path(profile) / "said.txt"
        with said.open("w") as log:
            process = subprocess.Popen(
                [*command, "--remote-debugging-port", "0"], stdout=log, stderr=log
            )
        try:
            address = wait_for(lambda: re.search(r"ws://[\d.:]+", said.read_text()), "a Firefox")[0]
            # It refuses those that say where they come from, as web pages do.
            socket = websocket.create_connection(
                f"{address}/session", timeout=120, suppress_origin=True
            )
            with closing(socket):
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait(20)
