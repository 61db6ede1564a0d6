"""``funis product release``: every rule of release, what was reported, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from funis.pipeline.products.text import base_document, heading
from funis.pipeline.tables import Table
from funis.product import Product, Release, check_release, supply


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """The release of a lot, or what is reported of a product."""

    given: Product
    release: Release

    def tables(self) -> tuple[Table, ...]:
        """Return the rules as a table of text."""
        title = f"{heading(self.given)}\nRelease: {self.release.verdict}"
        rows = tuple(
            (one.rule.group, one.rule.text, one.rule.limit, one.shown, one.verdict,
             one.rule.source)
            for one in self.release.results
        )  # fmt: skip
        columns = ("", "rule", "expected", "reported", "verdict", "source")
        return (Table(title, columns, rows),)

    def document(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        rows = [
            {"rule": one.rule.id, "text": one.rule.text, "group": one.rule.group,
             "expected": one.rule.limit, "value": one.value, "verdict": one.verdict,
             "source": one.rule.source}
            for one in self.release.results
        ]  # fmt: skip
        counts = {
            verdict: len(self.release.of_verdict(verdict))
            for verdict in ("pass", "fail", "not reported")
        }
        return {
            **base_document(self.given),
            "verdict": self.release.verdict,
            "counts": counts,
            "rules": rows,
        }


def release_page(name: str) -> ReleasePage:
    """Judge a lot or product by every rule of release.

    Raises
    ------
    InputError
        There is none of this name, or something is wrong with its file.
    """
    given = supply(name)
    return ReleasePage(given, check_release(given))
