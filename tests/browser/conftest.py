"""One browser and one JupyterLab for all browser tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import chromium
from browser.lab import Kernel, Lab, start, write_notebook
from browser.page import NotebookPage
from playwright.sync_api import Browser, Page, sync_playwright

Opened = tuple[NotebookPage, Kernel, Lab]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=list(chromium.FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Lab]]:
    """Return what serves a notebook; the first one starts JupyterLab."""
    with ExitStack() as stack:
        labs: list[Lab] = []

        def served(notebook: Path) -> Lab:
            if labs:
                labs[0].add(notebook)
            else:
                labs.append(stack.enter_context(start(notebook, tmp_path_factory.mktemp("lab"))))
            return labs[0]

        yield served


@pytest.fixture(scope="module")
def open_notebook(
    browser: Browser, serve: Callable[[Path], Lab]
) -> Iterator[Callable[..., Opened]]:
    """Return what opens a notebook and runs all its cells.

    Page and kernel end with the module: an open page takes a tenth of a processor.
    """
    with ExitStack() as stack:

        def opened(notebook: Path, before: Callable[[Page], object] = lambda _: None) -> Opened:
            lab = serve(notebook)
            page = NotebookPage(browser, lab, notebook.name, before=before)
            stack.callback(lab.end_kernel_of, notebook.name)
            stack.callback(page.page.close)
            page.run_all()
            return page, stack.enter_context(lab.kernel(notebook.name)), lab

        yield opened


@pytest.fixture(scope="module")
def open_cells(
    open_notebook: Callable[..., Opened], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Opened]:
    """Return what opens a new notebook of some cells, by a name of its own, and runs them."""

    def opened(
        name: str, cells: Sequence[str], before: Callable[[Page], object] = lambda _: None
    ) -> Opened:
        path = write_notebook(tmp_path_factory.mktemp(name) / f"{name}.ipynb", cells)
        return open_notebook(path, before)

    return opened
