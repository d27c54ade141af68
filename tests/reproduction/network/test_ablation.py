"""Which regions lose most, from the rows of an ablation study."""

import pandas as pd
import pytest

from reproduction.network.ablation import CASES, lead, losses_of, named_share
from reproduction.regions import TABLE_4

LOSSES = pd.DataFrame({"region": [0, 1, 2, 3], "loss": [30.0, 2.0, 25.0, 4.0]})


def test_the_lead_is_the_least_inside_minus_the_largest_outside() -> None:
    assert lead(LOSSES, [0, 2]) == 21.0
    assert lead(LOSSES, [0, 1]) == -23.0


def test_named_share_looks_at_as_many_regions_as_are_named() -> None:
    assert named_share(LOSSES, [0, 2]) == 1.0
    assert named_share(LOSSES, [0, 1]) == 0.5
    assert named_share(LOSSES, [1]) == 0.0


def test_losses_are_points_of_the_case_with_its_band() -> None:
    frame = pd.DataFrame(
        {
            "cluster": ["cluster 5"] * 3 + ["cluster 6"],
            "factor": [0, 0, 1, 0],
            "size": 50,
            "group": ["cluster 12", "all", "cluster 12", "cluster 12"],
            "change": [-0.25, -0.1, -0.9, -0.9],
            "chance_lower": -0.125,
            "chance_upper": 0.0,
            "corrected_rank": 0.02,
        }
    )
    found = losses_of(frame, "cluster 5", 0, 50)
    assert found.iloc[0].to_dict() == {
        "region": 12,
        "loss": 25.0,
        "least": 0.0,
        "most": 12.5,
        "corrected_rank": 0.02,
    }
    assert len(found) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_name_clusters_of_the_table(case: object) -> None:
    assert set(case.named) <= set(range(len(TABLE_4)))  # type: ignore[attr-defined]
