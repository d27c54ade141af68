import inspect
import re

import pytest
from conventions.test_tutorials import TUTORIALS
from views.page import displayed

import nbinterp
from nbinterp.views.guide import ENTRIES


def test_every_answer_exists_and_every_method_is_an_answer():
    named = {entry.name for entry in ENTRIES}
    assert named <= set(nbinterp.__all__)
    results = {"AblationStudy", "ClusterFactors", "Decoder", "Perturbation", "Recording"}
    results.add("SensitivityStudy")
    packages = {name for name in nbinterp.__all__ if inspect.ismodule(getattr(nbinterp, name))}
    about = {"AblationChart", "FactorSlider", "Subject", "guide", "load", *packages, *results}
    assert set(nbinterp.__all__) - named <= about
    assert {entry.tutorial for entry in ENTRIES if entry.tutorial} <= {p.stem for p in TUTORIALS}


def test_it_shows_itself_as_text_and_as_a_table():
    guide = nbinterp.guide()
    assert all(entry.question in repr(guide) for entry in ENTRIES)
    table = displayed(guide)["text/html"]
    assert table.count("<tr>") == 1 + len(ENTRIES)
    assert not re.search(r"<script|onerror", table)


def test_a_word_narrows_it():
    assert {entry.name for entry in nbinterp.guide("Dropout").entries} == {"dropout_study"}
    with pytest.raises(ValueError, match="must be a word"):
        nbinterp.guide("aubergine")
