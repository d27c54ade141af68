from reproduction.report import failed
from reproduction.table1.unlimited import unlimited


def test_free_of_chance_the_papers_figures_come_out():
    found = list(unlimited())
    assert len(found) == 8
    assert failed(found) == []
