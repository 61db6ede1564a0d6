"""`funis runs compare`: what two stored runs differ in, and what they found, side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funis.pipeline.runs.contents import FileMatch, match_files
from funis.pipeline.runs.headline import (
    DESIGN,
    DESIGNED,
    RESULTS,
    contrast_text,
    contrast_words,
    endpoint_words,
    estimate_text,
    interval_of,
    read_document,
)
from funis.pipeline.runs.manifest import run_manifest
from funis.pipeline.runs.record import StoredRun, run_at
from funis.pipeline.runs.request import request_of
from funis.report.content import Interval
from funis.report.results import difference_text, interval_text

ABSENT = "–"
HOW = (
    "Differences are second minus first (for ratios: second divided by first), their intervals"
    " MOVER: distances of the limits squared and added, as if the runs were independent. Runs of"
    " one seed share their patients' luck: there the intervals are too wide."
)
"""Zou and Donner 2008, Stat Med 27:1693; for proportions method 10 of Newcombe 1998."""

DEPENDS = ("estimand", "success_rule", "model_hash", "endpoints_hash", "pool_hash", "engine")
"""What a run depends on beside what it was asked for, by their names in a manifest."""


@dataclass(frozen=True, slots=True)
class SettingPair:
    """One thing that a run depends on, in both runs."""

    name: str
    first: str
    second: str

    @property
    def same(self) -> bool:
        """Whether both have the same."""
        return self.first == self.second


@dataclass(frozen=True, slots=True)
class EstimatePair:
    """One estimate in both runs; what a run has not is an empty text.

    Attributes
    ----------
    group
        estimate (of one arm) | contrast (to the reference) | design.
    words
        What it is about.
    unit
        As in the documents of the runs.
    first, second
        As a report writes them, with their intervals.
    numbers
        The same as numbers; None where a run has none.
    difference
        Second minus first, or divided by it, with its interval.
    difference_text
        The same in words.
    """

    group: str
    words: str
    unit: str
    first: str
    second: str
    numbers: tuple[Interval | None, Interval | None]
    difference: Interval | None
    difference_text: str

    @property
    def same(self) -> bool:
        """Whether both runs have the same numbers."""
        return self.numbers[0] == self.numbers[1]


@dataclass(frozen=True, slots=True)
class FigurePair:
    """A figure or table in both runs, with its short code in each; empty where a run has none."""

    id: str
    kind: str
    title: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side: settings, estimates, files, figures."""

    first: StoredRun
    second: StoredRun
    settings: tuple[SettingPair, ...]
    estimates: tuple[EstimatePair, ...]
    files: tuple[FileMatch, ...]
    figures: tuple[FigurePair, ...]
    how: str = HOW

    @property
    def sentence(self) -> str:
        """What both have in common, in a line."""
        alike = sum(one.same for one in self.settings)
        files = sum(one.same for one in self.files)
        numbers = sum(one.same for one in self.estimates)
        return (
            f"{alike} of {len(self.settings)} settings, {numbers} of {len(self.estimates)}"
            f" estimates and {files} of {len(self.files)} files are the same"
        )


def compare_runs(
    first: str | Path, second: str | Path, *, folder: Path | None = None
) -> RunComparison:
    """Set two stored runs side by side.

    Parameters
    ----------
    first, second
        Folders of the runs, or their ids in ``folder``.

    Raises
    ------
    InputError
        One of them is no stored run.
    """
    one, other = run_at(first, folder), run_at(second, folder)
    manifests = run_manifest(one.folder), run_manifest(other.folder)
    names = {name for manifest in manifests for name in manifest.get("files", ())}
    return RunComparison(
        one,
        other,
        tuple(_settings((one, other), manifests)),
        tuple(_estimates(one, other)),
        match_files(tuple(names), one.folder, other.folder),
        tuple(_figures(*manifests)),
    )


def difference_between(first: Interval, second: Interval, ratio: bool = False) -> Interval | None:
    """Return second minus first with its MOVER interval, of ratios the quotient.

    Returns
    -------
    Interval or None
        None where either has no estimate; without limits where either has none.
    """
    if ratio:
        one, other = _logs(first), _logs(second)
        found = None if one is None or other is None else difference_between(one, other)
        return None if found is None else Interval(*(_exp(x) for x in _numbers(found)))
    if first.estimate is None or second.estimate is None:
        return None
    ends = (first.low, first.high, second.low, second.high)
    apart = second.estimate - first.estimate
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return Interval(apart, None, None)
    below = math.hypot(second.estimate - known[2], known[1] - first.estimate)
    above = math.hypot(known[3] - second.estimate, first.estimate - known[0])
    return Interval(apart, apart - below, apart + above)


