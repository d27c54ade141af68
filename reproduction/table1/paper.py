"""Table 3 of Local CorEx as the paper prints it; Table 1 is its rows of 1,000 samples."""

from typing import NamedTuple

METHODS = ("Linear", "Bio", "Local Linear", "Local Bio")
MEASURES = ("group cosine", "group AUC", "top cosine", "top AUC")

# Of each measure in turn, the figure at α = 0 and at α = 1.
_TABLE_3 = """
disjoint 10 Linear            .514 .489 .529 .505 .464 .451 .581 .548
disjoint 10 Bio               .541 .455 .475 .488 .500 .454 .522 .545
disjoint 10 Local Linear      .539 .413 .477 .663 .481 .352 .517 .730
disjoint 10 Local Bio         .359 .394 .515 .557 .485 .434 .523 .600
disjoint 100 Linear           .484 .424 .607 .591 .406 .403 .702 .627
disjoint 100 Bio              .447 .473 .607 .509 .351 .436 .716 .602
disjoint 100 Local Linear     .477 .190 .610 .894 .408 .086 .687 .989
disjoint 100 Local Bio        .473 .226 .563 .841 .388 .080 .654 .980
disjoint 1000 Linear          .516 .408 .606 .604 .412 .401 .701 .640
disjoint 1000 Bio             .414 .474 .652 .507 .323 .436 .758 .617
disjoint 1000 Local Linear    .504 .146 .607 .902 .420 .031 .691 .999
disjoint 1000 Local Bio       .451 .163 .610 .883 .374 .028 .708 1.000
disjoint 10000 Linear         .526 .412 .599 .598 .411 .408 .696 .633
disjoint 10000 Local Linear   .140 .142 .907 .907 .024 .026 1.000 1.000
nondisjoint 10 Linear         .354 .255 .739 .801 .278 .197 .828 .871
nondisjoint 10 Bio            .401 .312 .634 .670 .308 .290 .751 .763
nondisjoint 10 Local Linear   .453 .385 .626 .712 .402 .341 .697 .770
nondisjoint 10 Local Bio      .371 .377 .569 .585 .443 .410 .624 .638
nondisjoint 100 Linear        .207 .197 .883 .856 .107 .103 .989 .952
nondisjoint 100 Bio           .236 .289 .842 .754 .107 .206 .981 .888
nondisjoint 100 Local Linear  .254 .197 .844 .890 .163 .106 .934 .987
nondisjoint 100 Local Bio     .289 .239 .782 .827 .157 .088 .920 .979
nondisjoint 1000 Linear       .191 .182 .886 .856 .091 .086 .992 .959
nondisjoint 1000 Bio          .203 .276 .869 .773 .084 .199 .991 .892
nondisjoint 1000 Local Linear .197 .141 .870 .908 .100 .051 .959 1.000
nondisjoint 1000 Local Bio    .222 .173 .850 .873 .107 .039 .965 1.000
nondisjoint 10000 Linear      .189 .183 .887 .855 .089 .086 .993 .958
nondisjoint 10000 Local Linear .190 .139 .883 .912 .090 .048 .993 1.000
"""


class Cell(NamedTuple):
    """One cell of the table: a world, a method, a measure, and the paper's figure."""

    overlap: str
    n_samples: int
    method: str
    alpha: float
    measure: str
    figure: float


def cells() -> list[Cell]:
    """Return all cells of Table 3, in its order."""
    found = []
    for line in _TABLE_3.strip().splitlines():
        overlap, n_samples, *method = line.split()[:-8]
        figures = [float(figure) for figure in line.split()[-8:]]
        places = [(measure, alpha) for measure in MEASURES for alpha in (0.0, 1.0)]
        found += [
            Cell(overlap, int(n_samples), " ".join(method), alpha, measure, figure)
            for (measure, alpha), figure in zip(places, figures, strict=True)
        ]
    return found
