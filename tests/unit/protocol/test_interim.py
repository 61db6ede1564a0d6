"""The block `interim:` of a trial file: what it holds, and its faults in one line each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import Futility, Interim, Resize, Selection, load_protocol

Write = Callable[..., Path]

PLACE = "dropout:\n"
BLOCK = """\
interim:
  looks: [0.5, 1]
  spending: hwang_shih_decani
  parameter: -4
  futility: {rule: conditional_power, below: 0.1}
  resize: {rule: promising_zone, at_most: 1.5}
"""


def test_a_block_becomes_frozen_values(write_trial: Write) -> None:
    found = load_protocol(write_trial((PLACE, BLOCK + PLACE))).interim
    assert found == Interim(
        (0.5, 1.0),
        "hwang_shih_decani",
        -4.0,
        Futility("conditional_power", below=0.1),
        Resize("promising_zone", at_most=1.5),
    )


def test_a_trial_without_looks_keeps_its_hash(write_trial: Write) -> None:
    plain = load_protocol(write_trial())
    # the hash before the block was known
    assert plain.hash == "25e8da8654ef6f6f925cc02f0ed9562fac4bcae06202902c7dd1d3df898c83bb"
    assert load_protocol(write_trial((PLACE, BLOCK + PLACE))).hash != plain.hash


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("looks: [0, 1]", "interim.looks[0]: a look at share 0, before any data; expected a share"),
        ("looks: [0.5, 0.4, 1]", "interim.looks[1]: looks out of order: 0.4 after 0.5"),
        ("looks: [0.5, 0.8]", "interim.looks[1]: the last look is at share 0.8; expected 1"),
        ("looks: []", "interim.looks: no look; expected shares that rise to 1"),
        ("looks: [1]\n  spending: pokock", "did you mean 'pocock'?"),
        ("looks: [1]\n  spending: kim_demets", "interim: no parameter of kim_demets"),
        ("looks: [1]\n  parameter: 2", "lan_demets_obrien_fleming has no parameter"),
        (
            "looks: [0.5, 1]\n  selection: {arms: [msc, mcs]}",
            "interim.selection.arms[1]: unknown treated arm 'mcs'; expected one of msc; did you",
        ),
        (
            "looks: [0.5, 1]\n  selection: {arms: [msc]}",
            "interim.selection.keep: 1 of 1 arms are kept; expected fewer",
        ),
        (
            "looks: [0.5, 1]\n  resize: {rule: blinded, look: 2}",
            "interim.resize.look: a decision at look 2 of 2; expected a look before the last",
        ),
        (
            "looks: [0.5, 1]\n  futility: {rule: z}",
            "interim.futility.bounds: 0 bounds; expected one for each look but the last: 1",
        ),
        (
            "looks: [0.5, 1]\n  futility: {rule: predictive_power}",
            "interim.futility: predictive_power without a limit; expected below, e.g. 0.1",
        ),
        (
            "looks: [0.5, 1]\n  futility: {rule: beta_spending, spending: pocock}",
            "interim.futility.spending: pocock is no spending function",
        ),
        (
            "looks: [1]\n  allocation: {rule: thall_wathen, low: 0.6}",
            "interim.allocation.low: limits 0.6 to 0.9 leave out equal shares",
        ),
    ],
)
def test_a_fault_is_one_line_with_its_place(write_trial: Write, block: str, expected: str) -> None:
    path = write_trial((PLACE, f"interim:\n  {block}\n{PLACE}"))
    with pytest.raises(InputError) as caught:
        load_protocol(path)
    assert len(caught.value.issues) == 1
    told = str(caught.value)
    assert expected in told
    line = int(told.removeprefix(f"{path}:").split(":")[0])
    text = path.read_text().splitlines()[line - 1]
    last = block.splitlines()[-1].strip()
    assert text.strip() in ("interim:", last)


def test_looks_need_a_success_rule(write_trial: Write) -> None:
    text = write_trial().read_text()
    start, end = text.index("success:"), text.index("dropout:")
    path = write_trial((text[start:end], "interim: {looks: [0.5, 1]}\n"))
    with pytest.raises(InputError, match="interim looks without a success rule"):
        load_protocol(path)


def test_selection_is_hashed(write_trial: Write) -> None:
    block = "interim: {looks: [0.5, 1], selection: {arms: [msc, other], look: 1}}\n"
    arm = "  - id: other\n    label: Other\n    control: standard_of_care\nvisits:\n"
    protocol = load_protocol(
        write_trial((PLACE, block + PLACE), ("visits:\n  weeks", arm + "  weeks"))
    )
    assert protocol.interim is not None
    assert protocol.interim.selection == Selection(("msc", "other"))
