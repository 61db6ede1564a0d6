"""Frozen values of the table of studies: what is asked for, and a line a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funis.evidence import Study
from funis.report.content import Interval

Sign = Literal["low", "some", "high", "not judged"]

SIGN_WORDS: dict[Sign, str] = {
    "low": "few signs of bias",
    "some": "some signs of bias",
    "high": "strong signs of bias",
    "not judged": "not judged",
}


@dataclass(frozen=True, slots=True)
class BiasSigns:
    """What a record itself says of the risk of bias; no assessment by a person.

    Attributes
    ----------
    level : str
        low | some | high | not judged.
    reasons : tuple of str
        The signs in words, the gravest first.
    """

    level: Sign
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """The level in words."""
        return SIGN_WORDS[self.level]


@dataclass(frozen=True, slots=True)
class MainOutcome:
    """The outcome that stands for a study in a table.

    Attributes
    ----------
    endpoint : str
        Key of the endpoint, or the published name where it has no meaning in the disease.
    week : float or None
    measure : str
        What the number is, in words.
    compared : bool
        Whether it compares cells (or a drug) with a control.
    text : str
        Estimate with its interval, in words.
    printed : bool
        Whether it stands as printed, because nothing could be read in our units.
    """

    endpoint: str
    name: str
    week: float | None
    measure: str
    compared: bool
    interval: Interval
    text: str
    printed: bool = False


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One study of the table.

    Attributes
    ----------
    year : int or None
        Of publication, as its citation or its id says.
    routes : tuple of str
        As printed, of arms that were given something.
    doses : tuple of float or None
        Least and most cells of one infusion; a dose per kg at the reference weight [cell].
    randomised_patients : int
        0 where nobody was allocated by chance.
    follow_up_week : float or None
        Latest week of an outcome.
    outcome : MainOutcome or None
        None where no number was printed, as ``no_outcome`` says.
    represented : bool
        Whether the model can be asked for a number of this study; ``not_represented`` says why not.
    link : str
        Address of the publication or of the first source.
    """

    study: Study
    year: int | None
    routes: tuple[str, ...]
    doses: tuple[float, float] | None
    randomised_patients: int
    follow_up_week: float | None
    outcome: MainOutcome | None
    no_outcome: str
    bias: BiasSigns
    represented: bool
    not_represented: str
    link: str

    @property
    def randomised_words(self) -> str:
        """How many patients chance allocated, in words."""
        if self.study.randomised and self.study.population.n is None:
            return "randomised, number not known"
        return f"{self.randomised_patients:,} randomised"


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """Which studies are wanted; what is None or empty filters nothing.

    Attributes
    ----------
    disease, study_type, source, route
        Id of a disease, label of a design, tissue or ``drug``, and a route such as ``iv``.
    randomised, blinded
        Randomised studies alone; studies in which somebody did not know the treatment alone.
    from_year, to_year : int or None
    least_dose, most_dose : float or None
        Cells of one infusion; studies whose dose is not known fall out [cell].
    text : str
        Words that all stand in the id, title, citation, registry number or notes.
    represented : bool or None
        Studies that the model can be asked about, or those that it cannot.
    """

    disease: str | None = None
    study_type: str | None = None
    source: str | None = None
    route: str | None = None
    randomised: bool = False
    blinded: bool = False
    from_year: int | None = None
    to_year: int | None = None
    least_dose: float | None = None
    most_dose: float | None = None
    text: str = ""
    represented: bool | None = None


@dataclass(frozen=True, slots=True)
class StudyTable:
    """The studies that were asked for, of how many, and what may be asked for."""

    entries: tuple[StudyEntry, ...]
    of: int
    diseases: tuple[str, ...]
    study_types: tuple[str, ...]
    sources: tuple[str, ...]
    routes: tuple[str, ...]
    years: tuple[int, int]

    @property
    def randomised_patients(self) -> int:
        """Patients allocated by chance to cells or a control; shared patients count twice."""
        return sum(one.randomised_patients for one in self.entries if one.study.gate is None)

    @property
    def of_unknown_size(self) -> int:
        """Randomised studies whose patients are not counted, because no number was read."""
        return sum(e.study.randomised and e.study.population.n is None for e in self.entries)

    @property
    def randomised_to_drugs(self) -> int:
        """Patients allocated by chance to a targeted drug or a control."""
        return sum(one.randomised_patients for one in self.entries if one.study.gate is not None)
