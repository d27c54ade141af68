import base64
import threading
import time
import zlib

import numpy as np
import pytest
import traitlets
from views.page import Page, displayed

from nbinterp import _checks
from nbinterp.views.base import frontend
from nbinterp.views.base import view as core
from nbinterp.views.base.traits import Array
from nbinterp.views.base.view import Answer, View, verb
from nbinterp.views.explorer.explorer import ClusterExplorer

VERBS = ("add", "double", "fail", "crash", "work", "hold")


class Sums(View):
    _kind = traitlets.Unicode("sums").tag(sync=True)
    points = Array("f4", (None, 2)).tag(page=True)
    limit = traitlets.Int(3, max=5).tag(sync=True, page=True)

    @verb(a=int, b=int)
    def add(self, a, b):
        return Answer({"sum": a + b})

    @verb(buffers=1, name=str)
    def double(self, data, name):
        return Answer({"name": name}, [bytes(data) * 2])

    @verb()
    def fail(self):
        raise ValueError("Choose something else.")

    @verb()
    def crash(self):
        return 1 / 0

    @verb(long=True)
    def work(self):
        assert self.beats.wait(10)
        return Answer()

    @verb()
    def hold(self):
        self.entered.append(threading.get_ident())
        self.inside.append(len(self.inside))
        assert len(self.inside) == 1
        self.inside.pop()
        return Answer()


@pytest.fixture
def sums():
    return Sums()


@pytest.fixture
def page(sums):
    return Page(sums)


def message(kind, **fields):
    return {"v": 1, "kind": kind, "seq": 7, **fields}


def test_a_verb_answers_with_its_own_number(page):
    page.say(message("add", a=2, b=3))
    ((reply, _),) = page.messages
    assert reply["sum"] == 5
    assert (reply["v"], reply["kind"], reply["seq"]) == (1, "add", 7)
    assert reply["ok"] is True
    assert reply["error"] is None
    assert reply["ms"] >= 0


def test_buffers_go_both_ways(page):
    reply, buffers = page.ask("double", b"ab", name="x")
    assert (reply["name"], buffers) == ("x", [b"abab"])


def test_own_errors_arrive_as_they_are_and_others_with_their_type(page):
    assert page.ask("fail").error == "Choose something else."
    reply, _ = page.ask("crash")
    assert reply["error"] == "ZeroDivisionError: division by zero"
    assert reply["ok"] is False
    assert reply["trace"].endswith("ZeroDivisionError: division by zero\n")
    assert "return 1 / 0" in reply["trace"]


def test_the_text_of_a_check_needs_no_traceback(sums, page):
    def refuse():
        with _checks.call("f"):
            _checks.fail("(x=1)", "must be 2", "Pass 2.")

    sums.fail = refuse
    reply, _ = page.ask("fail")
    assert (reply["error"], reply["trace"]) == ("f(x=1) must be 2. Pass 2.", None)


def test_a_long_verb_says_that_it_lives_until_it_ends(sums, page, monkeypatch):
    monkeypatch.setattr(core, "BEAT", 0.01)
    sums.beats = threading.Event()
    asking = threading.Thread(target=page.say, args=[message("work")])
    asking.start()
    while len(page.messages) < 3 and asking.is_alive():
        time.sleep(0.01)
    sums.beats.set()
    asking.join()
    *beats, reply = page.messages
    assert len(beats) >= 3
    assert beats[0].fields == {"v": 1, "kind": "alive", "of": "work", "seq": 7}
    assert reply.fields["ok"] is True
    time.sleep(0.05)
    assert page.messages[-1] is reply


@pytest.mark.parametrize(
    ("content", "buffers"),
    [
        (None, []),
        ("add", []),
        ([1, 2], []),
        ({}, []),
        ({"v": 2, "kind": "add", "seq": 1, "a": 1, "b": 1}, []),
        (message("send_state"), []),
        (message("__init__"), []),
        (message("_verbs"), []),
        (message(["add"]), []),
        (message({"add": 1}), []),
        ({"v": 1, "kind": "add", "a": 1, "b": 1}, []),
        ({**message("add", a=1, b=1), "seq": -1}, []),
        ({**message("add", a=1, b=1), "seq": 2**60}, []),
        ({**message("add", a=1, b=1), "seq": float("nan")}, []),
        ({**message("add", a=1, b=1), "seq": True}, []),
        (message("add", a=1), []),
        (message("add", a=1, b=1, c=1), []),
        (message("add", a="1", b=1), []),
        (message("add", a=True, b=1), []),
        (message("add", a=1.5, b=1), []),
        (message("add", a=1, b=1), [b"uninvited"]),
        (message("double", name="x"), []),
        (message("double", name=3), [b""]),
        (message("double", name="x"), [bytes(core.LARGEST_BUFFERS + 1)]),
    ],
)
def test_malformed_messages_are_refused_in_words(sums, page, content, buffers):
    called = []
    for name in VERBS:
        setattr(sums, name, lambda *given, **fields: called.append((given, fields)))
    page.say(content, *buffers)
    ((reply, _),) = page.messages
    assert reply["ok"] is False
    assert 0 < len(reply["error"]) < 200
    assert called == []


def test_long_errors_are_cut(sums, page):
    sums.fail = lambda: (_ for _ in ()).throw(ValueError("x" * 10_000))
    assert len(page.ask("fail").error) == core.LONGEST_ERROR


