"""What a component of some scales must satisfy beyond its schema."""

from collections.abc import Iterator

from funis.models.endpoint_values import Component

Fault = tuple[str, str, str]
"""Key, what is wrong, what was expected."""

_NOT_SEEN_BY_PATIENTS = "assessor or laboratory"


def scale_faults(item: Component) -> Iterator[Fault]:
    """Find what does not suit the scale of a component."""
    if item.scale == "log" and item.low < 0:
        yield "range", "a logarithm of values below 0", "a range from 0 or more"
    if item.scale == "presence":
        yield from _presence_faults(item)
    if item.scale in ("events", "count"):
        yield from _number_faults(item)


def _presence_faults(item: Component) -> Iterator[Fault]:
    if (item.low, item.high) != (0, 1):
        yield "range", "a descriptor is there (1) or not (0)", "[0, 1]"
    if item.rounding != 1:
        yield "round", "a descriptor is there (1) or not (0)", "1"


def _number_faults(item: Component) -> Iterator[Fault]:
    what = "events" if item.scale == "events" else "a count"
    for key in ("noise_sd", "shared_noise", "expectation", "inflation"):
        if getattr(item, key):
            word = "noise" if key == "noise_sd" else key
            yield key, f"{word} on {what}: chance alone moves the number", "0"
    if item.low != 0:
        yield "range", f"{what} from {item.low:g} on", "[0, most]"
    if item.rounding not in (None, 1):
        yield "round", f"{what} in steps of {item.rounding:g}", "1, or no round"
    if item.latent_of is not None:
        yield "latent_of", f"{what} without noise that could be shared", "no latent_of"
    if item.scale == "events" and item.reporter == "patient":
        yield "reporter", "events are not scored by the patient", _NOT_SEEN_BY_PATIENTS
