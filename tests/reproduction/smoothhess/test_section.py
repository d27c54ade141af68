"""The four quadrants."""

from reproduction.smoothhess.section import quadrant_rows


def test_rows_of_the_quadrants_agree() -> None:
    assert all(row.agrees for row in quadrant_rows(100_000))
