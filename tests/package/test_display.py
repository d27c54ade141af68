"""Results find their views without importing them; errors show as a sentence in IPython."""

import pickle
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from conventions.fresh import Done
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from views.page import displayed

from nbinterp import _display


def _kinds(kind: type) -> list[type]:
    return [kind, *(each for below in kind.__subclasses__() for each in _kinds(below))]


def test_every_result_of_the_package_has_a_view() -> None:
    import_module("nbinterp.views")  # and with it all results
    kinds = [kind for kind in _kinds(_display.Displayable)[1:] if "nbinterp" in kind.__module__]
    assert len(kinds) >= 10
    for kind in kinds:
        assert _display.view_of(kind) is not None, kind


def test_a_result_without_a_view_says_so_and_shows_its_text() -> None:
    class Strange(_display.Displayable):
        def __repr__(self) -> str:
            return "strange"

    with pytest.raises(NotImplementedError, match=r"No view is registered for Strange\. Decorate"):
        Strange().view()
    assert displayed(Strange()) == {"text/plain": "strange"}

    @_display.shows(Strange)
    def shown(result: Strange, *, height: int = 3) -> tuple[Strange, int]:
        return result, height

    strange = Strange()
    assert strange.view(height=5) == (strange, 5)


def test_results_load_no_views_before_one_is_looked_for(
    in_fresh_python: Callable[[str], Done],
) -> None:
    code = (
        "import sys; from nbinterp.corex import LinearCorEx; views = 'nbinterp.views'\n"
        "assert views not in sys.modules\n"
        "print(hasattr(LinearCorEx(), 'view')); assert views not in sys.modules"
    )
    assert in_fresh_python(code) == (0, "True\n", "")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """A shell of IPython whose text has no colours."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    for name in ("last_type", "last_value", "last_traceback"):
        monkeypatch.setattr(sys, name, None, raising=False)
    shell = InteractiveShell.instance(colors="nocolor", history_manager=None)
    yield shell
    InteractiveShell.clear_instance()


def _shown(shell: InteractiveShell, *cells: str) -> str:
    """Return what the last of these cells prints."""
    for cell in cells:
        with capture_output() as captured:
            shell.run_cell(cell)
    text: str = captured.stdout + captured.stderr
    return text


OURS = "/nbinterp/"
REFUSED = {
    "an argument": (
        "import nbinterp\ndef mine(x): return nbinterp.LinearCorEx(x).fit([[1.0, 2], [3, 5]] * 4)",
        "mine(-3)",
        "ValueError: LinearCorEx(n_factors=-3) must be",
    ),
    "data that scikit-learn refuses": (
        "import nbinterp, numpy as np\ndef mine(x): return nbinterp.PHATE().fit(x)",
        "mine(np.full((9, 2), np.nan))",
        "ValueError: PHATE.fit(X=<ndarray of shape (9, 2)>) refused:",
    ),
    "a method that scikit-learn wraps": (
        "import nbinterp\ndef mine(x): return nbinterp.PHATE().transform(x)",
        "mine([[0.0]])",
        "NotFittedError: PHATE is not fitted yet. Call fit with data first.",
    ),
    "a trait": (
        "import nbinterp, numpy as np\nview = nbinterp.ClusterExplorer(np.eye(4)[:, :2])\n"
        "def mine(x): view.selection = x",
        "mine([7])",
        "ValueError: ClusterExplorer(selection=[7]) must hold indices from 0 to 3.",
    ),
    "a trait of another type": (
        "import nbinterp, numpy as np\nview = nbinterp.ClusterExplorer(np.eye(4)[:, :2])\n"
        "def mine(x): view.height = x",
        "mine('tall')",
        "TraitError: The 'height' trait of a ClusterExplorer instance expected an int, not the str",
    ),
    "a trait that no view has": (
        "import nbinterp\nview = nbinterp.InteractionHeatmap()\ndef mine(x): view.factor = x",
        "mine(3)",
        "TraitError: factor must be one of those shown, none, or None",
    ),
    "several traits at once": (
        "import nbinterp\nview = nbinterp.InteractionHeatmap()\ndef mine(x):\n"
        "    with view.hold_trait_notifications(): view.factor = x",
        "mine(3)",
        "TraitError: factor must be one of those shown, none, or None",
    ),
}


@pytest.mark.parametrize(("before", "cell", "sentence"), REFUSED.values(), ids=REFUSED)
def test_in_ipython_an_error_of_ours_shows_the_users_lines_and_its_sentence(
    shell: InteractiveShell, before: str, cell: str, sentence: str
) -> None:
    text = _shown(shell, before, cell)
    assert sentence in text and cell in text and "def mine" in text
    assert OURS not in text and "sklearn" not in text and "traitlets" not in text
    assert len(text.splitlines()) < 20
    assert OURS in _shown(shell, "%tb Verbose")
    assert OURS not in _shown(shell, "%xmode Context", "%tb")
    # %debug starts from all frames, down to the check.
    assert shell.InteractiveTB.tb is sys.last_value.__traceback__


def test_in_ipython_an_error_of_anybody_else_keeps_all_its_frames(shell: InteractiveShell) -> None:
    bug = "nbinterp._display.Displayable.view(7)\n"
    assert OURS in _shown(shell, "import nbinterp", bug)
    # Frames of the user between ours stay, and an error that the user was handling.
    handled = (
        "try:\n    {}['missing']\nexcept KeyError:\n    nbinterp.PHATE(decay=-1).fit([[1.0]] * 8)"
    )
    text = _shown(shell, handled)
    assert "KeyError: 'missing'" in text and "PHATE(decay=-1)" in text and OURS not in text


def test_outside_ipython_an_error_of_ours_is_a_plain_one() -> None:
    from nbinterp import PHATE

    with pytest.raises(ValueError, match="decay=-1") as caught:
        PHATE(decay=-1).fit([[1.0], [2]] * 4)
    assert type(caught.value) is ValueError and OURS in str(caught.traceback[-1].path)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert copied.args == caught.value.args
