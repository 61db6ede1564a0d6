"""Trials whose meta-analyses are published: what they counted."""

import pytest

from funis.evidence.meta import Counts, Events, Means, odds_ratio, risk_ratio

# Colditz et al. 1994, JAMA 271:698: cases and others, vaccinated then not; absolute latitude.
# Read in the description of metafor's data set dat.bcg (github.com/wviechtb/metafor, README.md).
BCG = (
    ("Aronson 1948", 4, 119, 11, 128, 44),
    ("Ferguson & Simes 1949", 6, 300, 29, 274, 55),
    ("Rosenthal 1960", 3, 228, 11, 209, 42),
    ("Hart & Sutherland 1977", 62, 13536, 248, 12619, 52),
    ("Frimodt-Moller 1973", 33, 5036, 47, 5761, 13),
    ("Stein & Aronson 1953", 180, 1361, 372, 1079, 44),
    ("Vandiviere 1973", 8, 2537, 10, 619, 19),
    ("TPT Madras 1980", 505, 87886, 499, 87892, 13),
    ("Coetzee & Berjak 1968", 29, 7470, 45, 7232, 27),
    ("Rosenthal 1961", 17, 1699, 65, 1600, 42),
    ("Comstock 1974", 186, 50448, 141, 27197, 18),
    ("Comstock & Webster 1969", 5, 2493, 3, 2338, 33),
    ("Comstock 1976", 27, 16886, 29, 17825, 33),
)

# Niel-Weise et al. 2007, Intensive Care Med 33:2058: infections and patients, standard catheter
# then treated one. Read in data-raw/dat.nielweise2007.txt of github.com/wviechtb/metadat.
CATHETERS = (
    (3, 117, 0, 116), (3, 35, 1, 44), (9, 195, 2, 208), (7, 136, 0, 130), (6, 157, 5, 151),
    (4, 139, 1, 98), (3, 177, 1, 174), (2, 39, 1, 74), (19, 103, 1, 97), (2, 122, 1, 113),
    (7, 64, 0, 66), (1, 58, 0, 70), (5, 175, 3, 188), (11, 180, 6, 187), (0, 105, 0, 118),
    (1, 262, 0, 252), (3, 362, 1, 345), (1, 69, 4, 64),
)  # fmt: skip

# Niel-Weise et al. 2008: infections and catheter days, treated then standard catheter. Read in
# data-raw/dat.nielweise2008.txt of github.com/wviechtb/metadat.
CATHETER_DAYS = (
    (7, 1344, 11, 1988), (8, 1600, 8, 1461), (3, 12012, 14, 10962), (6, 1536, 10, 1503),
    (1, 370, 1, 483), (1, 729, 8, 913), (17, 6760, 15, 6840), (3, 1107, 7, 1015), (2, 320, 3, 440),
)  # fmt: skip

# Normand 1999, Stat Med 18:321: days in hospital, patients, mean and SD, stroke unit then ward.
# The first four rows of data-raw/dat.normand1999.txt of github.com/wviechtb/metadat.
STROKE_UNITS = (
    (155, 55, 47, 156, 75, 64), (31, 27, 7, 32, 29, 4), (75, 64, 17, 71, 119, 29),
    (18, 66, 20, 18, 137, 48),
)  # fmt: skip

# Collins et al. 1985, BMJ 290:17: patients and pre-eclampsia, diuretic then control. Read in
# data-raw/dat.collins1985b.txt of github.com/wviechtb/metadat.
DIURETICS = (
    (131, 136, 14, 14), (385, 134, 21, 17), (57, 48, 14, 24), (38, 40, 6, 18), (1011, 760, 12, 35),
    (1370, 1336, 138, 175), (506, 524, 15, 20), (108, 103, 6, 2), (153, 102, 65, 40),
)  # fmt: skip


@pytest.fixture(scope="session")
def bcg():
    """Log risk ratios of thirteen trials of the BCG vaccine."""
    return tuple(
        risk_ratio(name, Counts(a, a + b), Counts(c, c + d)) for name, a, b, c, d, _ in BCG
    )


@pytest.fixture(scope="session")
def bcg_odds():
    """Their log odds ratios."""
    return tuple(
        odds_ratio(name, Counts(a, a + b), Counts(c, c + d)) for name, a, b, c, d, _ in BCG
    )


@pytest.fixture(scope="session")
def latitudes():
    """Absolute latitude of each of them."""
    return [float(row[-1]) for row in BCG]


@pytest.fixture(scope="session")
def catheters():
    """Counts of infections: standard and treated catheter."""
    return tuple((Counts(c, m), Counts(a, n)) for c, m, a, n in CATHETERS)


@pytest.fixture(scope="session")
def catheter_days():
    """Infections in thousands of catheter days: treated and standard catheter."""
    return tuple((Events(a, s / 1000), Events(c, t / 1000)) for a, s, c, t in CATHETER_DAYS)


@pytest.fixture(scope="session")
def stroke_units():
    """Days in hospital: stroke unit and ward."""
    return tuple((Means(*row[:3]), Means(*row[3:])) for row in STROKE_UNITS)


@pytest.fixture(scope="session")
def diuretics():
    """Log odds ratios of pre-eclampsia."""
    return tuple(
        odds_ratio(str(i), Counts(a, n), Counts(c, m)) for i, (n, m, a, c) in enumerate(DIURETICS)
    )
