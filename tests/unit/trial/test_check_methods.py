"""Whether a disease has what a method asks for."""

import pytest

from funis.trial import check

DAS = "  - {endpoint: DAS28_CRP, week: 12, measure: change, role: secondary}\n"
ASKED = "  - {{endpoint: ACR50, week: 12, measure: responder, role: secondary, {more}}}\n"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("method: cmh", "cmh without strata; expected strata: [site]"),
        ("method: cmh, strata: [sit]", "unknown name 'sit' in strata"),
        ("method: ordinal", "'ACR50' is yes or no, so it has no order"),
        ("method: win_ratio, hierarchy: [ACR7]", "unknown name 'ACR7' in hierarchy"),
    ],
)
def test_what_a_method_lacks_is_one_line(study, more, told):
    plan = study((DAS, DAS + ASKED.format(more=more)))
    (issue,) = check(plan.protocol, plan.model, plan.products)
    assert told in str(issue)
    assert ":29: " in str(issue)


@pytest.mark.parametrize("more", ["method: cmh, strata: [site]", "method: log_rank"])
def test_what_suits_has_no_issue(study, more):
    plan = study((DAS, DAS + ASKED.format(more=more)))
    told = [str(issue) for issue in check(plan.protocol, plan.model, plan.products)]
    assert told == []