def test_verbs_run_one_at_a_time(sums, page):
    sums.entered, sums.inside = [], []
    threads = [threading.Thread(target=page.ask, args=["hold"]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sums.entered) == 8
    assert len(page.messages) == 8 and all(reply.ok for reply in page.messages)


def test_a_refused_trait_is_said_in_the_view_and_set_right_there(sums, page):
    with pytest.raises(traitlets.TraitError):
        sums.set_state({"limit": 9})
    (notice,) = page.notices()
    assert notice["kind"] == "notice"
    assert "9" in notice["error"]
    assert page.updates[-1] == {"limit": 3}
    assert sums.limit == 3


def test_arrays_are_owned_read_only_and_little_endian(sums):
    mine = np.arange(4, dtype=">f8").reshape(2, 2)
    sums.points = mine
    mine[0, 0] = 99
    assert sums.points[0, 0] == 0
    assert sums.points.dtype == np.dtype("<f4")
    with pytest.raises(ValueError, match="read-only"):
        sums.points[0, 0] = 1


def test_arrays_change_only_if_an_entry_does(sums):
    changes = []
    sums.observe(lambda change: changes.append(change["new"].copy()), "points")
    sums.points = [[1, np.nan]]
    sums.points = np.array([[1.0, np.nan]])
    assert len(changes) == 1
    sums.points = np.empty((0, 2))
    sums.points = np.empty((0, 2))
    assert len(changes) == 2


def test_arrays_cross_the_wire_as_bytes(sums):
    sums.points = [[1, 2], [3, 4]]
    sent = sums.get_state(["points"])["points"]
    assert sent == np.array([1, 2, 3, 4], "<f4").tobytes()
    other = Sums()
    # A view that begins inside a larger buffer, as a websocket's frame hands them out.
    other.set_state({"points": memoryview(b"xxx" + sent)[3:]})
    assert np.array_equal(other.points, sums.points)


def test_arrays_refuse_other_shapes(sums):
    with pytest.raises(traitlets.TraitError, match="shape"):
        sums.points = [1, 2, 3]


def test_the_code_is_sent_once_a_kernel(sums):
    other = Sums()
    state = other.get_state()
    assert state["_core"] == sums.get_state()["_core"]
    assert state["_core"] == f"anywidget:{frontend.shared_core().model_id}"
    assert len(state["_esm"]) < 1000


def test_the_core_is_made_anew_after_all_widgets_were_closed(sums):
    before = sums.get_state()["_core"]
    frontend.shared_core().close()
    assert Page(Sums())["_core"] != before


def test_the_core_holds_what_views_share_and_the_parts_that_were_needed():
    core = frontend.Core()
    for data, name in ((core.base, "nbinterp.js"), (core.css, "nbinterp.css")):
        unpacked = zlib.decompress(data).decode()
        assert unpacked == frontend.static(name)
        assert "Generated by widgets/" in unpacked[:80]
    assert not any(getattr(core, kind) for kind in frontend.PARTS)
    core.need("slider")
    assert zlib.decompress(core.slider).decode() == frontend.static("slider.js")
    assert not core.explorer
    assert len(core.base) < 0.1 * len(frontend.static("explorer.js"))


def test_a_page_cannot_change_the_code_of_all_pages():
    core = frontend.Core()
    page = Page(core)
    page.set(base=b"theirs", _esm="theirs")
    assert core.base == frontend.Core().base
    assert core.get_state()["_esm"] == frontend.Core().get_state()["_esm"] != "theirs"


def test_the_page_may_ask_for_a_part_and_for_nothing_else():
    core = frontend.Core()
    page = Page(core)
    for asked in ({"needs": "base"}, {"needs": "close"}, {"needs": ["heatmap"]}, {}, None):
        page.say(asked)
    assert not any(getattr(core, kind) for kind in frontend.PARTS)
    page.say({"needs": "heatmap"})
    assert core.heatmap


def test_every_view_has_a_part_of_the_front_end():
    views, waiting = set(), [View]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        views |= {
            one.class_traits()["_kind"].default()
            for one in below
            if one.__module__.startswith("nbinterp")
        }
    assert views - {""} == set(frontend.PARTS)


def test_an_empty_heatmap_beside_a_map_brings_no_code_before_it_is_filled_or_shown():
    for fill in (
        lambda explorer: explorer.heatmap.show(np.eye(3)),
        lambda explorer: displayed(explorer.heatmap),
    ):
        frontend.shared_core().close()
        explorer = ClusterExplorer([[0, 0], [1, 1]])
        assert frontend.shared_core().explorer
        assert not frontend.shared_core().heatmap
        fill(explorer)
        assert frontend.shared_core().heatmap


def test_a_missing_bundle_says_how_to_get_it():
    with pytest.raises(FileNotFoundError, match="npm run build"):
        frontend.static("absent.js")


def test_readers_without_a_kernel_get_text_and_a_picture(sums):
    data = displayed(sums)
    assert data["text/plain"] == "Sums"
    assert "image/png" not in data
    sums.snapshot = lambda: b"\x89PNG"
    data = displayed(sums)
    assert base64.b64decode(data["image/png"]) == b"\x89PNG"
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == sums.model_id
