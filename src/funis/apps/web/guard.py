"""Who is answered, and with which headers: host, origin, session, CSRF token, size of the body.

The guard stands before everything else. A request that it refuses reaches no other code.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders, State
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funis.apps.web.sessions import Sessions
from funis.apps.web.settings import Settings
from funis.report.statement import RESEARCH_USE, SIMULATED

CSRF_HEADER = "X-CSRF-Token"
LARGEST_BODY = 1_000_000
DEEPEST_JSON = 40
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
FOR_EVER = "public, max-age=31536000, immutable"

HOW_TO_OPEN = (
    "This workbench does not know your browser. Open the address that `funis serve` printed last;"
    " each address opens one browser."
)

_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A text, or the rest of a body where it is not closed: every sign is gone through once."""
_BRACKET = re.compile(rb"[\[\]{}]")


class Guard:
    """The middleware that refuses before anything else is asked, and sets the headers."""

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions) -> None:
        self.app, self.settings, self.sessions = app, settings, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; there is no other traffic than HTTP."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(scope, send))
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope)
        if refused is None and scope["method"] not in SAFE_METHODS:
            body = await _body(scope, receive)
            refused = body if isinstance(body, Response) else None
            receive = receive if isinstance(body, Response) else _again(body, receive)
        await (refused or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return why a request is not answered, judged by its head; None for one that is."""
        headers, path = Headers(scope=scope), str(scope["path"])
        if [host.lower() for host in headers.getlist("host")] not in self.settings.known_hosts:
            return PlainTextResponse("this workbench does not answer to that host", 421)
        safe = scope["method"] in SAFE_METHODS
        if not self._from_here(headers, safe):
            return _refused(403, "a request from another origin")
        if safe and (path == "/open" or path.startswith("/static/")):
            return None
        csrf = self.sessions.csrf(HTTPConnection(scope).cookies.get(self.settings.cookie))
        if csrf is None:
            return _closed(path)
        State(scope.setdefault("state", {})).csrf = csrf
        if not safe and not _same(headers.getlist(CSRF_HEADER), csrf):
            return _refused(403, f"the header {CSRF_HEADER} is missing or wrong")
        return None

    def _from_here(self, headers: Headers, safe: bool) -> bool:
        """Whether a browser says that a page of this workbench asks, or says nothing of it.

        Who follows a link from elsewhere comes from elsewhere, and may.
        """
        origins = [origin.lower() for origin in headers.getlist("origin")]
        if origins and origins not in self.settings.known_origins:
            return False
        if safe and headers.get("sec-fetch-mode") == "navigate":
            return True
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def _same(given: list[str], csrf: str) -> bool:
    return len(given) == 1 and secrets.compare_digest(given[0].encode(), csrf.encode())


def _refused(status: int, line: str) -> JSONResponse:
    content = {"research_use": RESEARCH_USE, "simulated": SIMULATED, "detail": [line]}
    return JSONResponse(content, status)


def _closed(path: str) -> Response:
    if path.startswith("/api/"):
        return _refused(401, HOW_TO_OPEN)
    command = HOW_TO_OPEN.replace("`funis serve`", "<code>funis serve</code>")
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>funis</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/shared/tokens.css">'
        '<link rel="stylesheet" href="/static/workbench.css"></head>'
        f"<body><main><h1>Not open</h1><p>{command}</p></main>"
        f'<footer class="foot"><p><strong>{RESEARCH_USE}</strong></p></footer></body></html>',
        401,
    )


async def _body(scope: Scope, receive: Receive) -> bytes | Response:
    """Read a body, no further than its limit; a refusal where it is too large or too deep."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > LARGEST_BODY:
        return _refused(413, f"a body above {LARGEST_BODY:,} bytes")
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return _refused(400, "the body ended early")
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > LARGEST_BODY:
            return _refused(413, f"a body above {LARGEST_BODY:,} bytes")
    body = b"".join(parts)
    if _depth(body) > DEEPEST_JSON:
        return _refused(422, f"brackets within brackets, more than {DEEPEST_JSON} deep")
    return body


def _depth(body: bytes) -> int:
    """Return how deep the brackets of a JSON text stand, brackets in texts left out."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST_JSON:
        return 0
    return _deepest(match[0] in b"[{" for match in _BRACKET.finditer(_TEXT.sub(b"", body)))


def _deepest(opens: Iterable[bool]) -> int:
    depth = most = 0
    for one in opens:
        depth += 1 if one else -1
        most = max(most, depth)
        if most > DEEPEST_JSON:
            break
    return most


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving


def _with_headers(scope: Scope, send: Send) -> Send:
    """Return what sends an answer with the guard's headers.

    A static file whose address holds its hash is kept for ever; another is asked for by its ETag.
    """
    static = str(scope["path"]).startswith("/static/")
    hashed = static and scope["query_string"].startswith(b"v=")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if static:
                kept = hashed and message["status"] == 200
                headers["Cache-Control"] = FOR_EVER if kept else "no-cache"
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
