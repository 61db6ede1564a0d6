"""A disease's model as tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from funis.pipeline.model_view.equations import KIND_WORDS, Equation
from funis.pipeline.model_view.estimates import STAGES, Estimate, Spread
from funis.pipeline.model_view.numbers import STATUSES, Number, unit_words, value_words
from funis.pipeline.model_view.trust import Part
from funis.pipeline.model_view.view import ModelView
from funis.pipeline.model_view.why import Why
from funis.pipeline.tables import Table


def overview_tables(view: ModelView) -> tuple[Table, ...]:
    """Return what failed, and what the parameters rest on."""
    failed = tuple((line,) for line in view.trust.failures)
    none = (("nothing that was tested failed" if view.trust.computed
             else "not computed for this folder (funis credibility)",),)  # fmt: skip
    total = max(sum(view.counts.values()), 1)
    counts = tuple(
        (status, str(count), f"{100 * count / total:.0f} %", STATUSES[status])
        for status, count in view.counts.items()
    )
    title = f"{view.model.name}: {total} parameters"
    return (
        Table("What failed", ("",), failed or none),
        Table(title, ("status", "number", "share", "is"), counts),
        estimates_table(view.estimates),
    )


def equation_sections(view: ModelView, words: str = "") -> dict[tuple[str, str], list[Equation]]:
    """Return equations by file and heading, those alone whose id, text or meaning hold words."""
    wanted = words.casefold().split()
    sections: dict[tuple[str, str], list[Equation]] = {}
    for one in view.equations:
        text = f"{one.id} {one.text} {one.description} {one.section}".casefold()
        if all(word in text for word in wanted):
            heading = one.section or "without a heading"
            sections.setdefault((one.file, heading), []).append(one)
    return sections


def equation_tables(view: ModelView) -> tuple[Table, ...]:
    """Return the equations, section by section."""
    tables = [
        Table(
            f"{section} ({file})", ("", "is", "meaning"),
            tuple((one.left, one.text, one.description) for one in found),
        )
        for (file, section), found in equation_sections(view).items()
    ]  # fmt: skip
    known = tuple((one.id, one.text) for one in view.functions)
    return (*tables, Table("Functions", ("", "is"), known))


def number_table(found: Sequence[Number], total: int) -> Table:
    """Return parameters with their sources."""
    rows = tuple(
        (one.id, value_words(one.value), unit_words(one.unit), between_words(one), one.status,
         one.name, one.source, ", ".join(one.equations))
        for one in found
    )  # fmt: skip
    columns = ("parameter", "value", "unit", "95 % of patients", "status", "is", "source",
               "stands in")  # fmt: skip
    return Table(f"{len(found)} of {total} parameters", columns, rows)


def between_words(one: Number) -> str:
    """Return what 95 % of raw patients lie within, or the shares of what they may have."""
    if one.low is None or one.high is None:
        return one.spread or "all alike"
    return f"{value_words(round_to(one.low))} to {value_words(round_to(one.high))}"


def share_words(share: float) -> str:
    """Return a share as whole percent."""
    return f"{100 * share:.0f} %"


def round_to(value: float, digits: int = 3) -> float:
    """Return a value with some significant digits."""
    return float(f"{value:.{digits}g}")


def estimates_table(found: Sequence[Estimate]) -> Table:
    """Return the calibrated numbers before and after their studies."""
    rows = [
        (one.parameter if at == 0 else "", STAGES[one.stage] if at == 0 else "", spread.words,
         spread_words(spread), f"{100 * spread.nothing:.0f} %")
        for one in found for at, spread in enumerate(one.spreads)
    ]  # fmt: skip
    title = "Calibrated numbers, as a factor on the value of the library: median (80 % interval)"
    return Table(title, ("parameter", "by", "", "factor", "is 0"), tuple(rows))


def spread_words(spread: Spread) -> str:
    """Return median and 80 % interval of a factor."""
    _, low, middle, high, _ = spread.quantiles
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def form_table(view: ModelView) -> Table:
    """Return the structural alternatives."""
    rows = tuple(
        (one.id, one.question, one.title,
         ", ".join(f"{c.parameter} {value_words(c.default)} → {value_words(c.value)}"
                   for c in one.changes),
         one.weight, one.moved or "not computed")
        for one in view.forms
    )  # fmt: skip
    columns = ("structure", "question", "says", "changes", "weight", "moves the demo trial by")
    return Table("Structural alternatives: run beside the default, never averaged in", columns,
                 rows)  # fmt: skip


def measure_table(view: ModelView) -> Table:
    """Return scores and responses with their formulas, components with their observables."""
    rows = tuple(
        (one.id, one.sort, one.name,
         "; ".join(f"{rule.label}: {rule.text}" if rule.label else rule.text
                   for rule in one.rules) or one.observable or dict(one.facts).get("why", ""),
         one.source)
        for one in view.measures
    )  # fmt: skip
    return Table("What is measured", ("", "kind", "is", "formula or observable", "source"), rows)


def trust_tables(view: ModelView) -> tuple[Table, ...]:
    """Return what failed, the validation, the gates of the card, and the rest of the page."""
    found = view.trust
    parts = ([] if found.validation is None else [found.validation]) + list(found.parts)
    gates = [table for gate in found.gates.values() for table in gate.tables]
    tables = [table for part in parts for table in part_tables(part)]
    return (overview_tables(view)[0], *tables, *gates)


def part_tables(part: Part) -> tuple[Table, ...]:
    """Return a part of the credibility page as tables."""
    words = tuple((line,) for line in (*part.words, *part.items))
    said = (Table(part.title, ("",), words),) if words or not part.tables else ()
    return (*said, *part.tables)


def why_tables(found: Why) -> tuple[Table, ...]:
    """Return what is known of a number: facts, then where it stands, then what studies say."""
    between = "" if found.between is None else " to ".join(
        value_words(round_to(end)) for end in found.between
    )  # fmt: skip
    facts = [
        ("value", f"{found.value} {found.unit}".strip()), ("95 % of patients", between),
        ("spread", found.spread), ("status", found.status), ("source", found.source),
        ("where", found.where or ""), ("note", found.note or ""),
        ("file", ":".join(str(part) for part in (found.file, found.line) if part)),
        ("acts on the rates of", ", ".join(found.rates)),
        ("changed by structures", ", ".join(f"{n} (to {v:g})" for n, v in found.structures)),
    ]  # fmt: skip
    title = f"{found.id}: {found.name}"
    tables = [Table(title, ("", ""), tuple(row for row in facts if row[1]))]
    if found.equations:
        rows = tuple((one.left, one.text, one.description) for one in found.equations)
        tables.append(Table("Stands in", ("", "is", "meaning"), rows))
    if found.estimate is not None:
        tables.append(estimates_table((found.estimate,)))
    return tuple(tables)


def node_tables(view: ModelView, name: str) -> tuple[Table, ...]:
    """Return one equation, its parameters, and who acts on whom around it."""
    from funis.pipeline.model_view.drawing import sentences

    one = view.equation(name)
    facts = [
        ("equation", f"{one.left} = {one.text}"), ("is", KIND_WORDS[one.kind]),
        ("unit", unit_words(one.unit)), ("at the start", one.start or ""),
        ("uses", ", ".join(one.uses)), ("stands in", ", ".join(one.used_by)),
        ("file", f"{one.file}:{one.line}"),
        *(("", words) for words in sentences(view.graph, name, {})),
    ]  # fmt: skip
    numbers = [view.by_number[p] for p in one.parameters if p in view.by_number]
    title = f"{one.id}: {one.description}"
    return (
        Table(title, ("", ""), tuple(row for row in facts if row[1])),
        number_table(numbers, len(view.numbers)),
    )
