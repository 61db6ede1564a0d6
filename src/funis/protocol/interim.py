"""Interim looks at a trial as frozen values: when, and what may be decided there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from funis.checks import Issue, IssueList, nearest
from funis.protocol.lines import Lines, Path
from funis.protocol.values import Arm, Success

Spending = Literal[
    "obrien_fleming",
    "pocock",
    "wang_tsiatis",
    "lan_demets_obrien_fleming",
    "lan_demets_pocock",
    "kim_demets",
    "hwang_shih_decani",
]
FutilityRule = Literal["beta_spending", "conditional_power", "predictive_power", "z"]
Assumption = Literal["trend", "planned"]
ResizeRule = Literal["blinded", "promising_zone"]
SelectionTest = Literal["dunnett", "simes", "bonferroni"]
AllocationRule = Literal["thall_wathen", "doubly_adaptive"]

NEEDS_PARAMETER: dict[str, str] = {
    "wang_tsiatis": "parameter, e.g. 0.25 (0 is O'Brien-Fleming, 0.5 is Pocock)",
    "kim_demets": "parameter above 0, e.g. 2",
    "hwang_shih_decani": "parameter, e.g. -4",
}
"""Spending rules with a parameter, and what is expected where it is missing."""


@dataclass(frozen=True, slots=True)
class Futility:
    """When a trial ends because success has become unlikely.

    Attributes
    ----------
    rule : str
        ``beta_spending``, ``conditional_power``, ``predictive_power``, or ``z`` (bounds as given).
    below : float or None
        Power below which the trial ends (conditional and predictive power).
    assuming : str
        Effect that conditional power rests on: the ``trend`` so far, or the one ``planned``.
    beta : float
        One minus the power that the planned effect has.
    spending, parameter
        How beta is spent.
    bounds : tuple of float
        Bounds of the statistic at every look but the last (rule ``z``).
    binding : bool
        Whether the efficacy bounds count on it; where not, type I error holds without it.
    """

    rule: FutilityRule
    below: float | None = None
    assuming: Assumption = "trend"
    beta: float = 0.2
    spending: Spending = "lan_demets_obrien_fleming"
    parameter: float | None = None
    bounds: tuple[float, ...] = ()
    binding: bool = False


@dataclass(frozen=True, slots=True)
class Resize:
    """A new number of patients, set at one look.

    Attributes
    ----------
    rule : str
        ``blinded`` (from the spread or rate of all arms together) or ``promising_zone``.
    look : int
        Look at which it happens, counted from 1.
    at_most : float
        Largest number of patients, as a multiple of the planned one.
    power : float
        Power that is aimed at.
    promising : float
        Conditional power from which on patients are added (promising zone).
    """

    rule: ResizeRule
    look: int = 1
    at_most: float = 2.0
    power: float = 0.9
    promising: float = 0.3


@dataclass(frozen=True, slots=True)
class Selection:
    """Treated arms that go on after a look: the best ``keep`` of ``arms``."""

    arms: tuple[str, ...]
    look: int = 1
    keep: int = 1
    test: SelectionTest = "dunnett"


@dataclass(frozen=True, slots=True)
class Allocation:
    """Randomisation that follows the outcomes so far.

    Attributes
    ----------
    rule : str
        ``thall_wathen`` (posterior probability of being the best) or ``doubly_adaptive`` (biased
        coin towards the square roots of the response rates).
    burn_in : int
        Patients who are randomised equally first.
    low, high : float
        Limits of an arm's probability.
    exponent : float or None
        Power that the probabilities are raised to; None is patients so far over twice all
        (Thall-Wathen) or 2 (biased coin).
    """

    rule: AllocationRule
    burn_in: int = 40
    low: float = 0.1
    high: float = 0.9
    exponent: float | None = None


@dataclass(frozen=True, slots=True)
class Interim:
    """Looks at the data and what may be decided there.

    Attributes
    ----------
    looks : tuple of float
        Shares of the planned information, rising; the last is the final analysis.
    spending : str
        Shape of the efficacy bounds: constants (``obrien_fleming``, ``pocock``, ``wang_tsiatis``)
        or a spending function.
    parameter : float or None
        That of ``wang_tsiatis``, ``kim_demets`` or ``hwang_shih_decani``.
    futility, resize, selection, allocation
        None where the trial has none.
    """

    looks: tuple[float, ...]
    spending: Spending = "lan_demets_obrien_fleming"
    parameter: float | None = None
    futility: Futility | None = None
    resize: Resize | None = None
    selection: Selection | None = None
    allocation: Allocation | None = None


def check_interim(
    interim: Interim | None, success: Success | None, arms: Sequence[Arm], where: Lines
) -> IssueList:
    """Looks rise to the final analysis, and every decision names a look and arms that exist."""
    if interim is None:
        return IssueList()
    if success is None:
        message = "interim looks without a success rule"
        return IssueList([where.issue(("interim",), message, expected="the key 'success'")])
    return IssueList(
        [
            *check_design(interim, where),
            *_check_resize(interim, where),
            *_check_selection(interim, success, arms, where),
            *_check_allocation(interim.allocation, arms, where),
        ]
    )


def check_design(interim: Interim, where: Lines, path: Path = ("interim",)) -> list[Issue]:
    """Looks, spending and futility go together."""
    return [
        *_check_looks(interim.looks, (*path, "looks"), where),
        *_check_parameter(interim.spending, interim.parameter, path, where),
        *_check_futility(interim, (*path, "futility"), where),
    ]


def _check_looks(looks: Sequence[float], path: Path, where: Lines) -> list[Issue]:
    """Looks are shares of the planned information that rise to 1."""
    if not looks:
        return [where.issue(path, "no look", expected="shares that rise to 1, e.g. [0.5, 1]")]
    if not looks[0] > 0:
        message = f"a look at share {looks[0]:g}, before any data"
        return [where.issue((*path, 0), message, expected="a share above 0")]
    for index in range(1, len(looks)):
        if not looks[index] > looks[index - 1]:
            message = f"looks out of order: {looks[index]:g} after {looks[index - 1]:g}"
            return [where.issue((*path, index), message, expected="shares that rise")]
    if looks[-1] != 1:
        message = f"the last look is at share {looks[-1]:g}"
        return [where.issue((*path, len(looks) - 1), message, expected="1, the final analysis")]
    return []


def _check_parameter(
    spending: str, parameter: float | None, path: Path, where: Lines
) -> list[Issue]:
    if spending in NEEDS_PARAMETER:
        if parameter is None or (spending == "kim_demets" and not parameter > 0):
            shown = "no parameter" if parameter is None else f"parameter {parameter:g}"
            message, expected = f"{shown} of {spending}", NEEDS_PARAMETER[spending]
            key = () if parameter is None else ("parameter",)
            return [where.issue((*path, *key), message, expected=expected)]
    elif parameter is not None:
        message = f"{spending} has no parameter"
        return [where.issue((*path, "parameter"), message, expected="no parameter")]
    return []


def _check_futility(interim: Interim, path: Path, where: Lines) -> list[Issue]:
    futility = interim.futility
    if futility is None:
        return []
    if futility.rule == "z" and len(futility.bounds) != len(interim.looks) - 1:
        message = f"{len(futility.bounds)} bounds"
        expected = f"one for each look but the last: {len(interim.looks) - 1}"
        return [where.issue((*path, "bounds"), message, expected=expected)]
    if futility.rule in ("conditional_power", "predictive_power") and futility.below is None:
        message = f"{futility.rule} without a limit"
        return [where.issue(path, message, expected="below, e.g. 0.1")]
    if futility.rule == "beta_spending":
        if futility.spending in ("obrien_fleming", "pocock", "wang_tsiatis"):
            message = f"{futility.spending} is no spending function"
            expected = "one of hwang_shih_decani, kim_demets, lan_demets_obrien_fleming,"
            expected += " lan_demets_pocock"
            return [where.issue((*path, "spending"), message, expected=expected)]
        return _check_parameter(futility.spending, futility.parameter, path, where)
    return []


def _check_look(look: int, interim: Interim, path: Path, where: Lines) -> list[Issue]:
    if look < len(interim.looks):
        return []
    message = f"a decision at look {look} of {len(interim.looks)}"
    return [where.issue((*path, "look"), message, expected="a look before the last")]


def _check_resize(interim: Interim, where: Lines) -> list[Issue]:
    if interim.resize is None:
        return []
    return _check_look(interim.resize.look, interim, ("interim", "resize"), where)


def _check_selection(
    interim: Interim, success: Success, arms: Sequence[Arm], where: Lines
) -> list[Issue]:
    selection, path = interim.selection, ("interim", "selection")
    if selection is None:
        return []
    names = sorted(arm.id for arm in arms if arm.id != success.reference)
    issues = [
        where.issue(
            (*path, "arms", index),
            f"unknown treated arm '{name}'",
            expected="one of " + ", ".join(names),
            nearest=nearest(name, names),
        )
        for index, name in enumerate(selection.arms)
        if name not in names
    ]
    if selection.keep >= len(selection.arms):
        message = f"{selection.keep} of {len(selection.arms)} arms are kept"
        issues.append(where.issue((*path, "keep"), message, expected="fewer than there are"))
    return [*issues, *_check_look(selection.look, interim, path, where)]


def _check_allocation(
    allocation: Allocation | None, arms: Sequence[Arm], where: Lines
) -> list[Issue]:
    if allocation is None:
        return []
    path, share = ("interim", "allocation"), 1 / max(len(arms), 1)
    if not allocation.low <= share <= allocation.high:
        message = f"limits {allocation.low:g} to {allocation.high:g} leave out equal shares"
        expected = f"limits around {share:.3g}, one over the number of arms"
        return [where.issue((*path, "low"), message, expected=expected)]
    return []
