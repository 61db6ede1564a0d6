"""The published evidence as it is loaded: what it holds, and what it refuses."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from funis.checks import InputError, read_yaml
from funis.evidence import Evidence, extra_value, load_evidence, read_evidence
from funis.models.endpoints import load_endpoints

LIBRARY = Path(str(resources.files("funis"))) / "library"
FOLDER = LIBRARY / "evidence"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence("ra")


def numbers(value: object) -> Iterator[float]:
    """Every number in plain data or in records, however deep."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


DISEASES = ("as", "cd", "ms", "ra", "sle", "ssc", "t1d", "uc")


@pytest.mark.parametrize(("ending", "part"), [(".yaml", "studies"), ("_natural.yaml", "natural")])
@pytest.mark.parametrize("disease", DISEASES)
def test_no_number_of_the_files_is_lost_or_changed(disease: str, ending: str, part: str) -> None:
    written = Counter(numbers(read_yaml(FOLDER / f"{disease}{ending}").data))
    loaded = Counter(numbers(getattr(load_evidence(disease), part)))
    assert written == loaded
    assert sum(written.values()) > 30


def test_no_number_of_the_drugs_is_lost_or_changed() -> None:
    written = Counter(numbers(read_yaml(FOLDER / "pharmacology.yaml").data))
    loaded = Counter(numbers([load_evidence(disease).pharmacology for disease in DISEASES]))
    assert written == loaded
    assert sum(written.values()) > 200


def test_he2020_gives_the_rates_of_its_table(evidence: Evidence) -> None:
    he = evidence.study("he2020_ra")
    printed = {  # percentages of Table 2 by endpoint, arm, week
        ("ACR20", "msc", 4.0): 23.3,
        ("ACR20", "msc", 12.0): 53.3,
        ("ACR20", "msc", 48.0): 50.0,
        ("ACR20", "msc_ifn", 4.0): 86.7,
        ("ACR20", "msc_ifn", 12.0): 93.3,
        ("EULAR_good_or_moderate", "msc_ifn", 48.0): 93.3,
        ("DAS28ESR_LDA", "msc", 12.0): 16.7,
        ("ACR70", "msc", 4.0): 3.3,
    }
    rows = {(row.endpoint, row.arm, row.week): row for row in he.outcomes}
    for key, percent in printed.items():
        proportion = rows[key].proportion
        assert proportion is not None
        assert round(100 * proportion, 1) == percent
        assert proportion == rows[key].events / 30  # type: ignore[operator]
    change = rows["DAS28ESR_change", "msc", 12.0]
    assert (change.mean, change.sd, change.n) == (-1.05, 0.95, 30)
    assert he.randomised
    assert he.product.source == "umbilical_cord"
    arm = he.arm("msc")
    assert arm is not None
    assert (arm.route, arm.cells_per_kg, arm.cells_per_infusion, arm.days) == (None,) * 4


def test_kafaja2017_gives_its_rows(evidence: Evidence) -> None:
    kafaja = evidence.study("kafaja2017_ra")
    assert kafaja.design.blinding == "double"
    assert kafaja.product.source == "bone_marrow"
    assert [(arm.id, arm.n, arm.cells_per_kg, arm.route) for arm in kafaja.arms] == [
        ("mpc_1M", 16, 1.0e6, "iv"),
        ("mpc_2M", 16, 2.0e6, "iv"),
        ("placebo", 16, 0, "iv"),
    ]
    rows = {(row.endpoint, row.arm, row.subgroup): row for row in kafaja.outcomes}
    assert rows["ACR20", "placebo", None].proportion == 2 / 8
    assert rows["ACR20", "mpc_1M", None].proportion == 0.47
    subgroup = rows["ACR50", "mpc_2M", "1-2 prior biologics"]
    assert (subgroup.events, subgroup.n) == (6, 11)
    assert extra_value(subgroup.extra, "n_derived") is True
    assert extra_value(subgroup.extra, "printed") is None
    assert extra_value(rows["ACR20", "placebo", None].extra, "n_derived") is True


def test_targets_are_the_placebo_rows(evidence: Evidence) -> None:
    targets = {(row.endpoint, row.week): row for row in evidence.targets}
    assert set(targets) == {
        ("ACR20", 12.0),
        ("ACR50", 24.0),
        ("pain_VAS_change", 12.0),
        ("CRP_change", 12.0),
    }
    acr20 = targets["ACR20", 12.0]
    assert (acr20.pct, acr20.ci95, acr20.n) == (29.0, (27.2, 30.9), 8406)
    assert acr20.range_across_trials_pct == (10.0, 46.2)
    pain = targets["pain_VAS_change", 12.0]
    assert (pain.mean, pain.ci95, pain.n) == (-14, (-16, -12), 788)
    crp = targets["CRP_change", 12.0]
    assert (crp.mean, crp.unit) == (-0.51, "mg/dL")
    rows = [dict(row) for row in targets["ACR50", 24.0].rows]
    rates = [100 * row["events"] / row["n"] for row in rows]  # type: ignore[operator]
    spread = targets["ACR50", 24.0].range_across_trials_pct
    assert spread == (round(min(rates), 1), round(max(rates), 1))


