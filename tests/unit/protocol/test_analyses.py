"""What a trial file says on its analyses: every fault is one line with file, line and help."""

import pytest

from funis.checks import InputError
from funis.protocol import Multiplicity, Sensitivity, load_protocol

ACR = "{endpoint: ACR20, week: 12, measure: responder, role: primary}"
DAS = "{endpoint: DAS28_CRP, week: 24, measure: change, role: secondary}"
GREATER = "  direction: greater\n"
END = "dropout:\n"


def test_a_trial_without_analyses_keeps_its_hash(write_trial):
    # the hash of this text before methods could be named
    from funis.protocol.protocol import _plain

    plain = _plain(load_protocol(write_trial()))
    assert set(plain["success"]).isdisjoint({"method", "multiplicity", "further"})
    assert set(plain["endpoints"][0]) == {"endpoint", "week", "measure", "role"}
    assert "sensitivity" not in plain


def test_analyses_are_read_and_hashed(write_trial):
    path = write_trial(
        (DAS, DAS.replace("}", ", method: ancova, strata: [site]}")),
        (GREATER, GREATER + "  method: fisher\n  multiplicity: {method: holm}\n"),
        (END, "sensitivity:\n  - {endpoint: ACR20, week: 12, missing: delta, delta: -0.1}\n" + END),
    )
    found = load_protocol(path)
    assert (found.endpoints[1].method, found.endpoints[1].strata) == ("ancova", ("site",))
    assert found.success.multiplicity == Multiplicity("holm")
    assert found.sensitivity == (Sensitivity("ACR20", 12.0, None, "delta", -0.1),)
    assert found.hash != load_protocol(write_trial()).hash


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (DAS, DAS.replace("}", ", method: ancov}"),
         ":27: endpoints[1].method: unknown method 'ancov'; expected one of ancova"),
        (DAS, DAS.replace("}", ", method: fisher}"),
         ":27: endpoints[1].method: 'DAS28_CRP' is reported as change, which fisher cannot"),
        (ACR, ACR.replace("}", ", method: mmrm}"), "responder, which mmrm cannot analyse"),
        (ACR, ACR.replace("}", ", hierarchy: [ACR50]}"), "expected method: win_ratio"),
        (GREATER, GREATER + "  method: log_rank\n", "in_proportions does not suit ACR20"),
        (GREATER, GREATER + "  method: welch\n", "success.method: 'ACR20' is reported as"),
        (GREATER, GREATER + "  multiplicity: {method: graphical}\n", "0 weights that add up to 0"),
        (GREATER, GREATER + "  multiplicity: {method: holm, weights: [1]}\n", "weights or transit"),
        (GREATER, GREATER + "  further:\n    - {endpoint: DAS28, week: 24, "
         "measure: difference_in_means, direction: less}\n",
         "success.further[0].endpoint: 'DAS28' is no endpoint of this trial"),
        (END, "sensitivity:\n  - {endpoint: ACR20, week: 24}\n" + END,
         "sensitivity[0].endpoint: ACR20 at week 24 is no endpoint of this trial"),
        (END, "sensitivity:\n  - {endpoint: DAS28_CRP, week: 24, missing: nonresponder}\n" + END,
         "'DAS28_CRP' is no response"),
        (END, "sensitivity:\n  - {endpoint: DAS28_CRP, week: 24, method: wilcoxon, "
         "missing: delta}\n" + END, "wilcoxon with delta; expected method: welch or ancova"),
        (END, "sensitivity:\n  - {endpoint: ACR20, week: 12, method: cox, "
         "missing: multiple_imputation}\n" + END, "expected missing: observed"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line(write_trial, old, new, told):
    with pytest.raises(InputError) as caught:
        load_protocol(write_trial((old, new)))
    assert any(told in str(issue) for issue in caught.value.issues)
    assert all("\n" not in str(issue) for issue in caught.value.issues)
