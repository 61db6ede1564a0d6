"""`funis evidence studies`: every published study as a line, filtered."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from threading import Lock

from funis.checks import InputError, Issue, IssueList, nearest, one_of
from funis.evidence import Study, all_studies, evidence_diseases, load_evidence
from funis.models import disease_ids, library_folder
from funis.pipeline.meta.printed import cells_of
from funis.pipeline.studies.outcome import Shelf, main_outcome, shelf_of
from funis.pipeline.studies.reach import not_of_cells, reach_of, user_hash, why_context
from funis.pipeline.studies.signs import bias_signs
from funis.pipeline.studies.values import StudyEntry, StudyFilter, StudyTable

TYPES = ("randomised", "non-randomised controlled", "single-arm", "meta-analysis", "other")
"""Designs, the better one first."""

LONGEST_TEXT = 200
"""Of words that are looked for."""

ROUTE_WORDS = re.compile(r"[a-z]+(?:_[a-z]+)?")
ROUTE_NAMES = {
    "iv": "by vein", "it": "into the fluid", "ia": "by artery", "sc": "under the skin",
    "im": "into a muscle", "local": "into the tissue itself", "oral": "by mouth",
    "intravascular": "into a vessel", "ia_renal": "by the artery of the kidney",
    "ia_pancreatic": "by the artery of the pancreas",
}  # fmt: skip
"""How a reader calls the routes of studies."""

_YEAR = re.compile(r"(?<!\d)(19[89]\d|20[0-4]\d)(?!\d)")
_NO_ROUTES = frozenset({"none", "sham", "or", "mixed"})


_making = Lock()
"""Held while entries are made: who asks at the same time waits instead of making them too."""

EVERY = StudyFilter()
"""Asks for every study."""


def filter_studies(wanted: StudyFilter = EVERY) -> StudyTable:
    """Return the studies that meet every wish.

    Raises
    ------
    InputError
        A disease, study type, source or route that no study has, a range that is empty or of
        no number, or a text that is too long.
    """
    entries = all_entries()
    known = {
        "disease": _names(entries, lambda e: (e.study.disease,)),
        "study_type": _names(entries, lambda e: (e.study.evidence_type,)),
        "source": _names(entries, lambda e: (e.study.product.source,)),
        "route": _names(entries, entry_routes),
    }
    years = sorted(entry.year for entry in entries if entry.year is not None)
    _check(wanted, known)
    chosen = tuple(entry for entry in entries if _meets(entry, wanted))
    return StudyTable(
        chosen, len(entries), known["disease"], known["study_type"], known["source"],
        known["route"], (years[0], years[-1]),
    )  # fmt: skip


def entry_of(study_id: str) -> StudyEntry:
    """Return one study of the table by its id.

    Raises
    ------
    InputError
        If there is none, with the nearest id.
    """
    entries = {entry.study.id: entry for entry in all_entries()}
    if study_id not in entries:
        near = nearest(study_id, list(entries))
        message, expected = f"no study '{study_id}'", "an id of `funis evidence studies`"
        raise InputError(Issue(None, None, "study", message, expected, near))
    return entries[study_id]


def all_entries() -> tuple[StudyEntry, ...]:
    """Return every study of the library and the user's own as entries, once for each state."""
    with _making:
        return _entries(user_hash())


def most_studied_disease() -> str:
    """Return the disease in which most patients were allocated to cells or not by chance."""
    counts: dict[str, int] = {}
    for entry in all_entries():
        if not not_of_cells(entry.study):
            of = entry.study.disease
            counts[of] = counts.get(of, 0) + entry.randomised_patients
    return max(counts, key=lambda disease: counts[disease])


def ready() -> bool:
    """Whether this process has made the entries before; the first time takes seconds."""
    return _entries.cache_info().currsize > 0


@lru_cache(maxsize=2)
def _entries(state: str) -> tuple[StudyEntry, ...]:
    shelves: dict[str, Shelf] = {}
    reach: dict[str, str] = {}
    for disease in evidence_diseases():
        evidence = load_evidence(disease)
        shelves[disease] = shelf_of(evidence)
        reach |= reach_of(evidence)
    found = [_entry(study, shelves.get(study.disease), reach) for study in all_studies()]
    return tuple(sorted(found, key=_order))


def _order(entry: StudyEntry) -> tuple[bool, bool, int, int]:
    """Studies of cells in a disease first, then the better design, then the later year."""
    study = entry.study
    known = study.disease in disease_ids()
    return (
        study.gate is not None, not known, TYPES.index(study.evidence_type), -(entry.year or 0)
    )  # fmt: skip


def entry_routes(entry: StudyEntry) -> tuple[str, ...]:
    """Return the single routes of a study, of words such as ``iv+sc`` each part."""
    words = (word for route in entry.routes for word in ROUTE_WORDS.findall(route))
    return tuple(dict.fromkeys(word for word in words if word not in _NO_ROUTES))


def route_text(route: str) -> str:
    """Return a route of a study such as ``it+iv`` in words; what is not known stays as it is."""
    named = ROUTE_WORDS.sub(lambda found: ROUTE_NAMES.get(found[0], found[0]), route)
    return named.replace("+", " and ")


