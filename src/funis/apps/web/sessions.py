"""The open sessions of one server, and the address that opens the next one."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_SESSIONS = 200
"""The oldest session is closed when one more is opened: a server may run for weeks."""


def _nobody_hears(token: str) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Sessions:
    """Session id -> CSRF token; all are gone when the server ends.

    A session is opened by a token that is good for one use. The next token is made then, and
    `told` hears it: it goes to whoever sees what the server prints, and nowhere else.
    """

    token: str
    told: Callable[[str], None] = _nobody_hears
    tokens: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def open(self, token: str, before: str | None = None) -> str | None:
        """Return a new session's id for the one-time token, which is then used up; else None.

        The id is always a new one, whatever the browser brought; the session it had is closed.
        """
        with self._lock:
            if not secrets.compare_digest(token.encode(), self.token.encode()):
                return None
            self.token = secrets.token_urlsafe(24)
            if before is not None:
                self.tokens.pop(before, None)
            while len(self.tokens) >= MOST_SESSIONS:
                del self.tokens[next(iter(self.tokens))]
            session = secrets.token_urlsafe(32)
            self.tokens[session] = secrets.token_urlsafe(32)
            self.told(self.token)
        return session

    def csrf(self, session: str | None) -> str | None:
        """Return the CSRF token of a session, None where it is not open."""
        return self.tokens.get(session) if session else None
