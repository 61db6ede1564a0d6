from funis.report import RESEARCH_USE, plain_table
from funis.report.content import ArmSummary
from funis.report.results import contrast_text, estimate_text


def test_every_primary_and_secondary_number_with_its_interval(report):
    text = plain_table(report)
    roles = {view.key: view.role for view in report.endpoints}
    for estimate in report.estimates:
        assert (estimate_text(estimate) in text) or roles[estimate.endpoint] == "exploratory"
    for contrast in report.contrasts:
        assert (contrast_text(contrast) in text) or roles[contrast.endpoint] == "exploratory"
    assert RESEARCH_USE in text
    assert "remission" not in text
    assert "remission" in plain_table(report, exploratory=True)


def test_alerts_come_before_the_numbers(bare):
    arms = (
        ArmSummary("p", "P", "x", 10, "placebo"),
        ArmSummary("a", "A", "x", 10, failed={"not solved": 1}),
    )
    text = plain_table(bare(arms=arms, reference="p"))
    assert "! ERROR: the share of failed patients differs between arms" in text


def test_control_characters_do_not_reach_the_terminal(bare):
    assert "\x1b" not in plain_table(bare(title="\x1b[31mred\x07"))


def test_lines_are_not_wide(bare):
    assert all(len(line) <= 100 for line in plain_table(bare()).splitlines())
