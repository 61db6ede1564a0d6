"""The server of a workbench: a socket, the application, one line that says how to open it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import uvicorn

from funis.apps.web.app import create_app
from funis.apps.web.settings import Settings
from funis.apps.web.storage import open_database
from funis.apps.web.storage.lock import alone_in
from funis.apps.web.storage.migrate import migrate
from funis.checks import InputError, Issue

GRACE_SECOND = 3
LONGEST_NAME = 253
HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
                       r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)  # fmt: skip
"""A name that others may call this machine by, without scheme, port and path."""


class _Server(uvicorn.Server):
    """Says that it is ready once it is."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets=sockets)
        self.ready()


def serve_workbench(settings: Settings, say: Callable[[str], None]) -> None:
    """Answer until somebody ends it.

    Parameters
    ----------
    settings
        Port 0 takes a free one.
    say
        Hears the address that opens the workbench, and the next one when it was used.

    Raises
    ------
    InputError
        The folder or the port cannot be used, or other machines could reach it unasked.
    """
    _check_host(settings)
    _check_names(settings.names)
    with listen(settings) as listening, alone_in(settings.folder):  # a refusal leaves no folder
        settings = replace(settings, port=listening.getsockname()[1])
        database = open_database(settings.folder)  # what is wrong with it is said before the start
        migrate(database)
        database.close()
        app = create_app(settings, background=True)
        app.state.sessions.told = lambda token: say(
            f"opened; for another browser: {_url(settings, token)}"
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
            ws="none", timeout_graceful_shutdown=GRACE_SECOND,
        )  # fmt: skip
        server = _Server(config)
        server.ready = lambda: say(f"funis workbench: {_url(settings, settings.token)}")
        server.run(sockets=[listening])


def _url(settings: Settings, token: str) -> str:
    name = settings.names[0] if settings.names else settings.host
    host = f"[{name}]" if ":" in name else name
    return f"http://{host}:{settings.port}/open?token={token}"


def _check_host(settings: Settings) -> None:
    """Refuse to listen to other machines unless it was said under which name they may come."""
    if _is_loopback(settings.host) or settings.names:
        return
    problem = (
        "is not this machine alone, and a workbench has neither users nor encryption yet: whoever"
        " reads the network may use it"
    )
    expected = "127.0.0.1, localhost or ::1, or --expose NAME with the name that others use"
    raise InputError(Issue(None, None, f"--host {settings.host}", problem, expected))


def _check_names(names: Iterable[str]) -> None:
    """Refuse what no browser sends as the name of a host."""
    for name in names:
        if len(name) > LONGEST_NAME or HOST_NAME.fullmatch(name) is None:
            problem, expected = f"'{name[:80]}' is no name of a host", "such as lab.example.org"
            raise InputError(Issue(None, None, "--expose", problem, expected))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def listen(settings: Settings) -> socket.socket:
    """Return a socket at the address of a workbench.

    Raises
    ------
    InputError
        The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.getaddrinfo(settings.host, settings.port)
        made = socket.create_server((settings.host, settings.port), family=family, backlog=256)
    except (socket.gaierror, UnicodeError):
        problem, expected = "this machine has no such address", "127.0.0.1, localhost or ::1"
        raise InputError(
            Issue(None, None, f"--host {settings.host[:80]}", problem, expected)
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "error"
        problem = f"{settings.host} port {settings.port} cannot be used ({reason.lower()})"
        expected = "another port; --port 0 takes a free one"
        raise InputError(Issue(None, None, None, problem, expected)) from None
    # asyncio does it for a socket made with the number of TCP alone; without it the end of an
    # answer waits 40 ms for the browser's word that its beginning came
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
