from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import Visits, load_protocol

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "  - id: msc",
            "  - {id: placebo, label: Again, control: standard_of_care}\n  - id: msc",
            "arms[1]: arm 'placebo' stands twice; expected one arm a name",
        ),
        (
            "    control: placebo",
            "    control: placebo\n    interventions:\n      - {product: p, dose_cell: 1.0e+6, "
            "route: iv, schedule: {days: [0]}}",
            "product: placebo arm 'placebo' is given the product 'p'",
        ),
        ("    label: Cells", "    label: Cells\n    reference: true", "success.arms: arm 'msc' is"),
        ("week: 24, measure: change", "week: 20, measure: change", ":27: endpoints[1].week: "),
        ("week: 24, measure: change", "week: 0, measure: change", "change of DAS28_CRP at week 0"),
        ("role: primary", "role: secondary", ":25: endpoints: no primary endpoint"),
        (
            "endpoint: DAS28_CRP, week: 24, measure: change",
            "endpoint: ACR20, week: 12, measure: responder",
            ":27: endpoints[1]: endpoint 'ACR20@12' stands twice",
        ),
        ("  arms: [msc]\n  measure", "  arms: [mcs]\n  measure", "did you mean 'msc'?"),
        ("  arms: [msc]\n  measure", "  arms: [msc]\n  reference: plcebo\n  measure", "'placebo'?"),
        ("success:\n  endpoint: ACR20", "success:\n  endpoint: ACR2", "did you mean 'ACR20'?"),
        ("  week: 12\n  arms", "  week: 24\n  arms", "success.week: ACR20 is not asked for at"),
        (
            "  measure: difference_in_proportions",
            "  measure: difference_in_means",
            "success.measure: difference_in_means does not suit ACR20; "
            "expected difference_in_proportions",
        ),
        ("    visits: [12]", "    visits: [10]", "rules[0].visits[0]: rule 'redose' at week 10"),
        ("    arms: [msc]\n    visits", "    arms: [mcs]\n    visits", "rules[0].arms[0]: "),
        ("stop: [ifn]", "stop: [ifm]", "expected one of all, ifn, uc_msc_reference; did you mean"),
        ("rate_per_year: 0.1", "rate_per_year: 0.1\n  arms: {mcs: 0.2}", "did you mean 'msc'?"),
        ("expression: tjc68 >= 6", "expression: tjc68 + 6", "'tjc68 + 6' is a number"),
        (" > -0.6 and doses_given < 6", "", "'change(DAS28_CRP)' is a number"),
    ],
)
def test_a_fault_across_keys_is_one_line(
    write_trial: Write, old: str, new: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_protocol(write_trial((old, new)))
    assert expected in str(caught.value)
    assert len(caught.value.issues) == 1
    assert caught.value.issues[0].line is not None


def test_a_rule_that_does_nothing_is_an_error(trial_text: str, tmp_path: Path) -> None:
    action, at_most = trial_text.index("    action:"), trial_text.index("    at_most:")
    path = tmp_path / "idle.yaml"
    path.write_text(trial_text[:action] + "    action: {}\n" + trial_text[at_most:])
    with pytest.raises(
        InputError, match="rule 'redose' does nothing; expected give, stop or withdraw"
    ):
        load_protocol(path)


def test_several_references_are_an_error(write_trial: Write) -> None:
    path = write_trial(
        ("    control: placebo", "    control: placebo\n    reference: true"),
        ("    label: Cells", "    label: Cells\n    reference: true"),
    )
    with pytest.raises(InputError, match="several reference arms: placebo, msc"):
        load_protocol(path)


def test_several_arms_need_a_success_rule(trial_text: str, tmp_path: Path) -> None:
    success, dropout = trial_text.index("success:"), trial_text.index("dropout:")
    path = tmp_path / "undecided.yaml"
    path.write_text(trial_text[:success] + trial_text[dropout:])
    with pytest.raises(InputError, match="no success rule"):
        load_protocol(path)


def test_a_changed_protocol_is_checked_again(write_trial: Write) -> None:
    protocol = load_protocol(write_trial())
    with pytest.raises(InputError, match=r"endpoints\[1\].week: DAS28_CRP at week 24"):
        replace(protocol, visits=Visits((0.0, 4.0, 12.0)))


def test_all_faults_are_reported_at_once(write_trial: Write) -> None:
    path = write_trial(("role: primary", "role: secondary"), ("visits: [12]", "visits: [10]"))
    with pytest.raises(InputError) as caught:
        load_protocol(path)
    assert len(caught.value.issues) == 2
