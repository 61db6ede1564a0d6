"""One record of the evidence as a page for people: what it is, its arms, results and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from funis.evidence import (
    AdverseEvent,
    Arm,
    GateRow,
    NaturalRow,
    Outcome,
    Pairs,
    Source,
    Study,
)
from funis.pipeline.evidence import plain_record, thawed
from funis.pipeline.tables import Table

COUNTRY_UNKNOWN = "country not stated"


def record_lines(record: Study | NaturalRow) -> tuple[str, ...]:
    """Return what stands above the tables of a record, a line each."""
    return _row_lines(record) if isinstance(record, NaturalRow) else _study_lines(record)


def record_tables(record: Study | NaturalRow) -> tuple[Table, ...]:
    """Return the tables of a record; those that would be empty are left out."""
    if isinstance(record, NaturalRow):
        return _row_tables(record)
    gate = () if record.gate is None else (record.gate,)
    tables = (
        _table("Arms", record.arms, ARM),
        _table("Effect that the immune core has to reproduce", gate, GATE),
        _table("Outcomes", record.outcomes, OUTCOME),
        _table("Adverse events", record.adverse_events, EVENT),
        _table("Sources", record.sources, SOURCE),
    )
    return tuple(table for table in tables if table is not None)


def _study_lines(study: Study) -> tuple[str, ...]:
    own = "your own study: " if study.origin == "user" else ""
    ids = (("doi", study.doi), ("PubMed", study.pmid), ("registry", study.registry))
    lines = [
        f"{own}{study.id}: {study.title}",
        "; ".join(part for part in (study.citation, *_pairs(ids)) if part),
        f"{study.evidence_type}, {study.country or COUNTRY_UNKNOWN}, disease {study.disease},"
        f" confidence {study.confidence}",
        *_named("Design", study.design),
        *_named("Population", study.population),
        *_named("Product", study.product),
        _use(study),
        *_pairs((("Context", study.context), ("Left out because", study.excluded_reason))),
        *_pairs((("Notes", study.notes),)),
        *_extra_lines(study.extra),
    ]
    return tuple(line for line in lines if line)


def _use(study: Study) -> str:
    """Return whether the study may be fitted, and with whom it shares patients."""
    parts = ["may be fitted" if study.fitted else "context, never fitted"]
    if study.family is not None:
        parts.append(f"family {study.family} ({study.family_basis})")
    if study.overlaps:
        parts.append(f"shares or may share patients with {', '.join(study.overlaps)}")
    if study.distinct_from:
        parts.append(f"other patients than {', '.join(study.distinct_from)}")
    if study.duplicate_of is not None:
        parts.append(f"the patients of {study.duplicate_of}")
    return f"Use: {'; '.join(parts)}"


def _row_lines(row: NaturalRow) -> tuple[str, ...]:
    known = plain_record(row)
    shown = {key: value for key, value in known.items() if key not in ("id", "rows", "extra")}
    return (row.id, *_pairs(shown.items()), *_extra_lines(row.extra))


def _row_tables(row: NaturalRow) -> tuple[Table, ...]:
    cells = [dict(one) for one in row.rows]
    columns = tuple(dict.fromkeys(key for one in cells for key in one))
    rows = tuple(tuple(_value(one.get(key)) for key in columns) for one in cells)
    return (Table("Rows", columns, rows),) if rows else ()


Columns = Sequence[tuple[str, Callable[[Any], str]]]


def _table(title: str, records: Sequence[Any], columns: Columns) -> Table | None:
    """Return records as a table; columns in which nothing stands are left out."""
    rows = [[show(record) for _, show in columns] for record in records]
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    if not rows:
        return None
    heads = tuple(columns[place][0] for place in kept)
    return Table(title, heads, tuple(tuple(row[place] for place in kept) for row in rows))


def _dose(arm: Arm) -> str:
    known = (
        (arm.cells_per_infusion, "cells"),
        (arm.cells_per_kg, "cells/kg"),
        (arm.cells_per_infusion_range, "cells"),
        (arm.cells_per_kg_range, "cells/kg"),
        (arm.total_cells, "cells in all"),
        (arm.dose, ""),
    )
    return "; ".join(f"{_value(x)} {unit}".strip() for x, unit in known if x is not None)


def _infusions(arm: Arm) -> str:
    number = arm.infusions_text or arm.infusions_range or arm.infusions
    days = f" on day {_value(arm.days)}" if arm.days else ""
    return f"{_value(number)}{days}".strip()


def _count(row: Outcome | AdverseEvent) -> str:
    count = row.events if isinstance(row, Outcome) else row.patients
    share = "" if row.pct is None else f"{row.pct:g} %"
    if count is None:
        return share
    of = "an unknown number" if row.n is None else str(row.n)
    return f"{count} of {of}" + (f" ({share})" if share else "")


def _number(row: Outcome) -> str:
    known = (
        ("mean", row.mean), ("SD", row.sd), ("SE", row.se), ("±", row.pm),
        ("median", row.median), ("IQR", _span(row.iqr)), ("range", _span(row.range)),
        (row.kind or "estimate", row.estimate), ("95 %", _span(row.ci95)), ("p", row.p),
    )  # fmt: skip
    return ", ".join(_pairs(known, " "))


def _words(row: Outcome | AdverseEvent) -> str:
    own = row.qualitative if isinstance(row, Outcome) else None
    extra = "; ".join(_extra_lines(row.extra))
    parts = (row.direction, own, row.definition, row.notes, extra)
    return "; ".join(part for part in parts if part)


def _effect(row: AdverseEvent) -> str:
    known = ((row.kind or "estimate", row.estimate), ("95 %", _span(row.ci95)), ("I²", row.i2))
    return ", ".join(_pairs((*known, ("p", row.p)), " "))


ARM: Columns = (
    ("arm", lambda arm: arm.id),
    ("n", lambda arm: _value(arm.n)),
    ("route", lambda arm: _value(arm.route)),
    ("dose of an infusion", _dose),
    ("infusions", _infusions),
    ("beside it", lambda arm: _value(arm.cotreatment)),
    ("notes", lambda arm: "; ".join((*_extra_lines(arm.extra), arm.notes or "")).strip("; ")),
)
OUTCOME: Columns = (
    ("arm", lambda row: row.arm),
    ("endpoint", lambda row: row.endpoint),
    ("week", lambda row: _value(row.week if row.week is not None else row.time)),
    ("n", lambda row: _value(row.n)),
    ("patients", _count),
    ("number", _number),
    ("unit", lambda row: _value(row.unit)),
    ("subgroup", lambda row: _value(row.subgroup)),
    ("words", _words),
    ("where", lambda row: _value(row.where)),
)
EVENT: Columns = (
    ("arm", lambda row: row.arm),
    ("event", lambda row: row.term),
    ("patients", _count),
    ("times", lambda row: _value(row.events)),
    ("effect", _effect),
    ("serious", lambda row: _value(row.serious)),
    ("words", _words),
    ("where", lambda row: _value(row.where)),
)
GATE: Columns = (
    ("endpoint", lambda gate: _value(gate.endpoint)),
    ("week", lambda gate: _value(gate.week)),
    ("arms", lambda gate: f"{_value(gate.arm)} against {_value(gate.reference)}"),
    ("direction", lambda gate: gate.direction),
    ("effect", lambda gate: _gate_effect(gate)),
    ("scale", lambda gate: gate.scale),
    ("tier", lambda gate: gate.tier),
    ("basis", lambda gate: gate.basis),
)
SOURCE: Columns = (
    ("read in", lambda source: _value(source.what)),
    ("address", lambda source: source.url),
    ("notes", lambda source: _notes(source)),
)


def _gate_effect(gate: GateRow) -> str:
    known = (
        ("", gate.effect),
        ("95 %", _span(gate.ci95)),
        ("range", _span(gate.effect_range)),
    )
    return ", ".join(_pairs(known, " "))


def _notes(source: Source) -> str:
    return "; ".join(_extra_lines(source.extra))


def _named(title: str, record: Any) -> Iterable[str]:
    known = plain_record(record)
    more = known.pop("extra", {})
    parts = [*_pairs(known.items(), " "), *_pairs(more.items(), " ")]
    return [f"{title}: {'; '.join(parts)}"] if parts else []


def _extra_lines(extra: Pairs) -> list[str]:
    return _pairs((name, thawed(value)) for name, value in extra)


def _pairs(known: Iterable[tuple[str, Any]], between: str = ": ") -> list[str]:
    return [
        f"{name.replace('_', ' ')}{between}{_value(value)}".strip()
        for name, value in known
        if value is not None
    ]


def _span(limits: tuple[float, ...] | None) -> str | None:
    return None if limits is None else " to ".join(map(_value, limits))


def _value(value: Any) -> str:
    """Return a value of a record in words; nothing where it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(_pairs(value.items(), " "))
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
