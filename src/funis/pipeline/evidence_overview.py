"""`funis evidence overview`: the state of the evidence of every disease, and what is not known."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from funis.cache import cache_key, cached, keep
from funis.evidence.meta import SCALES
from funis.evidence.user import user_files
from funis.models import disease_ids, library_folder, load_model
from funis.pipeline.meta.numbers import interval_words, stratum_interval, value_words
from funis.pipeline.meta.run import (
    MEASURES,
    WINDOW_WEEK,
    Base,
    base_of,
    choices_in,
    strata_near,
    unit_of,
)
from funis.pipeline.meta.values import STUDY_TYPES, Stratum, StratumKind
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.reporting.published import evidence_base
from funis.pipeline.tables import Table
from funis.pipeline.uncertainty import ENOUGH, chosen_ensemble
from funis.report import RESEARCH_USE
from funis.report.content import Interval
from funis.report.statement import SIMULATED
from funis.store import hash_file, hash_folder

_MAKING = Lock()
"""Who asks while it is being made waits for it, and makes no second one."""

FORM = 2
"""Changes when what is kept of an overview does."""

ORDER: tuple[StratumKind, ...] = ("randomised contrast", "non-randomised contrast", "single-arm")
"""Designs from which the effect on a card is taken, the best one first."""

PLACEBO_WEEK = 13.0
"""Weeks from a single arm's that placebo arms beside it may be, at least (as for claims)."""

NO_COMPARISON = (
    "no comparison with a control, and no share of responders, was printed for cells given by vein"
)


@dataclass(frozen=True, slots=True)
class ShownEffect:
    """What was published of one endpoint in the best design there is.

    Attributes
    ----------
    design : randomised | non-randomised controlled | single-arm.
    endpoint, week : what was measured, and about when.
    measure, unit : such as `Risk ratio`; the unit is empty where there is none.
    words, interval : the estimate with its 95 % interval, as text and as numbers.
    studies, patients, randomised : behind it.
    pooled : False where there is only one study.
    placebo : the same endpoint in placebo arms, beside a single arm; None where none was printed.
    """

    design: str
    endpoint: str
    week: float
    measure: str
    unit: str
    words: str
    interval: Interval
    studies: int
    patients: int
    randomised: int
    pooled: bool
    placebo: str | None


@dataclass(frozen=True, slots=True)
class DiseaseOverview:
    """The state of the evidence of one disease.

    Attributes
    ----------
    grade, note : of the evidence on stromal cells as a whole.
    randomised_studies, randomised_patients, other_studies, other_patients : any product and route.
    effect : None where nothing was printed that could be shown, as ``effect_reason`` says.
    calibrated_from : `own data`, where a controlled study with a known regimen tells of cells;
        `borrowed`, where other diseases do; empty without a posterior.
    rests_on : what the posterior counts: studies, centres, randomised patients, ...
    no_effect_before, no_effect_after : probability that cells do nothing, before and after
        what was published.
    told_from_none : whether the rows tell an effect from none without the most telling study.
    not_known : phrases.
    """

    id: str
    name: str
    course: str
    grade: str
    note: str
    randomised_studies: int
    randomised_patients: int
    other_studies: int
    other_patients: int
    effect: ShownEffect | None
    effect_reason: str
    calibrated_from: str
    rests_on: Mapping[str, int]
    no_effect_before: float | None
    no_effect_after: float | None
    told_from_none: bool
    not_known: tuple[str, ...]


def overview() -> tuple[DiseaseOverview, ...]:
    """Return the state of the evidence, disease by disease.

    It is kept in the cache: it depends on the library and the user's own studies alone.
    """
    own = tuple(f"{path} {hash_file(path)}" for path in user_files())
    with _MAKING:
        return _overview(cache_key("overview", str(FORM), _library(), *own))


def overview_is_made() -> bool:
    """Whether an overview needs no more making in this process."""
    return _overview.cache_info().currsize > 0