def _numbers(one: Interval) -> tuple[float | None, float | None, float | None]:
    return one.estimate, one.low, one.high


def _logs(one: Interval) -> Interval | None:
    if one.estimate is None or one.estimate <= 0:
        return None
    known = (None if x is None or x <= 0 else math.log(x) for x in _numbers(one))
    return Interval(*known)


def _exp(value: float | None) -> float | None:
    return None if value is None else math.exp(value)


def _settings(
    runs: tuple[StoredRun, StoredRun], manifests: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> Iterator[SettingPair]:
    both = [_flat(run, manifest) for run, manifest in zip(runs, manifests, strict=True)]
    for name in dict.fromkeys([*both[0], *both[1]]):
        yield SettingPair(name, both[0].get(name, ABSENT), both[1].get(name, ABSENT))


def _flat(run: StoredRun, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run depends on, each as a text."""
    protocol = manifest.get("protocol")
    found: dict[str, Any] = {
        "kind": run.kind_words, "disease": run.disease, "trial": run.trial,
        "protocol hash": protocol.get("hash") if isinstance(protocol, Mapping) else None,
        "library version": run.version, "seed": run.seed,
    }  # fmt: skip
    found |= {name.replace("_", " "): value for name, value in _asked(run, manifest).items()}
    found |= {name.replace("_", " "): manifest.get(name) for name in DEPENDS}
    found |= dict(manifest.get("more", {}))
    return {name: _text(value) for name, value in found.items() if value is not None}


def _asked(run: StoredRun, manifest: Mapping[str, Any]) -> dict[str, Any]:
    asked = request_of(run.folder, manifest).arguments if run.kind != "plan" else manifest.get(
        "request", {}
    )  # fmt: skip
    return {name: value for name, value in asked.items() if name not in ("kind", "trial", "seed")}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _estimates(first: StoredRun, second: StoredRun) -> Iterator[EstimatePair]:
    rows = [_rows(run) for run in (first, second)]
    for key in dict.fromkeys([*rows[0], *rows[1]]):
        yield _pair(key, rows[0].get(key), rows[1].get(key))


def _rows(run: StoredRun) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return every estimate of a run by group and words."""
    document = read_document(run.folder / RESULTS)
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for arm, one in document.get("arms", {}).items():
        named = one["endpoints"].items()
        found |= {("estimate", f"{arm}, {endpoint_words(name)}"): row for name, row in named}
    found |= {("contrast", contrast_words(row)): row for row in document.get("contrasts", [])}
    for point in read_document(run.folder / DESIGN).get("points", []):
        for name, words in DESIGNED.items():
            if point.get(name) is not None:
                told = f"{words}, {point['n']} patients"
                found["design", told] = {**point[name], "unit": "proportion"}
    return found


def _pair(
    key: tuple[str, str], first: Mapping[str, Any] | None, second: Mapping[str, Any] | None
) -> EstimatePair:
    group, words = key
    write = contrast_text if group == "contrast" else estimate_text
    unit = str((first or second or {}).get("unit", ""))
    numbers = tuple(None if row is None else interval_of(row) for row in (first, second))
    ratio = group == "contrast" and unit == "ratio"
    apart = None
    if numbers[0] is not None and numbers[1] is not None:
        apart = difference_between(numbers[0], numbers[1], ratio)
    return EstimatePair(
        group, words, unit,
        "" if first is None else write(first), "" if second is None else write(second),
        (numbers[0], numbers[1]), apart, _apart_text(apart, unit, ratio, numbers[0] == numbers[1]),
    )  # fmt: skip


def _apart_text(apart: Interval | None, unit: str, ratio: bool, same: bool) -> str:
    if apart is None:
        return ""
    if same:
        return "the same"
    if ratio:
        return f"{interval_text(apart)} times"
    shares = unit == "proportion"
    return difference_text(apart, as_points=shares) + (" percentage points" if shares else "")


def _figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[FigurePair]:
    both = [{row["id"]: row for row in one.get("figures", ())} for one in (first, second)]
    for name in dict.fromkeys([*both[0], *both[1]]):
        row = both[0].get(name) or both[1][name]
        codes = [one.get(name, {}).get("code", "") for one in both]
        yield FigurePair(name, row["kind"], row["title"], codes[0], codes[1])