def _entry(study: Study, shelf: Shelf | None, reach: dict[str, str]) -> StudyEntry:
    outcome, reason = main_outcome(study, shelf)
    why = not_of_cells(study) or reach.get(study.id, why_context(study))
    weeks = [row.week for row in study.outcomes if row.week is not None]
    doses = [cells for arm in study.arms if (cells := cells_of(arm))]
    routes = dict.fromkeys(arm.route for arm in study.arms if arm.route not in (None, "none"))
    return StudyEntry(
        study=study,
        year=_year(study),
        routes=tuple(route for route in routes if route),
        doses=(min(doses), max(doses)) if doses else None,
        randomised_patients=(study.population.n or 0) if study.randomised else 0,
        follow_up_week=max(weeks, default=None),
        outcome=outcome,
        no_outcome=reason,
        bias=bias_signs(study),
        represented=not why,
        not_represented=why,
        link=link_of(study),
    )


def link_of(study: Study) -> str:
    """Return the address of a publication: by its DOI or PubMed number, else the first source's."""
    if study.doi:
        return f"https://doi.org/{study.doi}"
    if study.pmid and study.pmid.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{study.pmid}/"
    urls = [one.url for one in study.sources if one.url.startswith(("https://", "http://"))]
    return urls[0] if urls else ""


def _year(study: Study) -> int | None:
    """Return the year of a study: of its id, as a citation may be of the review that lists it."""
    for text in (study.id, study.citation, study.title):
        found = _YEAR.findall((text or "").replace("_", " "))
        if found:
            return int(found[0])
    return None


def _names(
    entries: Sequence[StudyEntry], of: Callable[[StudyEntry], Iterable[str | None]]
) -> tuple[str, ...]:
    return tuple(sorted({name for entry in entries for name in of(entry) if name}))


def _check(wanted: StudyFilter, known: dict[str, tuple[str, ...]]) -> None:
    issues = []
    for key, names in known.items():
        value = getattr(wanted, key)
        if value and value not in names:
            expected = f"one of {', '.join(names)}"
            message = f"no study has the {key.replace('_', ' ')} '{value}'"
            issues.append(Issue(None, None, key, message, expected, nearest(value, names)))
    for low, high, what in (
        (wanted.from_year, wanted.to_year, "years"), (wanted.least_dose, wanted.most_dose, "doses"),
    ):  # fmt: skip
        if any(one is not None and not 0 <= one < math.inf for one in (low, high)):
            issues.append(Issue(None, None, what, "out of range", "0 or a number above it"))
        elif low is not None and high is not None and low > high:
            message = f"the range of {what} from {low:g} to {high:g} is empty"
            issues.append(Issue(None, None, what, message, "the lower number first"))
    if len(wanted.text) > LONGEST_TEXT:
        message = f"{len(wanted.text)} characters"
        issues.append(Issue(None, None, "text", message, f"at most {LONGEST_TEXT}"))
    IssueList(issues).raise_errors()


def _meets(entry: StudyEntry, wanted: StudyFilter) -> bool:
    study = entry.study
    return (
        (not wanted.disease or study.disease == wanted.disease)
        and (not wanted.study_type or study.evidence_type == wanted.study_type)
        and (not wanted.source or study.product.source == wanted.source)
        and (not wanted.route or wanted.route in entry_routes(entry))
        and (not wanted.randomised or study.randomised)
        and (not wanted.blinded or study.design.blinding in ("single", "double"))
        and (wanted.represented is None or entry.represented == wanted.represented)
        and _in_years(entry, wanted)
        and _in_doses(entry, wanted)
        and _says(study, wanted.text)
    )


def _in_years(entry: StudyEntry, wanted: StudyFilter) -> bool:
    if wanted.from_year is None and wanted.to_year is None:
        return True
    low, high = wanted.from_year or 0, wanted.to_year or 9999
    return entry.year is not None and low <= entry.year <= high


def _in_doses(entry: StudyEntry, wanted: StudyFilter) -> bool:
    if wanted.least_dose is None and wanted.most_dose is None:
        return True
    if entry.doses is None:
        return False
    low = 0.0 if wanted.least_dose is None else wanted.least_dose
    high = float("inf") if wanted.most_dose is None else wanted.most_dose
    return entry.doses[1] >= low and entry.doses[0] <= high


def _says(study: Study, text: str) -> bool:
    words = text.casefold().split()
    if not words:
        return True
    parts = (study.id, study.title, study.citation, study.registry, study.country, study.notes)
    whole = " ".join(part for part in parts if part).casefold()
    return all(word in whole for word in words)


@cache
def disease_names() -> dict[str, str]:
    """Return the diseases of the library by id, in words: the heading of each model card."""
    found = {}
    for name in disease_ids():
        card = library_folder() / "diseases" / name / "card.md"
        heading = card.read_text(encoding="utf-8").partition("\n")[0]
        found[name] = heading.removeprefix("#").partition(":")[0].strip()
    return found


def require_disease(disease: str) -> str:
    """Return the id of a disease of the library; a path to a folder of models is none.

    Raises
    ------
    InputError
        No such disease, with the nearest.
    """
    return one_of("disease", disease, disease_names())
