"""Comm callbacks in a real kernel: on the main thread, and on subshells during a running cell."""

import queue
import time
from collections.abc import Iterator

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.kernel

SET_UP = """
import threading
import numpy as np
import torch
from nbinterp import FactorSlider, LinearCorEx, LocalCorEx, ablation_study, perturb, record

torch.manual_seed(0)
torch.set_num_threads(1)
model = torch.nn.Sequential(
    torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3)
).train()
data = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
table = record(model, data, "1").concat("1")
fitted = LocalCorEx(LinearCorEx(3, random_state=0)).fit(table, clusters=np.repeat([0, 1], 45))
threads = set()

def decode(hidden):
    threads.add(threading.current_thread().name)
    return hidden @ np.eye(6, 5, dtype=np.float32)

slider = FactorSlider(perturb(model, data, fitted.clusters_[1], layer="1", factor=[0, 2],
                              decode=decode))
slider.page_parts()  # waits for the marks of factors, which come over the same comm
"""


class Notebook:
    """A kernel and the page's side of its comms."""

    def __init__(self, client, subshell: bool) -> None:
        self.client = client
        self.subshell = None
        self.run(SET_UP)
        self.comm = self.value("slider.model_id")
        if subshell:
            message = client.session.msg("create_subshell_request", {})
            client.control_channel.send(message)
            self.subshell = client.get_control_msg(timeout=20)["content"]["subshell_id"]
        # ipykernel sends what a page says to the thread that spoke last over the same comm: at
        # first the one that made the view, then that of the page.
        self.ask("frame", 0, [0.1, 0.1])
        next(told for what, told, _ in self.heard(20) if what == "answer")

    def outcome(self, request: str):
        """Return how the cell of a request ended."""
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"].get("traceback", [])

    def run(self, code: str) -> None:
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"]["traceback"])

    def value(self, expression: str):
        answer = self.client.execute("", user_expressions={"value": expression})
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == answer:
                return eval(reply["content"]["user_expressions"]["value"]["data"]["text/plain"])

    def ask(self, kind: str, seq: int, amounts, **fields) -> None:
        """Send a verb as the page does."""
        content = {"v": 1, "kind": kind, "seq": seq, **fields}
        message = self.client.session.msg(
            "comm_msg",
            {"comm_id": self.comm, "data": {"method": "custom", "content": content}},
        )
        message["header"]["subshell_id"] = self.subshell
        message["buffers"] = [np.asarray(amounts, "<f4").tobytes()]
        self.client.shell_channel.send(message)

    def heard(self, seconds: float):
        """Yield what the kernel says: ("answer", content, buffers) and ("idle", request)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                continue
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["data"].get("method") == "custom":
                yield "answer", content["data"]["content"], message["buffers"]
            elif content.get("execution_state") == "idle":
                yield "idle", message["parent_header"].get("msg_id"), None


@pytest.fixture(scope="module", params=[True, False], ids=["subshell", "main thread"])
def notebook(request) -> Iterator[Notebook]:
    manager, client = start_new_kernel(extra_arguments=["--IPKernelApp.log_level=ERROR"])
    try:
        yield Notebook(client, request.param)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_slider_answers_beside_a_running_cell_where_it_can(notebook):
    cell = notebook.client.execute("import time; threads.clear(); time.sleep(1.5)")
    time.sleep(0.3)
    notebook.ask("frame", 7, [0.5, -1.0])
    order = []
    for what, told, buffers in notebook.heard(30):
        if what == "answer" and told["seq"] == 7:
            assert told["ok"], told["error"]
            frame = np.frombuffer(bytes(buffers[1]), "<f4")
            order.append("answer")
        elif what == "idle" and told == cell:
            order.append("cell")
        if len(order) == 2:
            break
    assert order == (["answer", "cell"] if notebook.subshell else ["cell", "answer"])
    expected = notebook.value("slider.perturbation.at([0.5, -1.0]).outputs[0].tolist()")
    np.testing.assert_allclose(frame, expected, atol=1e-6)
    aside = notebook.value("[name for name in threads if name != 'MainThread']")
    assert any("subshell" in name for name in aside) == bool(notebook.subshell)


def test_cells_and_sliders_share_a_model_without_harm(notebook):
    """Frames asked for while a cell records, perturbs and silences the same network are right."""
    notebook.run("before = record(model, data, '1')")
    cell = notebook.client.execute(
        "for turn in range(25):\n"
        "    again = record(model, data, '1')\n"
        "    assert np.array_equal(again['1'], before['1'])\n"
        "    assert np.array_equal(again.output, before.output)\n"
        "    ablation_study(model, data, fitted.clusters_[0], layer='1', factor=0, sizes=[2],\n"
        "                   y=np.zeros(90, int), n_random=3)\n"
    )
    amounts = np.random.default_rng(1).uniform(-3, 3, size=(200, 2)).astype("f4")
    for seq, row in enumerate(amounts):
        notebook.ask("frame", seq, row)
        if seq % 50 == 49:
            notebook.ask("settle", 1000 + seq, row, count=1, p50=1.0, p95=2.0)
    frames, done, settled = {}, False, 0
    for what, told, buffers in notebook.heard(120):
        if what == "answer":
            assert told["ok"], told["error"]
            if told["kind"] == "frame":
                frames[told["seq"]] = np.frombuffer(bytes(buffers[1]), "<f4")
            settled += told["kind"] == "settle"
        done = done or (what == "idle" and told == cell)
        if done and len(frames) == len(amounts) and settled == 4:
            break
    assert notebook.outcome(cell) == []
    expected = notebook.value(f"slider.perturbation.at({amounts.tolist()}).outputs.tolist()")
    np.testing.assert_allclose([frames[seq] for seq in range(len(amounts))], expected, atol=1e-5)
    assert notebook.value("[part.training for part in model]") == [True] * 4
    assert notebook.value("[len(part._forward_hooks) for part in model.modules()]") == [0] * 5
    np.testing.assert_allclose(notebook.value("slider.amounts.tolist()"), amounts[-1], atol=1e-6)
