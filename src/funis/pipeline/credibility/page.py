"""The credibility page as Markdown, and as plain data: what failed first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from funis.calibrate.unreported_file import null_entry, null_sentence
from funis.calibrate.validation import PREDICTORS
from funis.evidence import Arm, Study
from funis.pipeline.calibrate import calibration_document, calibration_tables
from funis.pipeline.credibility.assemble import Credibility, failures
from funis.pipeline.credibility.structures import DRAWS
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.pipeline.unreported import trials_table
from funis.pipeline.validate import validation_document, validation_tables
from funis.report import RESEARCH_USE

NOT_DONE = "not done"

NOT_WEIGHED = (
    "Forms that published data do not settle. A trial file selects them; none is averaged in, and"
    f" none has a weight (leave-one-out: {NOT_DONE})."
)

QUESTION = (
    "Which regimen of umbilical-cord stromal cells (dose, interval, route), and which patients,"
    " are most informative to test? ({name})"
)
USE = (
    "Design of trials and ranking of hypotheses in research: what a planned trial may show, how"
    " sure that is, and what would show that cells do nothing. Never the care of an individual,"
    " never evidence of efficacy."
)
ASSESSMENT = (
    ("model influence", "supplementary: evidence and experts decide, the model adds to them"),
    ("decision consequence", "low to moderate: a trial that is planned badly costs money, time and"
     " the exposure of its patients"),
    ("model risk", "low to moderate, by influence and consequence together"),
)  # fmt: skip


def credibility_page(found: Credibility) -> str:
    """Return the page of a disease as Markdown."""
    name, disease = found.model.name, found.model.id
    parts = [
        f"# {name}: credibility",
        f"{RESEARCH_USE}\n\nWritten by `funis credibility {disease}`; no figure is typed by hand."
        " The model card says what the model is and what it cannot say:"
        f" `library/diseases/{disease}/card.md`.",
        _failed(found),
        f"## Question and context of use\n\n{QUESTION.format(name=name)}\n\n{USE}",
        _table("## Assessment (V&V 40, ICH M15)", ("", ""), ASSESSMENT),
        _table("## Activities", ("step", "asked", "found"), activities(found)),
        "## What the posterior rests on\n\n" + _markdown(calibration_tables(found.ensemble_tables)),
        _unreported(found),
        "## Validation: each study predicted from all the others\n\n"
        + _markdown(validation_tables(found.validation)),
        _table(
            "## Applicability", ("", "published studies", "context of use"), applicability(found)
        ),
        _gaps(found),
        _forms(found),
    ]  # fmt: skip
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _failed(found: Credibility) -> str:
    said = failures(found)
    lines = "\n".join(f"- {line}" for line in said) or "- nothing that was tested failed"
    return f"## What failed\n\n{lines}"


def activities(found: Credibility) -> tuple[tuple[str, str, str], ...]:
    """Return the credibility activities: what was asked, and the figure that was found."""
    validated = bool(found.validation.studies)
    asked80 = "80 % intervals hold 72 to 92 % of the rows, better than simpler predictors"
    return (
        ("code verification", "every virtual patient solved, none dropped", _solved(found)),
        ("", "two engines, units, mass balance, full against quasi-steady form",
         "in the test suite (tests/numerics); no figure is kept"),
        ("calculation verification", "tolerance, event timing, seeds",
         "in the test suite; one patient in a hundred of every run is solved twice"),
        ("steady state or natural course", "at least 70 % of raw draws pass the gate",
         _gate(found, "population")),
        ("placebo population", "published placebo arms", _gate(found, "placebo")),
        ("pharmacology", "sign and size of targeted drugs", _gate(found, "pharmacology")),
        ("parameters", "a source for each", _parameters(found)),
        ("model form", "structures as scenarios, weights by leave-one-out",
         _forms_line(found)),
        ("calibration", "contraction, ranks uniform on synthetic cohorts", _calibration(found)),
        ("validation, internal", asked80, _coverage(found) if validated else NOT_DONE),
        ("validation, external", "studies not in the evidence, without refit",
         f"{NOT_DONE} here (`funis validate --studies FILE`)"),
        ("prospective", "predictions before the results",
         f"{len(found.entries)} in the ledger: {', '.join(found.entries)}" if found.entries
         else f"{NOT_DONE}: no entry of this disease in the ledger"),
        ("uncertainty", "knowledge and chance apart", _uncertainty(found)),
        ("", "global sensitivity (Sobol, PRCC)", NOT_DONE),
        ("transparency", "card, sources, gaps",
         f"card with {len(found.gates)} generated gates; {len(found.evidence.gaps)} gaps named"),
    )  # fmt: skip


def _forms_line(found: Credibility) -> str:
    forms = found.forms
    if forms is None or not forms.rows:
        return f"weights {NOT_DONE}"
    most = max(forms.rows, key=lambda one: abs(one.moved))
    return (
        f"{len(forms.rows)} structures; weights {NOT_DONE}; {forms.trial}'s difference of"
        f" {forms.default:.3g} moves most under {most.id}: to {most.estimate:.3g}"
    )


def _solved(found: Credibility) -> str:
    gate = found.gates.get("population")
    failed = None if gate is None else gate.share("failed to solve")
    return NOT_DONE if failed is None else f"{failed} of raw draws failed to solve (card)"


def _gate(found: Credibility, name: str) -> str:
    gate = found.gates.get(name)
    if gate is None:
        return NOT_DONE
    return gate.title


def _parameters(found: Credibility) -> str:
    counts = dict(found.parameters)
    without = counts.pop("without a source")
    total = sum(counts.values())
    parts = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    share = 100 * counts.get("assumed", 0) / max(total, 1)
    return f"{total} parameters: {parts}; {share:.0f} % assumed; {without} without a source"


def _calibration(found: Credibility) -> str:
    shares = ", ".join(f"{name} {value:.2f}" for name, value in found.contraction.items())
    if found.sbc is None:
        return f"contraction, own rows: {shares}; ranks {NOT_DONE}"
    sbc = found.sbc
    values = ", ".join(f"{name} {sbc.p_value(name):.2f}" for name in sbc.names)
    return (
        f"contraction, own rows: {shares}; uniform ranks in {len(sbc.places)} synthetic cohorts,"
        f" p (truths are spread evenly: near 1 where the studies tell nothing): {values}"
    )


def _coverage(found: Credibility) -> str:
    one = found.validation
    low, high = one.coverage_interval(0.8)
    scores = ", ".join(f"{name.replace('_', ' ')} {one.score(name):.4f}" for name in PREDICTORS)
    return (
        f"{100 * one.coverage(0.8):.0f} % ({100 * low:.0f} to {100 * high:.0f}) of {len(one.rows)}"
        f" rows of {len(one.studies)} studies; 95 %: {100 * one.coverage(0.95):.0f} %; mean CRPS:"
        f" {scores}"
    )


def _uncertainty(found: Credibility) -> str:
    one = found.uncertainty
    if one is None:
        return NOT_DONE
    return (
        f"{one.trial} meets its rule with probability {100 * one.probability:.0f} %"
        f" ({100 * one.no_effect:.1f} % if cells do nothing); {100 * one.knowledge:.0f} % of the"
        " variance of its difference is lack of knowledge, the rest which patients come"
    )


def applicability(found: Credibility) -> tuple[tuple[str, str, str], ...]:
    """Return how far published studies are from the context of use."""
    studies = [one for one in found.evidence.studies if one.fitted]
    n = len(studies)
    cord = sum(one.product.source == "umbilical_cord" for one in studies)
    randomised = [one for one in studies if one.randomised]
    blinded = sum(one.design.blinding == "double" for one in randomised)
    known = sum(_regimen_known(one) for one in studies)
    counts = Counter(one.country or "not stated" for one in studies).most_common(4)
    people = sum(one.population.n or 0 for one in randomised)
    families = {one.family or one.id for one in studies}
    arms = [arm for one in studies for arm in _with_cells(one)]
    routes = Counter(arm.route or "not stated" for arm in arms).most_common(4)
    return (
        ("product", f"umbilical cord in {cord} of {n}", "umbilical cord"),
        ("regimen", f"dose, route and schedule known in {known} of {n}", "known"),
        ("routes", _counted(routes), "as planned"),
        ("design", f"{len(randomised)} of {n} randomised ({people} patients), {blinded} of them"
         " double-blind", "randomised, blinded"),
        ("independence", f"{len(families)} centre families", "several centres"),
        ("countries", _counted(counts), "any"),
    )  # fmt: skip


def _with_cells(study: Study) -> list[Arm]:
    return [arm for arm in study.arms if arm.cells_per_infusion != 0 and arm.route != "none"]


def _regimen_known(study: Study) -> bool:
    cells = _with_cells(study)
    return bool(cells) and not any(arm.regimen_unknown for arm in cells)


def _counted(pairs: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in pairs) or "none"


def _unreported(found: Credibility) -> str:
    """Return which registered trials nobody has reported, and what their silence may hide."""
    table = trials_table(found.model.id)
    entry = null_entry(found.model.id)
    said = NOT_DONE if entry is None else null_sentence(entry)
    shown = table.markdown() if table.rows else "The evidence knows none of this disease."
    return f"## Registered trials without results\n\n{said}\n\n{shown}"


def _forms(found: Credibility) -> str:
    """Return how far the difference of the demo trial moves under each form of the model."""
    forms = found.forms
    if forms is None:
        return f"## Competing structures\n\n{NOT_WEIGHED} How far they move a trial: {NOT_DONE}."
    rows = [
        (one.id, one.question, one.title, f"{one.estimate:.3g}", f"{one.moved:+.3g}")
        for one in sorted(forms.rows, key=lambda one: -abs(one.moved))
    ]
    title = (
        f"## Competing structures\n\n{NOT_WEIGHED} The difference of {forms.trial} ({forms.what})"
        f" is {forms.default:.3g} by the default form: mean over {DRAWS} draws of the posterior, in"
        " patients with the same luck, without drop-out and what studies differ by. Under each"
        " other form, with what cells do as calibrated by the default form:"
    )
    columns = ("structure", "question", "what it says", "difference", "moved by")
    return _table(title, columns, rows)


def _gaps(found: Credibility) -> str:
    if not found.evidence.gaps:
        return ""
    lines = "\n".join(f"- {gap}" for gap in found.evidence.gaps)
    return f"What was looked for and not found:\n\n{lines}"


def _markdown(tables: Sequence[Table]) -> str:
    return "\n".join(table.markdown() for table in tables)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return Table(title, columns, tuple(rows)).markdown()


def credibility_document(found: Credibility) -> dict[str, Any]:
    """Return the page as plain data."""
    entry = null_entry(found.model.id)
    document: dict[str, Any] = {
        "research_use": RESEARCH_USE,
        "disease": found.model.id,
        "failed": list(failures(found)),
        "question": QUESTION.format(name=found.model.name),
        "context_of_use": USE,
        "assessment": dict(ASSESSMENT),
        "activities": [
            {"step": step, "asked": asked, "found": figure}
            for step, asked, figure in activities(found)
        ],
        "contraction": dict(found.contraction),
        "calibration": calibration_document(found.ensemble_tables)["diseases"],
        "validation": {
            key: value
            for key, value in validation_document(found.validation).items()
            if key not in ("research_use", "rows", "contrasts", "skipped")
        },
        "applicability": [
            {"what": what, "published": published, "use": use}
            for what, published, use in applicability(found)
        ],
        "gaps": list(found.evidence.gaps),
        "unreported_null": None if entry is None else entry.model_dump(),
        "structures_weighed": False,
        "structures": None if found.forms is None else asdict(found.forms),
        "ledger": list(found.entries),
    }
    return {name: finite(value) for name, value in document.items()}
