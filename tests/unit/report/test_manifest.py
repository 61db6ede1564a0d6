import json

from funis.report import RESEARCH_USE, manifest, manifest_text
from funis.report.content import ArmSummary


def test_manifest_names_the_run(report):
    document = json.loads(manifest_text(report))
    assert document["research_use"] == RESEARCH_USE
    assert document["seed"] == 20240117
    assert document["protocol"]["hash"].startswith("sha256:")
    assert document["success"]["msc_single"] is False
    assert document["patients"]["placebo"] == 300
    assert document["failure_rates_differ"] is False
    assert "date" not in document


def test_manifest_is_the_same_for_the_same_report(example):
    assert manifest_text(example()) == manifest_text(example())


def test_failures_are_in_the_manifest(bare):
    arms = (
        ArmSummary("p", "P", "x", 10, "placebo"),
        ArmSummary("a", "A", "x", 10, failed={"not solved": 1}),
    )
    document = manifest(bare(arms=arms, reference="p"))
    assert document["failed"] == {"p": {}, "a": {"not solved": 1}}
    assert document["failure_rates_differ"] is True
