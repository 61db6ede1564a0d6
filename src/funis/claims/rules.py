"""From numbers to verdicts: a few general rules, none of them written for one claim.

- A claim of effect is *supported* when randomised comparisons from at least two independent centres
  have a pooled 95 % interval wholly on the side of the claim, and the model says another thing when
  potency is 0. It is *contradicted* when a randomised interval lies wholly on the other side.
- A claimed size is *contradicted* when a randomised interval excludes it: one trial is enough to
  refute a claim about everybody, and not enough to support it.
- It is *not testable* where nothing measures it: no instrument in the disease, or neither a
  published result with cells nor a published control arm.
- Everything else is *uncertain*. Single-arm studies never move a verdict, and no more do cells of
  another tissue than umbilical cord: their numbers are shown.
- Of several harms one counts as shown when its interval excludes no difference after Bonferroni's
  correction for their number.
- A claim is as strong as its weakest part.
"""

from __future__ import annotations

from collections.abc import Sequence

from funis.claims.values import (
    Chain,
    Comparison,
    Harm,
    Judgement,
    Measurement,
    Pool,
    Statement,
    Verdict,
)

CENTRES = 2
"""Independent centres with randomised evidence that support needs."""

ALPHA = 0.05
"""Probability of error at which one of several harms counts as shown (Bonferroni)."""

SOURCES = 2
"""Independent laboratory sources that a comparison of tissues needs."""


