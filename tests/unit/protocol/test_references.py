from collections.abc import Callable
from pathlib import Path

import pytest

from funis.protocol import Protocol, Reference, load_protocol, references, unknown_reference

Write = Callable[..., Path]


@pytest.fixture
def protocol(write_trial: Write) -> Protocol:
    path = write_trial(("    label: Cells", "    label: Cells\n    scenario: {potency: 0}"))
    return load_protocol(path)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("disease", ["ra"]),
        ("product", ["uc_msc_reference", "uc_msc_reference"]),
        ("drug", ["ifn"]),
        ("route", ["iv", "iv"]),
        ("endpoint", ["ACR20", "DAS28_CRP"]),
        ("criterion", ["tjc68"]),
        ("rule", ["DAS28_CRP"]),
        ("parameter", ["potency"]),
        ("weight", ["weight_kg"]),
    ],
)
def test_names_are_listed_by_kind(protocol: Protocol, kind: str, names: list[str]) -> None:
    found = references(protocol, kind)  # type: ignore[arg-type]
    assert [reference.name for reference in found] == names
    assert all(protocol.where.line(reference.path) for reference in found)


def test_without_a_kind_all_names_are_listed(protocol: Protocol) -> None:
    assert len(references(protocol)) == 12


def test_an_unknown_name_becomes_an_issue_with_its_line(protocol: Protocol) -> None:
    (reference,) = references(protocol, "drug")
    issue = unknown_reference(protocol, reference, ["ifng", "steroid"], "the disease 'ra'")
    assert str(issue) == (
        f"{protocol.file}:21: arms[1].interventions[1].drug: unknown drug 'ifn' for the disease "
        "'ra'; expected one of ifng, steroid; did you mean 'ifng'?"
    )


def test_names_in_expressions_are_called_what_they_are(protocol: Protocol) -> None:
    criterion = Reference("criterion", "tjc6", ("population", "criteria", 0, "expression"))
    issue = unknown_reference(protocol, criterion, ["tjc68"])
    assert ":8: population.criteria[0].expression: unknown name in a criterion" in str(issue)
