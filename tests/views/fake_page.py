"""The page of a view, without a browser: it has the synced state and speaks the comm's protocol."""

import zlib

import numpy as np
from comm.base_comm import BaseComm


class FakePage:
    """Connects to a view as a page does: hears its state and messages, and sends its own.

    Attributes
    ----------
    state : dict
        The synced traits as the page has them; arrays are bytes.
    messages : list of dict
        The messages that answer no request, such as notices of errors.
    sent_again : list of list of str
        The names in each update that the kernel sent.
    """

    def __init__(self, view):
        self.view = view
        self.messages = []
        self.sent_again = []
        self.state = self._plain(view.get_state())
        self._answers = []
        view.comm = _Comm(self._hear, view.model_id)

    def __getitem__(self, name):
        return self.state[name]

    def array(self, name, dtype="<f4", *, packed=False):
        """Return an array of the state; large ones are packed."""
        data = self.state[name]
        return unpacked(data, dtype) if packed else np.frombuffer(data, dtype)

    def set(self, **state):
        """Set traits, as `model.set` and `model.save_changes` do; bytes go as buffers."""
        self.state |= state
        buffers = {name: value for name, value in state.items() if isinstance(value, bytes)}
        rest = {name: value for name, value in state.items() if name not in buffers}
        data = {"method": "update", "state": rest, "buffer_paths": [[name] for name in buffers]}
        self._post(data, buffers.values())

    def ask(self, kind, *buffers, seq=1, **fields):
        """Ask for a verb; return the fields and the buffers of its answer."""
        content = {"v": 1, "kind": kind, "seq": seq, **fields}
        self._post({"method": "custom", "content": content}, buffers)
        return self._answers.pop()

    def _post(self, data, buffers):
        self.view.comm.handle_msg(
            {"content": {"data": data}, "buffers": [memoryview(buffer) for buffer in buffers]}
        )

    def _hear(self, data, buffers):
        if data.get("method") == "update":
            state = dict(data["state"])
            for path, buffer in zip(data["buffer_paths"], buffers or [], strict=True):
                state[path[0]] = buffer
            self.state |= self._plain(state)
            self.sent_again.append(sorted(state))
        elif data.get("method") == "custom":
            content = data["content"]
            is_answer = content["seq"] >= 0 and content["kind"] != "alive"
            if is_answer:
                self._answers.append((content, [bytes(buffer) for buffer in buffers or []]))
            else:
                self.messages.append(content)

    @staticmethod
    def _plain(state):
        return {
            name: bytes(value) if isinstance(value, memoryview | bytes) else value
            for name, value in state.items()
        }


class _Comm(BaseComm):
    """Hands what the kernel sends to a page."""

    def __init__(self, hear, comm_id):
        self._hear = hear
        super().__init__(target_name="jupyter.widget", comm_id=comm_id, primary=False)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **_keys):
        if msg_type == "comm_msg":
            self._hear(data, buffers)


def wire(values, dtype="<f4"):
    """Return numbers as the bytes that a page sends."""
    return np.asarray(values, dtype).tobytes()


def unpacked(data, dtype):
    """Undo `packed`, as the front end does."""
    planes = np.frombuffer(zlib.decompress(data), np.uint8)
    return planes.reshape(np.dtype(dtype).itemsize, -1).T.ravel().view(dtype)
