import dataclasses
from pathlib import Path

import numpy as np
import pytest

from funis.checks import parse_expression
from funis.models.endpoints import load_endpoints
from funis.pipeline.responses import Responses
from funis.population.scores import ScoreReader


@pytest.fixture(scope="module")
def responses(ra):
    return Responses.of(ra.endpoints)


def judged(ra, responses, course):
    """Rules met at each time by one patient whose every component is a share of its start."""
    reader = ScoreReader.of(ra)
    gains = {item.observable: item.gain for item in ra.endpoints.components}
    start = {"tender_fraction": 20 / 68, "swollen_fraction": 15 / 66, "crp_true": 20.0}
    values = [[share * start.get(name, 12 / gains[name]) for name in reader.outputs]
              for share in course]  # fmt: skip
    found = responses.judge(reader, np.array([values]))[0]
    return [{name for name, met in zip(responses.names, row, strict=True) if met} for row in found]


def test_the_rules_are_those_of_the_disease_and_the_important_differences(ra, responses):
    assert set(responses.names) == {
        *ra.endpoints.conditions,
        *(f"{name}_improved" for name in ("DAS28_CRP", "DAS28_ESR", "CDAI", "SDAI")),
    }


def test_a_course_is_judged_against_its_own_start(ra, responses):
    first, better, best, worse = judged(ra, responses, (1.0, 0.75, 0.25, 1.2))
    change = {"ACR20", "ACR50", "ACR70", "DAS28_CRP_improved", "CDAI_improved", "EULAR_good"}
    assert not first & change
    assert better & change == {"ACR20"}
    assert {"ACR20", "ACR50", "ACR70", "DAS28_CRP_improved", "CDAI_improved"} <= best
    assert not worse & change
    assert "EULAR_none" in first


def test_what_is_missing_meets_no_rule_of_improvement(ra, responses):
    _, lost = judged(ra, responses, (1.0, np.nan))
    assert not {name for name in lost if name.startswith(("ACR", "DAS28", "REMISSION"))}


def test_each_rule_says_what_it_is(responses):
    assert responses.definition("REMISSION")[1] == "DAS28_CRP < 2.6"
    assert responses.definition("DAS28_CRP_improved")[1] == "change(DAS28_CRP) <= -1.2"
    name, text = responses.definition("EULAR_none")
    assert name == "EULAR response (DAS28-ESR): none"
    assert text == "(True) and not EULAR_good and not EULAR_moderate"


def test_rules_that_ask_for_the_visit_before_are_left_out(ra):
    points = ra.endpoints
    score = dataclasses.replace(
        points.scores[0], id="TWICE", expression=parse_expression("previous(crp) + crp"),
        minimal_important_difference=None,
    )  # fmt: skip
    rule = dataclasses.replace(
        points.responders[0], id="LOW_TWICE", expression=parse_expression("TWICE < 3")
    )
    more = dataclasses.replace(
        points, scores=(*points.scores, score), responders=(*points.responders, rule),
        order=(*points.order, "TWICE", "LOW_TWICE"),
    )  # fmt: skip
    assert Responses.of(more).names == Responses.of(points).names


def test_a_score_that_is_better_higher_has_improved_by_rising(ra):
    up = dataclasses.replace(ra.endpoints.scores[0], better="higher")
    points = dataclasses.replace(ra.endpoints, scores=(up, *ra.endpoints.scores[1:]))
    assert Responses.of(points).definition("DAS28_CRP_improved")[1] == "change(DAS28_CRP) >= 1.2"


def test_a_disease_without_rules_has_none(ra):
    points = dataclasses.replace(ra.endpoints, responders=(), categories=(), scores=(), order=())
    reader = ScoreReader.of(dataclasses.replace(ra, endpoints=points), ["crp"])
    found = Responses.of(points).judge(reader, np.ones((2, 3, len(reader.outputs))))
    assert found.shape == (2, 3, 0)


def test_rules_that_luck_or_earlier_visits_decide_are_left_out():
    path = Path(__file__).parents[2] / "ninth" / "sparks" / "endpoints.yaml"
    assert Responses.of(load_endpoints(path)).names == ()