def combined(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of a claim from those of its parts: as strong as the weakest."""
    found = set(verdicts)
    if found & {"implemented", "planned"} == found and found:
        return "planned" if "planned" in found else "implemented"
    if "contradicted" in found:
        return "contradicted"
    if len(found) == 1:
        return verdicts[0]
    return "uncertain"


def judge_effect(
    pools: Sequence[Pool], statement: Statement | None, unmeasured: str = "", unusable: int = 0
) -> Judgement:
    """Judge whether cells move an outcome in the direction of the claim.

    Parameters
    ----------
    pools
        Published numbers by kind of study, those of control arms among them.
    statement
        What the model says; None where it says nothing.
    unmeasured
        Why the outcome cannot be measured in this disease; empty where it can.
    unusable
        Published results with cells that hold no usable number.
    """
    if unmeasured:
        return Judgement("not testable", unmeasured, "an instrument with a published placebo row")
    if not pools and not unusable:
        why = "the evidence holds no result on it in this form, with cells or of a control arm"
        return Judgement("not testable", why, "a controlled trial that measures it")
    randomised = [pool for pool in pools if pool.controlled and pool.counts]
    against = [pool for pool in randomised if pool.side == "harm"]
    if against:
        why = f"a randomised comparison lies wholly against it ({_names(against)})"
        return Judgement("contradicted", why, "a larger randomised trial with the other result")
    convincing = [p for p in randomised if p.side == "benefit" and p.centres >= CENTRES]
    if convincing and (statement is None or not statement.supports):
        why = "randomised evidence is for it, but the model says no more than at potency 0"
        return Judgement("uncertain", why, "a mechanism in which potency matters")
    if convincing:
        why = f"randomised comparisons of {convincing[0].centres} centres lie beyond no effect"
        return Judgement("supported", why, "a randomised trial whose interval excludes the pool")
    others = [pool for pool in pools if pool.controlled and not pool.cord]
    why = _too_little(randomised, others, pools)
    return Judgement("uncertain", why, _still_needed(randomised))


def judge_share(
    arms: Sequence[Pool], claimed: tuple[float, float], statement: Statement | None
) -> Judgement:
    """Judge whether a claimed share of patients, such as 60 to 90 %, is what randomised arms show.

    Parameters
    ----------
    arms
        Shares of arms, and differences to control as shares, by kind of study.
    claimed
        Lowest and highest share of the claim.
    """
    low, high = claimed
    randomised = [pool for pool in arms if pool.counts]
    if not arms:
        return Judgement(
            "not testable", "no share of patients was published", "a trial that counts responders"
        )
    outside = [pool for pool in randomised if pool.high < low or pool.low > high]
    if outside:
        why = f"{_shares(outside[0])} in randomised patients excludes what is claimed"
        return Judgement("contradicted", why, "a larger randomised trial that reaches it")
    inside = [p for p in randomised if not p.contrast and p.low >= low and p.centres >= CENTRES]
    beyond = [p for p in randomised if p.side == "benefit" and p.centres >= CENTRES]
    if inside and beyond and statement is not None and statement.supports:
        why = "randomised arms of two centres reach it, beyond their controls"
        return Judgement("supported", why, "a randomised trial that stays below it")
    others = [pool for pool in arms if pool.study_type == "randomised" and not pool.cord]
    why = _share_unclear(randomised, others, claimed)
    compared = [pool for pool in randomised if pool.contrast]
    return Judgement("uncertain", why, _still_needed(compared))


def judge_measurements(found: Sequence[Measurement], direction: str) -> Judgement:
    """Judge a mechanism by what was measured in people."""
    if not found:
        why = "nobody measured it in patients with cells, as far as the evidence goes"
        return Judgement("not testable", why, "a randomised trial that measures it")
    controlled = [one for one in found if one.study_type == "randomised" and one.numbers]
    agree = {one.family for one in controlled if one.direction == direction}
    differ = {one.family for one in controlled if one.direction not in (direction, "unclear")}
    if len(agree) >= CENTRES and not differ:
        return Judgement(
            "supported", f"measured against control in {len(agree)} centres", "one that differs"
        )
    if len(differ) >= CENTRES and not agree:
        return Judgement(
            "contradicted", f"measured otherwise in {len(differ)} centres", "two that agree"
        )
    return Judgement("uncertain", _counted(found, direction), "numbers against a control arm")


def judge_comparison(found: Sequence[Comparison], direction: str) -> Judgement:
    """Judge a property of cells in the laboratory by published comparisons of tissues."""
    sources = [source for one in found for source in one.source.split("; ")]
    if not found:
        return Judgement(
            "not testable", "no published comparison in the library's products", "a measurement"
        )
    settled = {one.direction for one in found}
    if settled == {direction} and len(sources) >= SOURCES:
        why = f"{len(sources)} laboratory sources agree; in the laboratory, not in patients"
        return Judgement("supported", why, "a comparison of many donors that differs")
    if settled == {direction}:
        return Judgement("uncertain", "one laboratory source says so", "a second, independent one")
    if direction not in settled and "not_settled" not in settled:
        return Judgement("contradicted", "published comparisons say otherwise", "two that agree")
    return Judgement("uncertain", "published comparisons disagree", "a comparison of many donors")


def judge_expected_harm(found: Sequence[Harm]) -> Judgement:
    """Judge whether an adverse event that the claim admits is caused by cells."""
    if not found:
        return Judgement("not testable", "no pooled ratio was published", "pooled trials")
    if all(one.low > 1 for one in found):
        why = f"more often with cells than with control ({_harms(found)})"
        return Judgement("supported", why, "pooled trials whose interval includes 1")
    return Judgement("uncertain", f"the interval includes 1 ({_harms(found)})", "more patients")


def judge_other_harms(found: Sequence[Harm], margin: float) -> Judgement:
    """Judge whether nothing but the admitted events is caused by cells.

    Parameters
    ----------
    found
        Ratios of every other event.
    margin
        Ratio below which an interval has to end for a harm to count as excluded.
    """
    if not found:
        return Judgement("not testable", "no pooled ratio was published", "pooled trials")
    unseen = [one for one in found if one.high >= margin]
    more = [one for one in found if one.low > 1 and one.p_value * len(found) < ALPHA]
    if more:
        why = (
            f"of {len(found)} other events more frequent with cells, corrected for their number:"
            f" {_harms(more)}{_not_excluded(unseen, margin)}"
        )
        return Judgement("contradicted", why, "pooled trials whose interval includes 1")
    if unseen:
        why = f"a ratio of {margin:g} is not excluded: {_harms(unseen)}"
        return Judgement("uncertain", why, "more patients, followed for longer")
    why = f"every other ratio ends below {margin:g}"
    return Judgement("supported", why, "a trial with a serious event that cells cause")


def judge_rate(low: float, high: float, at_most: float | None) -> Judgement:
    """Judge a measured share against the most that the claim allows."""
    if at_most is None:
        return Judgement(
            "uncertain", "measured, but compared with no other cell", "a comparison of tissues"
        )
    if low > at_most:
        return Judgement(
            "contradicted", f"above {_percent(at_most)}", "a lower rate in more people"
        )
    if high <= at_most:
        return Judgement("supported", f"at most {_percent(at_most)}", "a higher rate")
    return Judgement("uncertain", f"may be above {_percent(at_most)} or not", "more patients")


def judge_testimony(chain: Chain, claimed: tuple[float, float]) -> Judgement:
    """Judge accounts as evidence: worthless where cells without any effect would earn them too."""
    if chain.told.low >= claimed[0]:
        why = (
            f"{_percent(chain.told.estimate)} of accounts tell of improvement without any effect of"
            f" cells: such accounts say nothing about cells"
        )
        return Judgement(
            "contradicted", why, "accounts of everybody who was treated, and a control"
        )
    why = f"without any effect {_percent(chain.told.estimate)} of accounts tell of improvement"
    return Judgement("uncertain", why, "accounts of everybody who was treated, and a control")


def judge_routes(invasive: Sequence[str], used: Sequence[str]) -> Judgement:
    """Judge a wording about the burden of a procedure by the routes of the advertised recipes."""
    found = [route for route in used if route in invasive]
    if found:
        why = f"advertised recipes use {', '.join(found)}: a puncture or a catheter"
        return Judgement("contradicted", why, "recipes by vein alone")
    return Judgement("supported", "by vein alone", "a recipe by another route")


def judge_practice(missing: Sequence[str], needed: Sequence[str]) -> Judgement:
    """Say whether funis has what a practice needs; practice is no finding."""
    if missing:
        why = f"not in funis yet: {', '.join(missing)}"
        return Judgement("planned", why, "this part of funis")
    return Judgement("implemented", f"in funis: {', '.join(needed)}", "its removal")


def _shares(pool: Pool) -> str:
    ends = f"{_percent(pool.low)} to {_percent(pool.high)}"
    return f"{pool.measure} {_percent(pool.estimate)} ({ends})"


def _share_unclear(
    randomised: Sequence[Pool], others: Sequence[Pool], claimed: tuple[float, float]
) -> str:
    if randomised:
        one = randomised[0]
        within = one.low >= claimed[0] and one.high <= claimed[1]
        place = "within it" if within else "in it and far outside"
        alone = "" if any(pool.contrast for pool in randomised) else ", with no arm without cells"
        size = "1 centre" if one.centres == 1 else f"{one.centres} centres"
        return f"{place}: {_shares(one)} in randomised arms of {size}{alone}"
    if others:
        return f"randomised arms of other cells only: {_shares(others[0])} with {others[0].cells}"
    return "no randomised arm with cells was counted; single arms cannot tell why they improve"


def _too_little(randomised: Sequence[Pool], others: Sequence[Pool], pools: Sequence[Pool]) -> str:
    centres = max((pool.centres for pool in randomised), default=0)
    if centres >= CENTRES:
        return "the pooled randomised interval includes no effect"
    if centres:
        return "randomised evidence of one centre only"
    if others:
        return f"randomised evidence of other cells only ({others[0].cells})"
    single = any(pool.study_type == "single-arm" for pool in pools)
    alone = "; single-arm studies cannot show one" if single else ""
    return f"no randomised comparison with numbers{alone}"


def _still_needed(randomised: Sequence[Pool]) -> str:
    centres = max((pool.centres for pool in randomised), default=0)
    if centres >= CENTRES:
        return "more randomised patients: an interval beyond no effect on either side"
    missing = CENTRES - centres
    more = "one more centre" if missing == 1 else f"{missing} centres"
    return (
        f"randomised, controlled results with cord cells of {more}, pooled beyond no effect on"
        f" either side"
    )


def _counted(found: Sequence[Measurement], direction: str) -> str:
    agree = sum(one.direction == direction for one in found)
    none = sum(one.direction == "none" for one in found)
    other = len(found) - agree - none
    numbers = "with" if any(one.numbers for one in found) else "without"
    many = "measurement" if len(found) == 1 else "measurements"
    return (
        f"{len(found)} {many} {numbers} numbers: {agree} as claimed, {none} unchanged,"
        f" {other} other or unclear"
    )


def _not_excluded(unseen: Sequence[Harm], margin: float) -> str:
    names = ", ".join(one.term.replace("_", " ") for one in unseen)
    return f"; a ratio of {margin:g} is not excluded for {names}" if names else ""


def _harms(found: Sequence[Harm]) -> str:
    return ", ".join(
        f"{one.term.replace('_', ' ')} {one.kind.replace('_', ' ')} {one.estimate:.2f}"
        f" ({one.low:.2f} to {one.high:.2f}; {one.route})"
        for one in found
    )


def _names(pools: Sequence[Pool]) -> str:
    return ", ".join(study for pool in pools for study in pool.studies)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
