"""What a plan may be made of without a file: diseases, protocols, arms and consultations by name.

A door that strangers may knock at takes names of the library alone, never a path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from funis.checks import one_of
from funis.models import disease_ids, load_model
from funis.pipeline.inputs import find_trial
from funis.pipeline.planning.alternatives import Kind
from funis.pipeline.planning.assemble import Asked, ground_of, plan_consultation
from funis.pipeline.planning.form import consultation_from
from funis.pipeline.planning.setting import DEMO, has_cells, protocol_names
from funis.pipeline.processes import Progress, silent
from funis.plan import Consultation, Plan
from funis.plan.consultation import library_consultations, read_consultation
from funis.protocol import load_protocol
from funis.protocol.regimen import library_regimens


@dataclass(frozen=True, slots=True)
class Disease:
    """A disease of the library."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Regimented:
    """An arm of a protocol that gives cells.

    Attributes
    ----------
    protocol, arm : str
    title, label : str
        Of the protocol, and of the arm.
    kind : str
        An advertised regimen is a claim under test.
    """

    protocol: str
    arm: str
    title: str
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan for a disease may be made of.

    Attributes
    ----------
    arms : tuple of Regimented
        The demo trial of the disease first.
    consultations : tuple of str
        Of the library.
    """

    disease: str
    name: str
    diseases: tuple[Disease, ...]
    arms: tuple[Regimented, ...]
    consultations: tuple[str, ...]


@lru_cache(maxsize=16)
def choices(disease: str) -> Choices:
    """Return what a plan for a disease may be made of.

    Raises
    ------
    InputError
        An unknown disease.
    """
    known = known_disease(disease)
    diseases = tuple(Disease(one, load_model(one).name) for one in disease_ids())
    name = next(one.name for one in diseases if one.id == known)
    own = tuple(one for one in library_consultations() if read_consultation(one).disease == known)
    return Choices(known, name, diseases, tuple(_arms(known)), own)


def known_disease(name: str) -> str:
    """Return the id of a disease of the library.

    Raises
    ------
    InputError
        There is none of that name.
    """
    return one_of("disease", name, disease_ids())


def known_protocol(disease: str, name: str | None) -> str | None:
    """Return a protocol of the library for a disease; None for its demo trial.

    Raises
    ------
    InputError
        There is none of that name.
    """
    known_disease(disease)
    return None if name is None else one_of("protocol", name, protocol_names(disease))


def sample(disease: str, name: str) -> Consultation:
    """Return a consultation of the library for a disease.

    Raises
    ------
    InputError
        There is none of that name.
    """
    return read_consultation(one_of("consultation", name, choices(disease).consultations))


def library_plan(
    consultation: Mapping[str, Any], asked: Asked, progress: Progress = silent
) -> Plan:
    """Return the plan of a consultation given as data, under a protocol of the library by name.

    Parameters
    ----------
    consultation
        As its file would hold it.
    asked
        What is wanted; its protocol is a name of the library.
    progress
        Shows which stage has been reached.

    Raises
    ------
    InputError
        As ``plan_consultation``; for a protocol that is no name of the library.
    """
    known = consultation_from(consultation)
    known_protocol(known.disease, asked.protocol)
    return plan_consultation(known, asked, progress)


def _arms(disease: str) -> Iterator[Regimented]:
    trials = [name for name in protocol_names(disease) if name.startswith(f"{disease}_")]
    regimens = {one.id: one for one in library_regimens() if one.disease == disease}
    for name in sorted(trials, key=lambda one: (one != f"{disease}{DEMO}", one)):
        if name in regimens:
            continue
        protocol = load_protocol(find_trial(name))
        for arm in protocol.arms:
            if has_cells(arm):
                yield Regimented(name, arm.id, protocol.title, arm.label, "trial arm")
    for one in sorted(regimens.values(), key=lambda one: (one.kind != "advertised", one.id)):
        for variant in one.variants:
            yield Regimented(one.id, variant.id, one.title, variant.label, one.kind)


def first_arm(disease: str, protocol: str | None, arm: str | None) -> tuple[str, str]:
    """Return the names of the protocol and the arm that a plan follows.

    Raises
    ------
    InputError
        An unknown protocol or arm.
    """
    chosen = ground_of(disease, known_protocol(disease, protocol), arm).chosen
    return chosen.reference.id, chosen.arm.id
