"""What a study changes, as lines of an old and a new value with their places on an axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.studies.outcome import endpoints_of
from funis.protocol import SUFFIXES
from funis.report.numerals import MISSING, decimal, percent
from funis.report.scales import Scale

POTENCY = Scale(0.05, 10.0, 0.0, 100.0, log=True)
SHARE = Scale(0.0, 1.0, 0.0, 100.0)
CONDUCTED = "With the 95 % interval of how often the trial was conducted."
ROOM = 0.08
"""Room on both sides of an axis, as a share of what it spans."""


@dataclass(frozen=True, slots=True)
class Side:
    """One value: in words, and its places [%]; those that are not known are None."""

    text: str
    at: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity without and with the study; ``null`` is the place of no effect [%]."""

    label: str
    help: str
    old: Side
    new: Side
    null: float | None = None
    ends: tuple[str, str] | None = None

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw."""
        return self.old.at is not None or self.new.at is not None


@dataclass(frozen=True, slots=True)
class ImpactView:
    """Three groups of lines: what was pooled, what cells do, the chance of a planned trial."""

    study: str
    disease: str
    trial: str
    rule: str
    groups: tuple[tuple[str, str, tuple[Line, ...]], ...]
    left_out: tuple[tuple[str, str], ...]


def impact_view(document: Mapping[str, Any]) -> ImpactView:
    """Return the view of a document of `study_impact`; ``old`` is without the study."""
    old, new = document["old"], document["new"]
    groups = (
        ("Pooled effect", "What comparisons of cells with a control add up to.",
         tuple(_pooled(old, new, document["disease"]))),
        ("What cells do, calibrated", "Draws of the posterior; a factor on the library's potency.",
         tuple(_calibrated(old, new))),
        ("A planned trial", f"{document['trial']}: {document['rule']}.",
         tuple(_planned(old["trial"], new["trial"]))),
    )  # fmt: skip
    left = tuple((name, reason) for name, reason in document["no_rows"].items())
    return ImpactView(
        document["study"], document["disease"], document["trial"], document["rule"], groups, left
    )


def _line(
    label: str, note: str, sides: Iterable[Side], null: float | None = None,
    ends: tuple[str, str] | None = None,
) -> Line:  # fmt: skip
    old, new = sides
    return Line(label, note, old, new, null, ends)


def _pooled(before: Mapping[str, Any], after: Mapping[str, Any], disease: str) -> Iterator[Line]:
    old, new = before["pooled_effect"], after["pooled_effect"]
    measure = new["measure"] or old["measure"]
    known = [one for side in (old, new) for one in _three(side) if one is not None]
    null = 1.0 if measure is not None and "ratio" in measure else 0.0
    scale = _around([*known, null], null == 1.0) if known else None
    yield _line(
        f"{_named(new['endpoint'], disease)}: {measure or 'no comparison'}",
        "The best design that was published; two designs are never pooled together.",
        (_pooled_side(side, scale) for side in (old, new)),
        None if scale is None else scale.at(null),
        None if scale is None else (decimal(scale.low), decimal(scale.high)),
    )
    yield _line(
        "Studies (numbers) that the model is calibrated to", "",
        (Side(f"{len(side['studies'])} ({side['rows']})") for side in (before, after)),
    )  # fmt: skip
    yield _line(
        "Gain of arms with cells", "Mean, in spreads between patients, beyond no effect.",
        (Side(decimal(side["gain_in_spreads"], sign=True)) for side in (before, after)),
    )  # fmt: skip


def _named(key: str, disease: str) -> str:
    """Return an endpoint such as ``MRSS_change@52`` in words."""
    name, _, week = key.partition("@")
    for suffix in SUFFIXES.values():
        name = name.removesuffix(suffix) if suffix else name
    words = endpoint_name(name, endpoints_of(disease)).split(" (")[0]
    return f"{words}, week {week}"


def _pooled_side(side: Mapping[str, Any], scale: Scale | None) -> Side:
    estimate, low, high = _three(side)
    if estimate is None:
        return Side("no comparison printed")
    count = len(side["studies"])
    text = (
        f"{decimal(estimate)} ({decimal(low)} to {decimal(high)}); {side['design']},"
        f" {count} {'study' if count == 1 else 'studies'},"
        f" {side['randomised']:,} randomised patients"
    )
    assert scale is not None
    return Side(text, *_places(scale, (estimate, low, high)))


def _three(side: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    return side["estimate"], side["low95"], side["high95"]


def _calibrated(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Line]:
    for basis, words in (("borrowed", ""), ("own", ", this disease's own numbers only")):
        sides = [side["potency"][basis] for side in (old, new)]
        yield _line(
            f"Probability that cells do nothing{words}", "",
            (_share(side["no_effect"]) for side in sides), ends=("0 %", "100 %"),
        )  # fmt: skip
        yield _line(
            f"Potency, if any{words}", "Median and middle 80 %; 1 is the library's value.",
            (_factor(side) for side in sides), POTENCY.at(1.0), ("0.05", "10"),
        )  # fmt: skip


def _planned(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Line]:
    for key, words in (
        ("probability_of_success", "Probability of success"),
        ("own_data_only", "Probability of success, this disease's own numbers only"),
        ("if_cells_do_nothing", "The same if cells do nothing (potency 0)"),
    ):
        sides = (_chance(side[key]) for side in (old, new))
        yield _line(words, CONDUCTED, sides, ends=("0 %", "100 %"))
    triples = [
        [side["difference"][key] for key in ("median", "low80", "high80")] for side in (old, new)
    ]
    known = [one for triple in triples for one in triple if one is not None]
    scale = _around([*known, 0.0], False)
    yield _line(
        "Difference that the trial may report", "Median and middle 80 % of its conducts.",
        (_triple(triple, scale) for triple in triples), scale.at(0.0),
        (decimal(scale.low), decimal(scale.high)),
    )  # fmt: skip


def _share(value: float | None) -> Side:
    return Side(MISSING) if value is None else Side(percent(value), SHARE.at(value))


def _chance(side: Mapping[str, float | None]) -> Side:
    share, low, high = _three(side)
    if share is None or low is None or high is None:
        return Side(MISSING)
    words = f"{percent(share)} ({percent(low)} to {percent(high)})"
    return Side(words, *_places(SHARE, (share, low, high)))


def _factor(side: Mapping[str, Any]) -> Side:
    return _triple((side["median"], side["low80"], side["high80"]), POTENCY)


def _triple(values: Sequence[float | None], scale: Scale) -> Side:
    median, low, high = values
    if median is None:
        return Side(MISSING)
    text = f"{decimal(median)} ({decimal(low)} to {decimal(high)})"
    return Side(text, *_places(scale, (median, low, high)))


def _places(
    scale: Scale, values: Sequence[float | None]
) -> tuple[float | None, float | None, float | None]:
    at, low, high = (
        None if one is None else round(scale.at(min(max(one, scale.low), scale.high)), 2)
        for one in values
    )
    return at, low, high


def _around(values: Sequence[float], ratio: bool) -> Scale:
    """Return an axis that holds all values with some room."""
    low, high = min(values), max(values)
    if ratio:
        low, high = max(low, 0.01), min(high, 100.0)
        room = (high / low) ** ROOM if high > low else 2.0
        return Scale(low / room, high * room, 0.0, 100.0, log=True)
    room = ROOM * (high - low) or 0.5
    return Scale(low - room, high + room, 0.0, 100.0)
