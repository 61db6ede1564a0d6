"""Endpoint files: what the library's holds, and what a wrong one is told."""

from importlib import resources
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.models.endpoints import Endpoints, load_endpoints

RA = Path(str(resources.files("funis"))) / "library" / "diseases" / "ra" / "endpoints.yaml"


@pytest.fixture(scope="module")
def ra() -> Endpoints:
    return load_endpoints(RA)


def test_ra_holds_what_its_trials_report(ra: Endpoints) -> None:
    assert [component.id for component in ra.components] == [
        "tjc68",
        "sjc66",
        "tjc28",
        "sjc28",
        "pain_vas",
        "ptga",
        "phga",
        "haq",
        "crp",
        "esr",
        "morning_stiffness",
    ]
    assert {score.id for score in ra.scores} == {"DAS28_CRP", "DAS28_ESR", "CDAI", "SDAI"}
    assert {"ACR20", "ACR50", "ACR70", "REMISSION", "EULAR_RESPONSE"} <= set(ra.conditions)
    assert {"EULAR_good", "EULAR_CRP_none"} <= set(ra.conditions)
    assert [item.id for item in ra.structural] == ["SHARP_TOTAL", "SHARP_EROSION"]
    assert [item.id for item in ra.not_testable] == ["QUALITY_OF_LIFE"]
    assert "no placebo row" in ra.not_testable[0].reason


def test_each_is_computed_after_what_it_needs(ra: Endpoints) -> None:
    assert ra.order.index("CDAI") < ra.order.index("SDAI")
    assert ra.order.index("EULAR") < ra.order.index("EULAR_RESPONSE")
    assert ra.order.index("DAS28_ESR") < ra.order.index("EULAR")


def test_laboratory_values_know_no_expectation(ra: Endpoints) -> None:
    for component in ra.components:
        laboratory = component.reporter == "laboratory"
        assert (component.expectation == 0) == laboratory
        assert (component.inflation == 0) == (laboratory or component.id == "haq")


def test_joint_counts_of_28_share_the_noise_of_68_and_66(ra: Endpoints) -> None:
    leaders = {component.id: component.latent_of for component in ra.components}
    assert (leaders["tjc28"], leaders["sjc28"]) == ("tjc68", "sjc66")
    by_id = {component.id: component for component in ra.components}
    for follower, leader in (("tjc28", "tjc68"), ("sjc28", "sjc66")):
        assert by_id[follower].noise_sd == by_id[leader].noise_sd
        assert by_id[follower].expectation == by_id[leader].expectation


def test_score_ranges_hold_the_extremes_of_their_components(ra: Endpoints) -> None:
    for score in ra.scores:
        values: dict[str, tuple[float, float]] = {c.id: (c.low, c.high) for c in ra.components}
        for other in ra.scores:
            values.setdefault(other.id, (other.low, other.high))
        low = score.expression.evaluate({name: ends[0] for name, ends in values.items()})
        high = score.expression.evaluate({name: ends[1] for name, ends in values.items()})
        assert score.low <= float(low) < float(high) <= score.high


def test_every_evidence_name_leads_somewhere_or_says_why_not(ra: Endpoints) -> None:
    for name in ra.evidence_names:
        assert (name.endpoint is None) == bool(name.unrepresented)
    crp = ra.evidence_name("CRP_change")
    assert crp is not None
    assert (crp.endpoint, crp.measure, crp.factor) == ("crp", "change", 10)
    assert ra.evidence_name("nothing") is None


FILE = """\
components:
  tender:
    name: Tender joints
    unit: joints
    observable: tender_fraction
    gain: 28
    scale: logit
    range: [0, 28]
    noise_sd: 0.3
    shared_noise: 0.5
    expectation: 0.4
    inflation: 0.1
    reporter: assessor
    round: 1
    status: assumed
    note: for a test
scores:
  ACTIVITY:
    name: Activity
    unit: score
    expression: 2*sqrt(tender)
    range: [0, 11]
    better: lower
    source: here
responders:
  LOW: {name: Low, expression: ACTIVITY < 3, source: here}
categories:
  GRADE:
    name: Grade
    levels: [good, none]
    rules: {good: change(ACTIVITY) < -1, none: 'True'}
    source: here
evidence_names:
  low activity: LOW
"""


def load(tmp_path: Path, old: str = "", new: str = "") -> Endpoints:
    assert old in FILE
    file = tmp_path / "endpoints.yaml"
    file.write_text(FILE.replace(old, new, 1))
    return load_endpoints(file)


def test_a_small_file_is_read(tmp_path: Path) -> None:
    endpoints = load(tmp_path)
    assert endpoints.order == ("ACTIVITY", "LOW", "GRADE")
    assert endpoints.names == ("tender", "ACTIVITY", "LOW", "GRADE_good", "GRADE_none")
    assert endpoints.components[0].line == 2
    assert endpoints.number("ACTIVITY").high == 11
    with pytest.raises(KeyError):
        endpoints.number("LOW")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("2*sqrt(tender)", "2*sqrt(tendr)", 21, "unknown name 'tendr'"),
        ("2*sqrt(tender)", "2*sqr(tender)", 21, "unknown function 'sqr'"),
        ("2*sqrt(tender)", "2*ACTIVITY", 18, "needs itself: ACTIVITY -> ACTIVITY"),
        ("2*sqrt(tender)", "2*GRADE_good", 18, "needs itself: ACTIVITY -> GRADE -> ACTIVITY"),
        ("ACTIVITY < 3", "ACTIVITY", 26, "'ACTIVITY' is a number; expected a condition"),
        ("none: 'True'}", "none: tender > 3}", 31, "a patient may be in no level"),
        ("levels: [good, none]", "levels: [none, good]", 31, "rules do not follow the levels"),
        ("range: [0, 28]", "range: [28, 0]", 8, "the range is not in order"),
        ("noise_sd", "noise_sdd", 9, "did you mean 'noise_sd'"),
        ("reporter: assessor", "reporter: laboratory", 11, "expectation moves a laboratory value"),
        ("shared_noise: 0.5", "shared_noise: 1.5", 10, "shared_noise"),
        ("status: assumed", "status: calibrated", 2, "calibrated without a source"),
        ("    note: for a test\n", "", 2, "assumed without a word"),
        ("round: 1", "latent_of: tendre", 14, "unknown component 'tendre'"),
        ("  LOW:", "  ACTIVITY:", 26, "'ACTIVITY' stands under scores too"),
        ("activity: LOW", "activity: LOWER", 34, "unknown endpoint 'LOWER'"),
        ("activity: LOW", "activity: ACTIVITY", 34, "'ACTIVITY' is a number"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    with pytest.raises(InputError) as error:
        load(tmp_path, old, new)
    found = [issue for issue in error.value.issues if message in str(issue)]
    assert found, str(error.value)
    assert found[0].line == line


def test_a_misspelt_name_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'tender'"):
        load(tmp_path, "2*sqrt(tender)", "2*sqrt(tendr)")
