"""From the blocks ``design`` and ``missing`` of a trial file to values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from funis.checks import Expression
from funis.protocol.designs import (
    Bias,
    Crossover,
    Design,
    Enrolment,
    Escalation,
    Missing,
    Randomisation,
    Sites,
    Unmasking,
)
from funis.protocol.lines import Path
from funis.protocol.values import FrozenMapping

if TYPE_CHECKING:
    from funis.protocol.design_schema import (
        AllocationSchema,
        DesignSchema,
        EscalationSchema,
        MissingSchema,
        SitesSchema,
    )

STRATA: Path = ("design", "allocation", "strata")


def design_texts(design: DesignSchema | None, missing: Sequence[MissingSchema]) -> dict[Path, str]:
    """Return the expressions of both blocks by their path."""
    strata = () if design is None else design.allocation.strata
    texts: dict[Path, str] = {(*STRATA, place): text for place, text in enumerate(strata)}
    for place, one in enumerate(missing):
        if one.when is not None:
            texts["missing", place, "when"] = one.when
    return texts


def design_from(
    given: DesignSchema | None, expressions: Mapping[Path, Expression]
) -> Design | None:
    """Return the design, None where the file has none."""
    if given is None:
        return None
    turns = given.crossover
    return Design(
        kind=given.kind,
        masking=given.masking,
        allocation=_allocation(given.allocation, expressions),
        bias=None if given.bias is None else Bias(given.bias.sd, given.bias.source),
        unmasking=None
        if given.unmasking is None
        else Unmasking(given.unmasking.by, given.unmasking.share, given.unmasking.source),
        enrolment=None
        if given.enrolment is None
        else Enrolment(
            given.enrolment.patients_per_month,
            given.enrolment.sites,
            given.enrolment.start_up_week,
        ),
        sites=None if given.sites is None else _sites(given.sites),
        crossover=None
        if turns is None
        else Crossover(turns.period_week, turns.washout_week, FrozenMapping(turns.sequences)),
        escalation=None if given.escalation is None else _escalation(given.escalation),
    )


def missing_from(
    given: Sequence[MissingSchema], expressions: Mapping[Path, Expression]
) -> tuple[Missing, ...]:
    """Return what is missing."""
    return tuple(
        Missing(
            one.id,
            one.mechanism,
            one.probability,
            expressions.get(("missing", place, "when")),
            one.lost,
            one.source,
        )
        for place, one in enumerate(given)
    )


def _allocation(given: AllocationSchema, expressions: Mapping[Path, Expression]) -> Randomisation:
    strata = tuple(expressions[(*STRATA, place)] for place in range(len(given.strata)))
    return Randomisation(FrozenMapping(given.ratio), given.method, given.block, strata)


def _sites(given: SitesSchema) -> Sites:
    hold = given.hold_minute
    return Sites(
        None if hold is None else hold.mean,
        0.0 if hold is None else hold.sd,
        given.missed_rate,
        given.halved_rate,
        given.source,
    )


def _escalation(given: EscalationSchema) -> Escalation:
    limit = given.dose_limiting
    return Escalation(
        given.method,
        given.levels,
        given.cohort,
        given.target,
        given.most,
        limit.grade,
        limit.terms,
        limit.within_day,
    )