@lru_cache(maxsize=2)
def _overview(key: str) -> tuple[DiseaseOverview, ...]:
    known = cached("overview", key)
    if known is not None:
        return tuple(_read(item) for item in json.loads(known))
    made = tuple(_of(disease) for disease in disease_ids())
    text = json.dumps([asdict(one) for one in made]).encode()
    keep("overview", key, text)
    return tuple(_read(item) for item in json.loads(text))


def _read(item: Mapping[str, Any]) -> DiseaseOverview:
    effect = item["effect"]
    if effect is not None:
        effect = ShownEffect(**{**effect, "interval": Interval(**effect["interval"])})
    return DiseaseOverview(**{**item, "effect": effect, "not_known": tuple(item["not_known"])})


@lru_cache(maxsize=1)
def _library() -> str:
    """Return the hash of what the library and the code behind an overview hold."""
    root = library_folder()
    parts = [hash_folder(root / name) for name in ("evidence", "diseases", "ensembles")]
    code = (root.parent / name for name in ("evidence", "pipeline/meta", "pipeline/reporting"))
    own = hash_file(root.parent / "pipeline" / "evidence_overview.py")
    return cache_key(*parts, *(hash_folder(folder) for folder in code), own)


def _of(disease: str) -> DiseaseOverview:
    model, base = load_model(disease), base_of(disease)
    found = evidence_base(base.published)
    assert found is not None
    effect = best_effect(disease, base)
    ensemble = chosen_ensemble(model, "borrowed")
    about = {} if ensemble is None else ensemble.about
    rests_on = dict(about.get("calibratability", {}))
    label = str(rests_on.pop("label", ""))
    chance = about.get("no_effect", {})
    return DiseaseOverview(
        id=model.id, name=model.name, course=model.course, grade=found.grade, note=found.note,
        randomised_studies=found.randomised_studies,
        randomised_patients=found.randomised_patients,
        other_studies=found.other_studies, other_patients=found.other_patients,
        effect=effect, effect_reason="" if effect else NO_COMPARISON,
        calibrated_from=label, rests_on=rests_on,
        no_effect_before=chance.get("prior"), no_effect_after=chance.get("borrowed"),
        told_from_none=_told(about), not_known=base.published.gaps,
    )  # fmt: skip


def _told(about: Mapping[str, Any]) -> bool:
    against = about.get("against_none", {}).get("without_the_most_telling", 0.0)
    return float(against) >= ENOUGH


def best_effect(disease: str, base: Base) -> ShownEffect | None:
    """Return the endpoint with most patients in the best design; None where nothing was printed."""
    found = [
        (
            ORDER.index(stratum.kind), -stratum.patients, choice.endpoint, choice.week, stratum,
            interval,
        )
        for choice in choices_in(base)
        for stratum in _strata(base, choice.endpoint, choice.week)
        if stratum.kind in ORDER and _is_result(base, choice.endpoint, stratum)
        if (interval := stratum_interval(stratum)) is not None
    ]  # fmt: skip
    if not found:
        return None
    _, _, key, week, stratum, interval = min(found, key=lambda one: one[:4])
    row = base.gathered.rows[key][0]
    unit = unit_of(row.endpoint, base.endpoints) if stratum.measure in ("md", "mean") else ""
    alone = stratum.kind == "single-arm"
    return ShownEffect(
        design=STUDY_TYPES[stratum.kind], endpoint=endpoint_name(row.endpoint, base.endpoints),
        week=week, measure=SCALES[stratum.measure].name,
        unit=unit,
        words=interval_words(interval, stratum.measure), interval=interval,
        studies=len(stratum.members), patients=stratum.patients, randomised=stratum.randomised,
        pooled=stratum.pooled is not None,
        placebo=_placebo(disease, key, week, stratum) if alone else None,
    )  # fmt: skip


def _is_result(base: Base, key: str, stratum: Stratum) -> bool:
    """Whether something was compared: a level of a single arm is compared with nothing."""
    return stratum.kind != "single-arm" or base.gathered.rows[key][0].measure != "value"


