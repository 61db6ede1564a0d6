"""The closed schemas of what is read from a FHIR R4B bundle; every other field is refused.

There is none for dates, narratives, identifiers, names, addresses, practitioners or places.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from funis.checks import StrictModel

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,40}$")]
ResourceId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Urn = Annotated[str, Field(pattern=r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
PatientReference = Annotated[
    str,
    Field(
        pattern=r"^(urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|Patient/[a-z][a-z0-9-]*)$"
    ),
]
System = Literal[
    "http://loinc.org", "http://unitsofmeasure.org",
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "http://terminology.hl7.org/CodeSystem/observation-category",
    "http://terminology.hl7.org/CodeSystem/condition-clinical",
    "http://terminology.hl7.org/CodeSystem/condition-ver-status",
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
    "urn:funis:disease", "urn:funis:comorbidity", "urn:funis:allergy", "urn:funis:drug",
    "urn:funis:severity", "urn:funis:finding", "urn:funis:statement",
]  # fmt: skip
Text = Annotated[str, Field(min_length=1, max_length=200)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class CodingSchema(StrictModel):
    """One code of a code system that is known here."""

    system: System
    code: Code
    display: Text | None = None


class ConceptSchema(StrictModel):
    """Codes for one thing; free text is not taken."""

    coding: Annotated[tuple[CodingSchema, ...], Field(min_length=1)]


class MetaSchema(StrictModel):
    """Labels of a resource; HTEST has been looked for already."""

    security: Annotated[tuple[CodingSchema, ...], Field(min_length=1)]
    tag: tuple[CodingSchema, ...] = ()


class ReferenceSchema(StrictModel):
    """The patient of the bundle."""

    reference: PatientReference


class QuantitySchema(StrictModel):
    """A number with its UCUM unit."""

    value: Finite
    code: Annotated[str, Field(pattern=r"^\S{1,30}$")]
    unit: Annotated[str, Field(pattern=r"^\S{1,30}$")] | None = None
    system: Literal["http://unitsofmeasure.org"] | None = None


class RangeSchema(StrictModel):
    """A reference range."""

    low: QuantitySchema | None = None
    high: QuantitySchema | None = None


class ResourceSchema(StrictModel):
    """What every resource may have."""

    id: ResourceId | None = None
    meta: MetaSchema


class PatientSchema(ResourceSchema):
    """The virtual patient: sex alone; the age is an observation."""

    resourceType: Literal["Patient"]
    active: bool | None = None
    gender: Literal["male", "female", "other", "unknown"] | None = None


class ObservationSchema(ResourceSchema):
    """A number, a truth value or a word."""

    resourceType: Literal["Observation"]
    status: Literal["registered", "preliminary", "final", "amended", "corrected"]
    category: tuple[ConceptSchema, ...] = ()
    code: ConceptSchema
    subject: ReferenceSchema | None = None
    valueQuantity: QuantitySchema | None = None
    valueBoolean: bool | None = None
    valueString: Code | None = None
    referenceRange: tuple[RangeSchema, ...] = ()


class ConditionSchema(ResourceSchema):
    """The disease of the plan, or another one."""

    resourceType: Literal["Condition"]
    clinicalStatus: ConceptSchema | None = None
    verificationStatus: ConceptSchema | None = None
    code: ConceptSchema
    subject: ReferenceSchema | None = None


class RateSchema(StrictModel):
    """A dose; its unit is one of the consultation's, such as ``mg_per_week``."""

    doseQuantity: QuantitySchema


class DosageSchema(StrictModel):
    """How much is taken."""

    doseAndRate: Annotated[tuple[RateSchema, ...], Field(min_length=1, max_length=1)]


class MedicationStatementSchema(ResourceSchema):
    """A drug that is taken; of one that was stopped it is not read when."""

    resourceType: Literal["MedicationStatement"]
    status: Literal["active"]
    medicationCodeableConcept: ConceptSchema
    subject: ReferenceSchema | None = None
    dosage: Annotated[tuple[DosageSchema, ...], Field(max_length=1)] = ()


class AllergyIntoleranceSchema(ResourceSchema):
    """An allergy."""

    resourceType: Literal["AllergyIntolerance"]
    clinicalStatus: ConceptSchema | None = None
    verificationStatus: ConceptSchema | None = None
    code: ConceptSchema
    patient: ReferenceSchema | None = None


AnyResource = Annotated[
    PatientSchema
    | ObservationSchema
    | ConditionSchema
    | MedicationStatementSchema
    | AllergyIntoleranceSchema,
    Field(discriminator="resourceType"),
]


class EntrySchema(StrictModel):
    """One entry of a bundle."""

    resource: AnyResource
    fullUrl: Urn | None = None


class BundleSchema(ResourceSchema):
    """A bundle about one virtual patient."""

    resourceType: Literal["Bundle"]
    kind: Annotated[Literal["collection"], Field(alias="type")]
    entry: Annotated[tuple[EntrySchema, ...], Field(min_length=1, max_length=500)]


class ObservedSchema(StrictModel):
    """What an observation with this code becomes."""

    field: Text | None = None
    lab: Text | None = None
    units: dict[str, Finite]
    fold: bool = False
    source: Text


class CodesSchema(StrictModel):
    """The file ``library/fhir_codes.yaml``."""

    sources: dict[str, Text]
    loinc: dict[str, ObservedSchema]
