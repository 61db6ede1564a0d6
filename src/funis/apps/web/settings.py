"""What one workbench is told when it starts."""

from __future__ import annotations

import secrets
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LOCAL = LOOPBACK[0]
DEFAULT_PORT = 8420
PORT_OF_HTTP = 80


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a workbench keeps its runs, where it listens and how its first visitor is known.

    Parameters
    ----------
    folder
        Runs and the queue of jobs live here.
    host, port
        What it listens to.
    workers
        Processes of one background run; they do not change its result.
    token
        The secret of the address that opens the first session, good for one use.
    names
        Further names that it answers to, where other machines may reach it.
    """

    folder: Path
    host: str = LOCAL
    port: int = DEFAULT_PORT
    workers: int | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    names: tuple[str, ...] = ()

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that are answered, lower case, with the port."""
        given = f"[{self.host}]" if ":" in self.host else self.host
        names = {name.lower() for name in (*LOOPBACK, given, *self.names)}
        bare = names if self.port == PORT_OF_HTTP else set()
        return frozenset({f"{name}:{self.port}" for name in names} | bare)

    @property
    def known_hosts(self) -> Container[list[str]]:
        """What the list of all Host headers of a request may be."""
        return [[host] for host in self.hosts]

    @property
    def known_origins(self) -> Container[list[str]]:
        """What the list of all Origin headers of a request may be, where there are any."""
        return [[f"http://{host}"] for host in self.hosts]

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; browsers share cookies between the ports of a host."""
        return f"funis_session_{self.port}"
