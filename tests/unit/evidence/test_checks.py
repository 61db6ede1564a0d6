"""What the linter of evidence finds: each fault with its line, and nothing in a good record."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError, read_yaml
from funis.evidence import Outcome, all_studies, check_outcome, load_safety, read_study_file
from funis.evidence.load import lint_studies
from funis.evidence.marks import shares_patients
from funis.evidence.schema import schema_rows

STUDY = """\
- id: {id}
  title: An invented study
  disease: RA
  design: {{kind: {kind}}}
  population: {{n: 20}}
  product: {{source: UC}}
  arms:
  - {{id: msc, n: 10}}
  outcomes:
  - {{arm: msc, endpoint: ACR20, week: 12, {outcome}}}
  adverse_events:
  - {{arm: msc, term: fever, {event}}}
  sources: [{{url: 'https://example.org', what: abstract}}]
  confidence: low
  {more}
"""


def text(
    name: str = "one", kind: str = "single_arm", outcome: str = "events: 3, n: 10",
    event: str = "patients: 1, n: 10", more: str = "country: nowhere",
) -> str:  # fmt: skip
    return STUDY.format(id=name, kind=kind, outcome=outcome, event=event, more=more)


def faults(tmp_path: Path, *records: str) -> list[str]:
    path = tmp_path / "own.yaml"
    path.write_text("".join(records), encoding="utf-8")
    found = [str(issue) for issue in lint_studies(read_yaml(path))[1]]
    return [line.removeprefix(f"{tmp_path}/") for line in found]


def test_a_good_record_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, text()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"outcome": "events: 11, n: 10"}, "10: [0].outcomes[0].events: 11 of 10 patients;"),
        ({"outcome": "n: 0"}, "10: [0].outcomes[0].n: 0 patients; expected at least 1"),
        ({"outcome": "events: 3"}, "10: [0].outcomes[0].events: 3 of an unknown number; expect"),
        ({"outcome": "pct: 101"}, "10: [0].outcomes[0].pct: 101 %; expected 0 to 100 %"),
        ({"outcome": "events: 3, n: 10, pct: 40"}, "10: [0].outcomes[0].pct: 3 of 10 is 30.0 %,"),
        ({"outcome": "mean: 2, sd: 0"}, "10: [0].outcomes[0].sd: a spread of 0; expected more"),
        ({"outcome": "mean: 2, se: -1"}, "10: [0].outcomes[0].se: a spread of -1; expected more"),
        ({"outcome": "mean: 2, ci95: [3, 1]"}, "10: [0].outcomes[0].ci95: the interval is not in"),
        ({"outcome": "mean: 5, ci95: [1, 3]"}, "10: [0].outcomes[0].ci95: 5 lies outside 1 to 3"),
        ({"outcome": "median: 5, iqr: [6, 7]"}, "10: [0].outcomes[0].iqr: 5 lies outside 6"),
        ({"outcome": "kind: chang, mean: 1"}, "10: [0].outcomes[0].kind: unknown kind 'chang'"),
        ({"outcome": "evnts: 3, n: 10"}, "10: [0].outcomes[0].evnts: unknown key 'evnts'; expected "
         "a key of an outcome, or 'evnts' under its extra; did you mean 'events'?"),
        ({"outcome": "extra: {mean: 3}"}, "10: [0].outcomes[0].extra.mean: 'mean' stands under"),
        ({"outcome": "n: 10, reference: plac"}, "10: [0].outcomes[0].reference: no arm 'plac' in"),
        ({"event": "patients: 2"}, "12: [0].adverse_events[0].patients: 2 of an unknown number"),
        ({"event": "patients: 2, n: 1"}, "12: [0].adverse_events[0].patients: 2 of 1 patients"),
        ({"kind": "meta_analysis", "more": "role: target"}, "15: [0].role: a meta-analysis is"),
        ({"more": "role: goal"}, "15: [0].role: unknown role 'goal'; expected one of"),
        ({"more": "family: x"}, "15: [0].family: nothing says why; expected family_basis"),
        ({"more": "overlaps: [nobody]"}, "15: [0].overlaps: no other study 'nobody'"),
        ({"more": "overlaps: one"}, "15: [0].overlaps: the text 'one' stands here;"),
        ({"more": "contry: x"}, "15: [0].contry: unknown key 'contry'; expected a key of a study, "
         "or 'contry' under its extra; did you mean 'country'?"),
        ({"more": "origin: library"}, "15: [0].origin: unknown key 'origin'"),
    ],
)  # fmt: skip
def test_what_cannot_be_true_is_found_with_its_line(
    tmp_path: Path, change: dict[str, str], fault: str
) -> None:
    found = faults(tmp_path, text(**change))
    assert len(found) == 1
    assert found[0].startswith(f"own.yaml:{fault}")


def test_a_denominator_that_was_not_printed_is_said(tmp_path: Path) -> None:
    assert faults(tmp_path, text(outcome="events: 3, n_unknown: true")) == []


@pytest.mark.parametrize("key", ["doi: 10.1/ab", "pmid: '12'", "registry: 'NCT00000001; x'"])
def test_one_publication_twice_has_to_be_marked(tmp_path: Path, key: str) -> None:
    second = text("two", more=key.upper().replace("DOI:", "doi:").replace("PMID:", "pmid:")
                  .replace("REGISTRY:", "registry:"))  # fmt: skip
    name = key.split(":")[0]
    found = faults(tmp_path, text(more=key), second)
    assert found == [
        f"own.yaml:30: [1].{name}: 'one' has the same {name};"
        " expected duplicate_of: one, or overlaps: [one]"
    ]
    for mark in ("overlaps: [one]", "distinct_from: [one]", "duplicate_of: one\n  role: context"):
        assert faults(tmp_path, text(more=key), f"{second}  {mark}\n") == []


def test_a_second_report_is_context(tmp_path: Path) -> None:
    found = faults(tmp_path, text(), text("two", more="duplicate_of: one"))
    assert found == [
        "own.yaml:30: [1].duplicate_of: the patients are those of 'one';"
        " expected role: context beside it"
    ]


def test_meta_analyses_of_a_disease_and_studies_of_a_family_warn(tmp_path: Path) -> None:
    pooled = [text(name, "meta_analysis", more="role: context") for name in ("one", "two")]
    (warning,) = faults(tmp_path, *pooled)
    assert "warning: [1].overlaps: the meta-analysis 'one' may pool the same studies" in warning
    own = "family: here\n  family_basis: same town"
    (warning,) = faults(tmp_path, text(more=own), text("two", more=own))
    assert "warning: [1].family: 'one' of the family here may have the same patients" in warning
    assert faults(tmp_path, text(more=own), text("two", more=f"{own}\n  overlaps: [here]")) == []


def test_meta_analyses_reviews_and_second_reports_are_never_fitted() -> None:
    studies = all_studies()
    assert not any(study.fitted for study in studies if study.evidence_type == "meta-analysis")
    assert not any(study.fitted for study in studies if study.duplicate_of)
    assert sum(study.fitted for study in studies) > 150


def test_the_404_patients_stand_once() -> None:
    series = [study for study in all_studies() if study.population.n == 404]
    assert [study.duplicate_of for study in series] == [
        None,
        "liang2018_safety",
        "liang2018_safety",
    ]
    assert shares_patients(series[0], series[2])


def test_the_library_has_its_families_and_safety() -> None:
    families = {study.family for study in all_studies() if study.family}
    assert {"nanjing_drum_tower", "moscow_knyazev_lazebnik", "hadassah_karussis_petrou"} < families
    assert all(study.family_basis for study in all_studies() if study.family)
    thompson = next(study for study in load_safety() if study.id == "thompson2020_safety")
    fever = thompson.adverse_events[0]
    assert (fever.kind, fever.estimate, fever.ci95) == ("risk_ratio", 2.48, (1.27, 4.86))


def test_a_study_file_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text(), encoding="utf-8")
    (study,) = read_study_file(path)
    assert (study.id, study.origin, study.fitted) == ("one", "library", True)
    path.write_text("disease: RA\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"own.yaml:1: a mapping stands here; expected a list"):
        read_study_file(path)


@given(st.integers(1, 500), st.data())
def test_a_true_share_is_never_found_fault_with(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n))
    percent = data.draw(st.sampled_from([round(100 * events / n, digits) for digits in (0, 1, 2)]))
    assert list(check_outcome(Outcome("a", "b", events=events, n=n, pct=percent))) == []
    false = percent + 2 if percent < 50 else percent - 2
    assert list(check_outcome(Outcome("a", "b", events=events, n=n, pct=false)))


def test_the_documented_schema_is_the_one_that_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")
    for name, keys in schema_rows():
        assert f"| {name} | {keys} |\n" in page


def test_the_documented_example_is_a_good_study(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")
    assert faults(tmp_path, page.split("```yaml\n")[1].split("```")[0]) == []
