import pytest

from funis.checks import InputError
from funis.protocol import parse_dose_text


@pytest.mark.parametrize(
    ("text", "cells", "per_kg", "route", "days"),
    [
        ("70e6:iv@0,28", 70e6, None, "iv", (0, 28)),
        ("20e6:it@0", 20e6, None, "it", (0,)),
        ("1e6/kg:iv@0", None, 1e6, "iv", (0,)),
        ("7.5e+7:iv@0:182x3", 75e6, None, "iv", (0, 182, 364)),
        ("70e6:iv@w0,w4", 70e6, None, "iv", (0, 28)),
        ("70e6:iv@w0:w4x2", 70e6, None, "iv", (0, 28)),
        (" 70000000:iv@0.5 ", 70e6, None, "iv", (0.5,)),
        ("70e6:iv@28,0", 70e6, None, "iv", (0, 28)),
    ],
)
def test_doses_are_read(
    text: str, cells: float | None, per_kg: float | None, route: str, days: tuple[float, ...]
) -> None:
    dose = parse_dose_text(text)
    assert (dose.dose_cell, dose.dose_cell_per_kg, dose.route) == (cells, per_kg, route)
    assert dose.days == days
    assert (dose.product, dose.id) == ("uc_msc_reference", text.strip())


def test_another_product_may_be_named() -> None:
    assert parse_dose_text("70e6:iv@0", product="bm_msc_reference").product == "bm_msc_reference"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("70e6@0", "cannot be read"),
        ("70e6:iv", "cannot be read"),
        ("", "cannot be read"),
        ("70e6:iv@", "cannot be read"),
        ("70e6/lb:iv@0", "cannot be read"),
        ("many:iv@0", "'many' is no number of cells"),
        ("0:iv@0", "a dose of 0 cells; expected a dose above 0"),
        ("-70e6:iv@0", "a dose of -70e6 cells; expected a dose above 0"),
        ("inf:iv@0", "a dose of inf cells"),
        ("nan:iv@0", "a dose of nan cells"),
        ("70e6:iv@-1", "'-1' is no day"),
        ("70e6:iv@0,,28", "'' is no day"),
        ("70e6:iv@m1", "'m1' is no day"),
        ("70e6:iv@0:28", "'0:28' is no day"),
        ("70e6:iv@0:0x3", "doses every 0 days"),
        ("70e6:iv@0:28x0", "'0:28x0' is no day"),
    ],
)
def test_a_faulty_dose_is_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_dose_text(text)
    assert str(caught.value).startswith(f"--dose: '{text}': {message}")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)
