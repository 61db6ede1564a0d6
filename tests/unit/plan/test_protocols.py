"""Protocols of a disease: advertised beside published, kinds of studies apart."""

from decimal import Decimal

import pytest

from funis.evidence import evidence_diseases
from funis.plan.protocols import advertised_text, plan_evidence, protocols_of


@pytest.mark.parametrize("disease", evidence_diseases())
def test_each_disease_has_its_advertised_range_beside_the_published_one(disease):
    found = protocols_of(disease)
    assert found.regimens[0].kind == "advertised"
    assert any(one.advertised for one in found.ranges)
    assert any(one.published for one in found.ranges)
    told = plan_evidence(found, "low")
    assert told.n_randomised == found.randomised_patients > 0
    assert sum(told.study_types.values()) == len(told.sources)
    assert "meta-analysis" not in told.study_types


def test_advertised_recipes_are_those_of_the_register():
    ranges = {one.route: one for one in protocols_of("ms").ranges}
    assert ranges["iv"].advertised == (Decimal(50_000_000), Decimal(100_000_000))
    assert ranges["it"].advertised == (Decimal(15_000_000), Decimal(30_000_000))
    assert advertised_text(ranges["it"]) == "15 to 30 million"


def test_what_was_never_given_of_umbilical_cord_is_said():
    told = plan_evidence(protocols_of("ms"), "low").published
    assert (
        "into the fluid 10 to 70 million of any tissue (6 studies), none of umbilical cord" in told
    )
