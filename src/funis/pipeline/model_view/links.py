"""Where a source can be opened: DOIs, PubMed Central, PubMed and web addresses in its words."""

from __future__ import annotations

import re

_FOUND = re.compile(
    r"(?P<url>https?://[^\s,;)\]]+)"
    r"|(?P<doi>\b10\.\d{4,9}/[^\s,;)\]]+)"
    r"|(?P<pmc>\bPMC\d{5,})"
    r"|(?P<arxiv>\barXiv \d{4}\.\d{4,5})"
)


def source_pieces(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return the words of a source in pieces, each with the address that it opens, if any."""
    result: list[tuple[str, str | None]] = []
    at = 0
    for found in _FOUND.finditer(text):
        words = found[0].rstrip(".:'\"")
        result += [(text[at : found.start()], None), (words, _address(str(found.lastgroup), words))]
        at = found.start() + len(words)
    result.append((text[at:], None))
    return tuple((part, address) for part, address in result if part)


def _address(kind: str, words: str) -> str:
    if kind == "doi":
        return f"https://doi.org/{words}"
    if kind == "pmc":
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{words}/"
    if kind == "arxiv":
        return f"https://arxiv.org/abs/{words.split()[-1]}"
    return words
