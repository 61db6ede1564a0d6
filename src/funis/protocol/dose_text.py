"""Doses as they are typed on the command line: ``70e6:iv@0,28``."""

import math
import re

from funis.checks import InputError, Issue
from funis.protocol.values import Intervention
from funis.units import DAYS_PER_WEEK

REFERENCE_PRODUCT = "uc_msc_reference"
FORM = "CELLS[/kg]:ROUTE@DAY[,DAY...], e.g. 70e6:iv@0,28 or 1e6/kg:iv@0:28x4 (4 times, every 28 d)"

_DOSE = re.compile(r"(?P<cells>[^:@/]+)(?P<per_kg>/kg)?:(?P<route>[A-Za-z]\w*)@(?P<days>[^@]+)")
_REPEAT = re.compile(r"(?P<start>[^:x]+):(?P<every>[^:x]+)x(?P<times>[1-9][0-9]{0,3})")
_DAY = re.compile(r"(?P<week>w?)(?P<number>[0-9]+(?:\.[0-9]+)?)")


def parse_dose_text(text: str, *, product: str = REFERENCE_PRODUCT) -> Intervention:
    """Read one ``--dose``.

    Parameters
    ----------
    text : str
        Cells in total or per kg, route, and days: ``70e6:iv@0,28``, ``1e6/kg:iv@0``,
        ``70e6:iv@w0,w4`` (weeks), ``70e6:iv@0:28x4`` (from day 0, every 28 days, 4 times).
    product : str
        Product that is given.

    Returns
    -------
    Intervention
        Its id is the text.

    Raises
    ------
    InputError
        One line that names ``--dose``, what is wrong with it and the form expected.
    """
    parts = _DOSE.fullmatch(text.strip())
    if parts is None:
        raise _fault(text, "cannot be read")
    cells = _cells(text, parts["cells"])
    return Intervention(
        id=text.strip(),
        product=product,
        dose_cell=None if parts["per_kg"] else cells,
        dose_cell_per_kg=cells if parts["per_kg"] else None,
        route=parts["route"],
        days=_days(text, parts["days"]),
    )


def _cells(text: str, number: str) -> float:
    try:
        cells = float(number)
    except ValueError:
        raise _fault(text, f"'{number}' is no number of cells") from None
    if not 0 < cells < math.inf:
        raise _fault(text, f"a dose of {number} cells", "a dose above 0")
    return cells


def _days(text: str, days: str) -> tuple[float, ...]:
    repeat = _REPEAT.fullmatch(days)
    if repeat is None:
        return tuple(sorted(_day(text, day) for day in days.split(",")))
    start, every = _day(text, repeat["start"]), _day(text, repeat["every"])
    if every == 0:
        raise _fault(text, "doses every 0 days", "an interval above 0")
    return tuple(start + index * every for index in range(int(repeat["times"])))


def _day(text: str, day: str) -> float:
    parts = _DAY.fullmatch(day.strip())
    if parts is None:
        raise _fault(text, f"'{day}' is no day", "days of 0 or later such as 28, or weeks, w4")
    return float(parts["number"]) * (DAYS_PER_WEEK if parts["week"] else 1)


def _fault(text: str, message: str, expected: str = FORM) -> InputError:
    return InputError(Issue(None, None, "--dose", f"'{text}': {message}", expected))