def test_gates_name_rows_that_exist(evidence: Evidence) -> None:
    assert len(evidence.gates) == 10
    for gate in evidence.gates:
        study = evidence.study(gate.study)
        assert study.disease == "ra"
        assert gate.direction == "benefit"
        assert {gate.arm, gate.reference} <= {arm.id for arm in study.arms}
        assert any((row.endpoint, row.week) == (gate.endpoint, gate.week) for row in study.outcomes)


def test_printed_effects_follow_from_the_counts(evidence: Evidence) -> None:
    for gate in evidence.gates:
        if gate.scale != "risk_difference_pp" or "approx" in gate.basis:
            continue
        rows = {
            row.arm: row.proportion
            for row in evidence.study(gate.study).outcomes
            if (row.endpoint, row.week) == (gate.endpoint, gate.week)
        }
        arm, reference = rows[gate.arm or ""], rows[gate.reference or ""]
        assert arm is not None
        assert reference is not None
        assert 100 * (arm - reference) == pytest.approx(gate.effect, abs=0.7)


def test_every_published_name_has_a_meaning_or_a_reason(evidence: Evidence) -> None:
    endpoints = load_endpoints(LIBRARY / "diseases" / "ra" / "endpoints.yaml")
    studies = (*evidence.studies, *evidence.pharmacology)
    names = {row.endpoint for study in studies for row in study.outcomes}
    names |= {row.endpoint for row in evidence.natural if row.endpoint is not None}
    names |= {gate.endpoint for gate in evidence.gates if gate.endpoint is not None}
    assert {name for name in names if endpoints.evidence_name(name) is None} == set()


def test_unknown_disease_gets_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no evidence on the disease 'raa'.*did you mean 'ra'"):
        load_evidence("raa")


STUDY = """\
- id: one_ra
  title: A study
  disease: RA
  design: {{kind: {kind}}}
  population: {{n: 20}}
  product: {{source: {tissue}}}
  arms:
  - {{id: msc, n: {n}}}
  outcomes:
  - {{arm: {arm}, endpoint: ACR20, week: 12, events: {events}, n: 10, pct: {pct}}}
  adverse_events: []
  sources: [{{url: 'https://example.org', what: abstract}}]
  confidence: low
"""
GOOD = {"kind": "single_arm", "tissue": "UC", "n": "10", "arm": "msc", "events": "3", "pct": "30"}
NATURAL = "disease: RA\nplacebo_response:\n- {id: a, endpoint: ACR20, week: 12, pct: 29}\n"


def write(folder: Path, study: str = "", natural: str = NATURAL) -> Path:
    (folder / "ra.yaml").write_text(study or STUDY.format(**GOOD))
    (folder / "ra_natural.yaml").write_text(natural)
    (folder / "pharmacology.yaml").write_text("[]\n")
    return folder


def test_a_good_study_is_read(tmp_path: Path) -> None:
    evidence = read_evidence(write(tmp_path), "ra")
    assert evidence.studies[0].outcomes[0].proportion == 0.3
    assert evidence.studies[0].evidence_type == "single-arm"


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        ({"events": "11"}, 10, "11 of 10 patients; expected at most 10"),
        ({"pct": "130"}, 10, "130 %; expected 0 to 100 %"),
        ({"pct": "55"}, 10, "3 of 10 is 30.0 %, not 55 %"),
        ({"events": "-1"}, 10, "-1 is below 0"),
        ({"tissue": "UCC"}, 6, "unknown code 'UCC'"),
        ({"kind": "randomised"}, 4, "unknown design 'randomised'"),
        ({"arm": "msk"}, 10, "no arm 'msk' in this study"),
        ({"n": "'10'"}, 8, "the text '10' stands here; expected a whole number"),
        ({"n": "10.5"}, 8, "'10.5' stands here"),
    ],
)
def test_what_cannot_be_true_is_an_error_with_its_line(
    tmp_path: Path, change: dict[str, str], line: int, message: str
) -> None:
    folder = write(tmp_path, STUDY.format(**{**GOOD, **change}))
    with pytest.raises(InputError) as error:
        read_evidence(folder, "ra")
    assert message in str(error.value)
    assert f"ra.yaml:{line}:" in str(error.value)


def test_two_targets_for_one_endpoint_and_week_are_an_error(tmp_path: Path) -> None:
    row = "- {{id: {}, target: true, endpoint: ACR20, week: 12, pct: 29, source: 'x'}}\n"
    natural = "disease: RA\nplacebo_response:\n" + row.format("a") + row.format("b")
    with pytest.raises(InputError, match=r"ra_natural.yaml:4: .*a is a target for ACR20 at week"):
        read_evidence(write(tmp_path, natural=natural), "ra")


def test_a_target_without_source_is_an_error(tmp_path: Path) -> None:
    natural = NATURAL.replace("pct: 29", "pct: 29, target: true")
    with pytest.raises(InputError, match="a target needs more; expected endpoint, week and source"):
        read_evidence(write(tmp_path, natural=natural), "ra")


def test_a_study_twice_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path, STUDY.format(**GOOD) * 2)
    with pytest.raises(InputError, match="the study 'one_ra' stands here twice"):
        read_evidence(folder, "ra")
