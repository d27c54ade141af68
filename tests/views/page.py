"""A simulated page with a view: it exchanges comm messages, as a browser does."""

import contextlib
import io
import itertools
import json
import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from IPython.core.formatters import DisplayFormatter

PROTOCOL = 1


class Reply(NamedTuple):
    """What a view answered to a message: its fields, and arrays as bytes."""

    fields: dict[str, Any]
    buffers: list[bytes]

    @property
    def ok(self) -> bool:
        return bool(self.fields["ok"])

    @property
    def error(self) -> str | None:
        """Why not, in the words that a reader gets."""
        text: str | None = self.fields["error"]
        return text


class Page:
    """A page that shows one view.

    Attributes
    ----------
    state : dict
        The traits of the view as the page knows them now, arrays as bytes.
    updates : list of dict
        The changes of traits that the view has sent, in order.
    echoes : list of dict
        Those of `updates` that tell other pages what one of them has set, in order.
    messages : list of Reply
        Everything else that it has sent, in order.
    """

    def __init__(self, view: Any) -> None:
        self.view = view
        self.state: dict[str, Any] = dict(view.get_state())
        self.updates: list[dict[str, Any]] = []
        self.echoes: list[dict[str, Any]] = []
        self.messages: list[Reply] = []
        self._numbers = itertools.count(1)
        view.comm.publish_msg = self._hear

    def __getitem__(self, name: str) -> Any:
        return self.state[name]

    def array(
        self, name: str, dtype: npt.DTypeLike = "<f4", *, packed: bool = False
    ) -> npt.NDArray[Any]:
        """Return a trait that is an array; `packed` ones are undone as the front end does."""
        data = bytes(self.state[name])
        if not packed:
            return np.frombuffer(data, dtype)
        planes = np.frombuffer(zlib.decompress(data), np.uint8)
        return planes.reshape(np.dtype(dtype).itemsize, -1).T.ravel().view(dtype)

    def notices(self) -> list[dict[str, Any]]:
        """Return the messages that answer no request, such as those of refused traits."""
        return [one.fields for one in self.messages if one.fields["kind"] == "notice"]

    def set(self, **traits: Any) -> None:
        """Set traits, as a gesture in the page does; arrays as bytes."""
        state = {name: value for name, value in traits.items() if not _is_bytes(value)}
        arrays = {name: value for name, value in traits.items() if _is_bytes(value)}
        self.state |= traits
        paths = [[name] for name in arrays]
        self._send({"method": "update", "state": state, "buffer_paths": paths}, arrays.values())

    def ask(self, kind: str, *buffers: Any, **fields: Any) -> Reply:
        """Call a verb of the view, and return its answer."""
        number = next(self._numbers)  # threads may ask at once
        content = {"v": PROTOCOL, "kind": kind, "seq": number, **fields}
        self.say(content, *buffers)
        mine = [one for one in self.messages if one.fields.get("seq") == number]
        return next(one for one in mine if one.fields["kind"] == kind)

    def say(self, content: Any, *buffers: Any) -> None:
        """Send a message as it is; answers are among `messages`."""
        self._send({"method": "custom", "content": content}, buffers)

    def heard(self, name: str) -> list[Any]:
        """Return the values that the view has sent of a trait, in order."""
        return [update[name] for update in self.updates if name in update]

    def _send(self, data: dict[str, Any], buffers: Any) -> None:
        views = [memoryview(buffer) for buffer in buffers]
        self.view.comm.handle_msg({"content": {"data": data}, "buffers": views})

    def _hear(self, _type: str, data: Any = None, *, buffers: Any = None, **_about: Any) -> None:
        got = [bytes(buffer) for buffer in buffers or ()]
        method = (data or {}).get("method")
        if method == "custom":
            self.messages.append(Reply(json.loads(json.dumps(data["content"])), got))
        elif method in ("update", "echo_update"):
            state = dict(data["state"])
            for path, buffer in zip(data.get("buffer_paths", ()), got, strict=True):
                place = state
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = buffer
            self.updates.append(state)
            if method == "echo_update":
                self.echoes.append(state)
            self.state |= state


def wire(values: npt.ArrayLike, dtype: npt.DTypeLike = "<f4") -> bytes:
    """Return numbers as the bytes that a page sends."""
    return np.asarray(values, dtype).tobytes()


def displayed(thing: Any) -> dict[str, Any]:
    """Return what a notebook shows where `thing` stands last in a cell, by MIME type."""
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        data, _ = DisplayFormatter().format(thing)
    # IPython prints what a display method raises, and shows the rest.
    assert "Traceback" not in printed.getvalue(), printed.getvalue()
    return dict(data)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)
