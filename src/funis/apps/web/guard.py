"""Who is answered, and with which headers: host, session, origin, CSRF token, size."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funis.apps.web.settings import Settings

COOKIE = "funis_session"
CSRF_HEADER = "X-CSRF-Token"
LARGEST_BODY = 1_000_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = ("/open", "/static/")

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
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(slots=True)
class Sessions:
    """The open sessions of one server: session id -> CSRF token; gone when it ends."""

    token: str | None
    tokens: dict[str, str] = field(default_factory=dict)

    def open(self, token: str) -> str | None:
        """Return a new session's id for the one-time token, which is then used up; else None."""
        if self.token is None or not secrets.compare_digest(token.encode(), self.token.encode()):
            return None
        self.token = None
        session = secrets.token_urlsafe(32)
        self.tokens[session] = secrets.token_urlsafe(32)
        return session

    def csrf(self, session: str | None) -> str | None:
        """Return the CSRF token of a session, None where it is not open."""
        return self.tokens.get(session) if session else None


class Guard:
    """The middleware that refuses before anything else is asked, and sets the headers."""

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions) -> None:
        self.app, self.settings, self.sessions = app, settings, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self._refusal(scope)
        await (refused or self.app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        if headers.get("host", "").lower() not in self.settings.hosts:
            return PlainTextResponse("this workbench does not answer to that host", 421)
        if path.startswith(OPEN_PATHS) and scope["method"] in SAFE_METHODS:
            return None
        csrf = self.sessions.csrf(HTTPConnection(scope).cookies.get(COOKIE))
        if csrf is None:
            return _closed(path)
        if scope["method"] in SAFE_METHODS:
            return None
        return _state_refusal(headers, csrf, self.settings.hosts)


def _closed(path: str) -> Response:
    line = "no session: open the address that `funis serve` printed"
    if path.startswith("/api/"):
        return JSONResponse({"detail": [line]}, 401)
    return PlainTextResponse(line, 401)


def _state_refusal(headers: Headers, csrf: str, hosts: frozenset[str]) -> Response | None:
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() not in hosts:
        return JSONResponse({"detail": ["a request from another origin"]}, 403)
    if not secrets.compare_digest(headers.get(CSRF_HEADER, "").encode(), csrf.encode()):
        return JSONResponse({"detail": [f"the header {CSRF_HEADER} is missing or wrong"]}, 403)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return JSONResponse({"detail": [f"a body above {LARGEST_BODY:,} bytes"]}, 413)
    return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
