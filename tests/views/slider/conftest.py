"""A slider with its page."""

import pytest
from views.page import Page

from nbinterp import FactorSlider


@pytest.fixture
def slider(make, decode):
    view = FactorSlider(make(decode=decode))
    decode.calls.clear()
    return view


@pytest.fixture
def page(slider):
    return Page(slider)
