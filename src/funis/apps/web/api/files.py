"""Files of a stored run as answers: each stands alone, in a sandbox."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

from starlette.responses import FileResponse

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".yaml": "application/yaml",
}
"""What a file of a run is said to be; another is handed out as bytes."""

SHOWN = frozenset({".html", ".json", ".svg", ".pdf"})
"""What a browser shows; all else it saves."""


def file_answer(path: Path, run: str) -> FileResponse:
    """Return a file of a run as an answer: a picture or page is shown, all else is saved."""
    headers = {"Content-Security-Policy": policy_of(path), "Cache-Control": "private, no-cache"}
    return FileResponse(
        path, headers=headers, media_type=KINDS.get(path.suffix, "application/octet-stream"),
        filename=f"{run}-{path.name}",
        content_disposition_type="inline" if path.suffix in SHOWN else "attachment",
    )  # fmt: skip


def policy_of(path: Path) -> str:
    """Return the content security policy of a file: it stands alone, in a sandbox.

    A page of a report holds its scripts and styles within; exactly those may run, by their hash,
    and nothing may be fetched.
    """
    scripts, styles = _inline(path) if path.suffix == ".html" else ((), ())
    return "; ".join(
        (
            "sandbox allow-scripts allow-downloads allow-popups",
            "default-src 'none'",
            f"script-src {' '.join(scripts) or chr(39) + 'none' + chr(39)}",
            f"style-src {' '.join(styles) or chr(39) + 'none' + chr(39)}",
            "img-src data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


class _Inline(HTMLParser):
    """Collects the content of the script and style elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self._within: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.found:
            self._within = tag
            self.found[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        if self._within is not None:
            self.found[self._within][-1] += data


def _inline(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parser = _Inline()
    parser.feed(path.read_text(encoding="utf-8", errors="replace"))
    parser.close()
    scripts, styles = (
        tuple(dict.fromkeys(_hash(text) for text in parser.found[tag] if text))
        for tag in ("script", "style")
    )
    return scripts, styles


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
