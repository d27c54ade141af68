"""Results find their views without importing them."""

import subprocess
import sys
from importlib import import_module

import pytest
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

    with pytest.raises(TypeError, match=r"Strange\.view\(\) must have a registered view"):
        Strange().view()
    assert displayed(Strange()) == {"text/plain": "strange"}

    @_display.shows(Strange)
    def shown(result: Strange, *, height: int = 3) -> tuple[Strange, int]:
        return result, height

    strange = Strange()
    assert strange.view(height=5) == (strange, 5)


def test_results_load_no_views_before_one_is_looked_for() -> None:
    code = (
        "import sys; from nbinterp.corex import LinearCorEx; views = 'nbinterp.views'\n"
        "assert views not in sys.modules\n"
        "print(hasattr(LinearCorEx(), 'view')); assert views not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
