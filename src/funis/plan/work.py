"""The arithmetic of a worksheet, line by line: dose, vials, infusion, DMSO."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from funis.plan.directions import Contents, RouteDirections, for_weight
from funis.plan.exact import exact, product, rounded_down, rounded_up, shown, whole_up
from funis.plan.limits import Limits, WeightBand
from funis.plan.preparation import Line
from funis.product import Quantity, dmso
from funis.protocol import Intervention

MINUTE = Decimal(1)
MILLIGRAM = Decimal(1000)
PERCENT = Decimal("0.01")
OF_THE_ARM = "as the arm says"
NOT_STATED = "not stated by the protocol, the product or the evidence"


@dataclass(frozen=True, slots=True)
class Work:
    """What the lines of a worksheet are worked from.

    Attributes
    ----------
    given : Intervention
    vial : Contents
    route : RouteDirections
    band : WeightBand
        Doses are worked for its middle, vials for its heaviest weight, DMSO for its lightest.
    dose, dose_heaviest : Decimal
        Cells of one dose at the middle and at the heaviest weight of the band.
    living, recovered : Decimal
        Share of the cells that live after the hold, and that leave vial, bag and line.
    hold_minute : Decimal
    """

    given: Intervention
    vial: Contents
    route: RouteDirections
    band: WeightBand
    dose: Decimal
    dose_heaviest: Decimal
    living: Decimal
    recovered: Decimal
    hold_minute: Decimal

    @property
    def volume(self) -> Decimal:
        """Volume of a vial [mL]."""
        return number_of(self.vial.volume_ml)

    @property
    def content(self) -> Decimal:
        """Cells in a vial."""
        return product(*self.content_factors)

    @property
    def content_factors(self) -> tuple[Decimal, ...]:
        """What gives the cells in a vial: their number, or volume and concentration."""
        cells, concentration = self.vial.cells, self.vial.concentration_cell_per_ml
        if cells is not None:
            return (number_of(cells),)
        stated = () if concentration is None else (number_of(concentration),)
        return (self.volume, *stated)

    @property
    def delivered(self) -> Decimal:
        """Share of the cells of a vial that arrive living."""
        return product(self.living, self.recovered)

    @property
    def to_thaw(self) -> Decimal:
        """Cells of which the dose of the heaviest weight arrives living."""
        return Decimal(whole_up(self.dose_heaviest, self.delivered))

    @property
    def vials(self) -> int:
        """Vials to thaw."""
        return whole_up(self.to_thaw, self.content)

    @property
    def drawn(self) -> Decimal:
        """Volume from the vials [mL], rounded up."""
        return rounded_up(product(self.to_thaw, self.volume), self.content)

    @property
    def suspension(self) -> Decimal | None:
        """Volume that is given [mL], None where nobody states it."""
        by_weight = for_weight(self.route.volumes, self.band.middle_kg)
        if self.route.undiluted:
            return self.drawn
        if by_weight is not None:
            return number_of(by_weight)
        share = self.route.suspension_cell_per_ml
        return None if share is None else rounded_up(self.to_thaw, number_of(share))

    @property
    def duration(self) -> Decimal | None:
        """Minutes from the first to the last drop, rounded up; None where nobody states them."""
        stated = for_weight(self.route.durations, self.band.middle_kg)
        rate = for_weight(self.route.rates, self.band.middle_kg)
        if stated is not None:
            return number_of(stated)
        if rate is None or self.suspension is None:
            return None
        return rounded_up(self.suspension, number_of(rate), MINUTE)

    @property
    def expiry(self) -> Decimal | None:
        """Minutes from thaw to the end of the infusion at most."""
        stated = self.route.expiry_minute
        return None if stated.value is None else exact(stated.value)

    @property
    def in_time(self) -> bool | None:
        """Whether hold and infusion are over before the cells expire; None where nobody can say."""
        if self.expiry is None:
            return None
        if self.duration is None:
            return False if self.hold_minute > self.expiry else None
        return self.hold_minute + self.duration <= self.expiry


def number_of(quantity: Quantity) -> Decimal:
    """Return a reported number exactly.

    Raises
    ------
    ValueError
        It is not reported.
    """
    if quantity.value is None:
        raise ValueError("the number is not reported")
    return exact(quantity.value)


def origin(quantity: Quantity) -> str:
    """Return where a number comes from, in words."""
    stated = quantity.source or quantity.status.replace("_", " ")
    return stated if quantity.note is None else f"{stated}; {quantity.note}"


def all_lines(work: Work, limits: Limits) -> tuple[Line, ...]:
    """Return every line in the order of the work."""
    return (
        *dose_lines(work),
        *vial_lines(work),
        *course_lines(work),
        *suspension_lines(work),
        *time_lines(work),
        *load_lines(work, limits),
    )


def dose_lines(work: Work) -> tuple[Line, ...]:
    """Return the dose in total and per kg, and that of the heaviest weight of the band."""
    middle, high = work.band.middle_kg, work.band.high_kg
    per_kg = work.given.dose_cell_per_kg
    if per_kg is None:
        each = rounded_down(work.dose, middle, Decimal(1))
        formula = f"{shown(work.dose)} ÷ {shown(middle)}"
        return (
            _line("dose", shown(work.dose), work.dose, "cells", source=OF_THE_ARM),
            _line("dose per kg", formula, each, "cells/kg", "rounded down to whole cells"),
        )
    one = shown(exact(per_kg))
    return (
        _line("dose per kg", one, exact(per_kg), "cells/kg", source=OF_THE_ARM),
        _line("dose", f"{one} × {shown(middle)}", work.dose, "cells", "for the middle of the band"),
        _line(
            "dose at most", f"{one} × {shown(high)}", work.dose_heaviest, "cells",
            "for the heaviest weight of the band; vials are counted for it",
        ),
    )  # fmt: skip


def vial_lines(work: Work) -> tuple[Line, ...]:
    """Return the vials before and after losses, and the volume from them."""
    before = Decimal(whole_up(work.dose, work.content))
    most, content = shown(work.dose_heaviest), shown(work.content)
    stated = work.vial.cells or work.vial.concentration_cell_per_ml
    source = None if stated is None else origin(stated)
    hold = f"share that lives {shown(work.hold_minute)} minutes after thaw, times share recovered"
    whole = "rounded up to whole vials"
    return (
        _line(
            "cells in a vial", " × ".join(map(shown, work.content_factors)), work.content,
            "cells", source=source,
        ),
        _line(
            "vials before losses", f"ceil({shown(work.dose)} ÷ {content})", before,
            _vials(before), whole,
        ),
        _line(
            "share that arrives living", f"{shown(work.living)} × {shown(work.recovered)}",
            work.delivered, "fraction", hold,
        ),
        _line(
            "living cells if the dose alone is thawed",
            f"{shown(work.dose)} × {shown(work.delivered)}", product(work.dose, work.delivered),
            "cells", "a trial counts living and dead cells in its dose",
        ),
        _line(
            "cells to thaw", f"ceil({most} ÷ {shown(work.delivered)})", work.to_thaw, "cells",
            "so that the dose at most arrives living",
        ),
        _line(
            "vials to thaw", f"ceil({shown(work.to_thaw)} ÷ {content})", Decimal(work.vials),
            _vials(Decimal(work.vials)), whole,
        ),
        _line(
            "volume from the vials", f"{shown(work.to_thaw)} × {shown(work.volume)} ÷ {content}",
            work.drawn, "mL", "rounded up to 0.01 mL",
        ),
    )  # fmt: skip


def course_lines(work: Work) -> tuple[Line, ...]:
    """Return cells and vials of all infusions, where the arm has several."""
    times = Decimal(len(work.given.days))
    if times == 1:
        return ()
    cells, vials = f"{shown(times)} × {shown(work.dose)}", f"{shown(times)} × {work.vials}"
    note = "all infusions of the arm; every other line is of one"
    return (
        _line("infusions", shown(times), times, "infusions", source=OF_THE_ARM),
        _line("cells of all infusions", cells, product(times, work.dose), "cells", note),
        _line("vials of all infusions", vials, product(times, Decimal(work.vials)), "vials"),
    )


def suspension_lines(work: Work) -> tuple[Line, ...]:
    """Return the volume that is given and what it is diluted with; none where nobody states it."""
    volume = work.suspension
    if volume is None or work.route.undiluted:
        return ()
    share = work.route.suspension_cell_per_ml
    by_weight = for_weight(work.route.volumes, work.band.middle_kg)
    formula = shown(volume)
    if share is not None:
        formula = f"{shown(work.to_thaw)} ÷ {shown(number_of(share))}"
    stated = share or by_weight
    source = None if stated is None else origin(stated)
    lines = [_line("volume given", formula, volume, "mL", "rounded up to 0.01 mL", source)]
    vehicle = volume - work.drawn
    if vehicle >= 0:
        name = f"dilution with {work.route.vehicle}"
        lines.append(_line(name, f"{shown(volume)} - {shown(work.drawn)}", vehicle, "mL"))
    return tuple(lines)


def time_lines(work: Work) -> tuple[Line, ...]:
    """Return rate and duration of the infusion, expiry after thaw, what fits in between."""
    lines = []
    rate = for_weight(work.route.rates, work.band.middle_kg)
    stated = for_weight(work.route.durations, work.band.middle_kg)
    volume, expiry = work.suspension, work.expiry
    if rate is not None:
        each = number_of(rate)
        lines.append(_line("infusion rate", shown(each), each, "mL/minute", source=origin(rate)))
        if volume is not None:
            formula = f"{shown(volume)} ÷ {shown(each)}"
            length, note = work.duration or Decimal(0), "rounded up to whole minutes"
            lines.append(_line("infusion time", formula, length, "minutes", note))
    if stated is not None:
        length = number_of(stated)
        lines.append(
            _line("infusion time", shown(length), length, "minutes", source=origin(stated))
        )
    if expiry is not None:
        source = origin(work.route.expiry_minute)
        lines.append(_line("expiry after thaw", shown(expiry), expiry, "minutes", source=source))
    if expiry is not None and rate is not None:
        formula = f"{shown(expiry)} × {shown(number_of(rate))}"
        fits = product(expiry, number_of(rate))
        lines.append(_line("volume that fits before expiry", formula, fits, "mL"))
    watch = work.route.observation_minute
    if watch.value is not None:
        length = exact(watch.value)
        name = "observation after the infusion"
        lines.append(_line(name, shown(length), length, "minutes", source=origin(watch)))
    return tuple(lines)


def dmso_factors(work: Work) -> tuple[Decimal, ...] | None:
    """Return what gives the DMSO of the volume from the vials [mg], None where not reported."""
    share = work.vial.dmso_percent
    if share.value is None:
        return None
    return (work.drawn, exact(share.value), PERCENT, exact(dmso().gram_per_ml), MILLIGRAM)


def dmso_load(work: Work) -> Decimal | None:
    """Return DMSO per kg of the lightest weight of the band [mg/kg], None where not reported."""
    factors = dmso_factors(work)
    return None if factors is None else rounded_up(product(*factors), work.band.low_kg)


def load_lines(work: Work, limits: Limits) -> tuple[Line, ...]:
    """Return DMSO per kg beside its limit, and the limit of volume into the fluid."""
    lines = []
    load, factors, solvent = dmso_load(work), dmso_factors(work), dmso()
    if load is not None and factors is not None:
        formula = " × ".join(shown(part) for part in factors) + f" ÷ {shown(work.band.low_kg)}"
        note = "for the lightest weight of the band, rounded up to 0.01"
        source = f"{origin(work.vial.dmso_percent)}; density: {solvent.density_source}"
        lines.append(_line("DMSO", formula, load, "mg/kg", note, source))
    most = exact(solvent.limit_mg_per_kg)
    name = "DMSO at most in a day"
    lines.append(_line(name, shown(most), most, "mg/kg", source=solvent.limit_source))
    if work.route.route == "it":
        most = number_of(limits.intrathecal_ml)
        source = origin(limits.intrathecal_ml)
        lines.append(_line("volume into the fluid at most", shown(most), most, "mL", source=source))
    return tuple(lines)


def _vials(number: Decimal) -> str:
    return "vial" if number == 1 else "vials"


def _line(
    name: str,
    formula: str,
    value: Decimal,
    unit: str,
    note: str | None = None,
    source: str | None = None,
) -> Line:
    return Line(name, formula, value, unit, note, source)