def _strata(base: Base, key: str, week: float) -> Sequence[Stratum]:
    measure = MEASURES[base.gathered.rows[key][0].measure][0]
    return strata_near(base, key, week=week, window=WINDOW_WEEK, measure=measure)[0]


def _placebo(disease: str, key: str, week: float, beside: Stratum) -> str | None:
    """Return what placebo arms show of the same endpoint about the same time."""
    base = base_of(disease, "placebo")
    window = max(PLACEBO_WEEK, week / 2)
    if key not in base.gathered.rows:
        return None
    found, _ = strata_near(base, key, week=week, window=window, measure=beside.measure)
    known = [(one, interval) for one in found if (interval := stratum_interval(one)) is not None]
    if not known:
        return _uncounted(base, key, week, window, beside)
    most, interval = max(known, key=lambda one: one[0].patients)
    words = interval_words(interval, most.measure)
    count = len(most.members)
    return f"{words}; {count} placebo {'arm' if count == 1 else 'arms'}, {most.patients} patients"


def _uncounted(base: Base, key: str, week: float, window: float, beside: Stratum) -> str | None:
    """Return the range over placebo arms whose numbers of patients were not printed."""
    rows = [row for row in base.gathered.rows[key] if abs(row.week - week) <= window]
    values = sorted(row.estimate for row in rows if math.isfinite(row.estimate))
    if not values:
        return None
    ends = dict.fromkeys(value_words(value, beside.measure) for value in (values[0], values[-1]))
    arms = "arm" if len(values) == 1 else "arms"
    return f"{' to '.join(ends)} in {len(values)} placebo {arms} of unstated size"


def overview_document(found: Iterable[DiseaseOverview]) -> dict[str, Any]:
    """Return an overview as plain data."""
    return {
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
        "diseases": [asdict(one) for one in found],
    }


def overview_tables(found: Iterable[DiseaseOverview]) -> tuple[Table, ...]:
    """Return an overview as tables of text."""
    rows = list(found)
    return (
        Table(
            "Evidence on stromal cells, any product and route; the effect is that of cells by vein",
            ("disease", "randomised", "others", "grade", "effect (95 % interval)", "design"),
            tuple(
                (
                    one.id, f"{one.randomised_patients} patients, {one.randomised_studies} studies",
                    f"{one.other_patients} patients, {one.other_studies} studies", one.grade,
                    one.effect_reason if one.effect is None else effect_line(one.effect),
                    "" if one.effect is None else design_line(one.effect),
                )
                for one in rows
            ),
        ),
        Table(
            "What the model of cells rests on, and what is not known",
            ("disease", "calibrated from", "no effect, before and after", "not known"),
            tuple(
                (one.id, one.calibrated_from or "nothing", _chance(one), "; ".join(one.not_known))
                for one in rows
            ),
        ),
    )  # fmt: skip


def effect_line(effect: ShownEffect) -> str:
    """Return an effect in few words, as `Risk ratio of ACR 20 % response 1.50 (0.80 to 2.80)`."""
    unit = f" {effect.unit}" if effect.unit else ""
    return f"{effect.endpoint}, week {effect.week:g}: {effect.measure} {effect.words}{unit}"


def design_line(effect: ShownEffect) -> str:
    """Return the design behind an effect: kind, studies, patients, placebo beside single arms."""
    studies = "one study" if effect.studies == 1 else f"{effect.studies} studies pooled"
    base = f"{effect.design}, {studies}, {effect.patients} patients"
    if effect.design == STUDY_TYPES["single-arm"]:
        return f"{base}, none randomised; on placebo: {effect.placebo or 'not printed'}"
    return f"{base}, {effect.randomised} randomised"


def _chance(one: DiseaseOverview) -> str:
    if one.no_effect_before is None or one.no_effect_after is None:
        return "not calibrated"
    told = "" if one.told_from_none else "; hangs on one study"
    return f"{100 * one.no_effect_before:.0f} % and {100 * one.no_effect_after:.0f} %{told}"
