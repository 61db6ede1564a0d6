"""What one workbench is told when it starts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORT = 8420


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a workbench keeps its runs, where it listens and how its first visitor is known.

    Parameters
    ----------
    folder
        Runs, index and job queue live here.
    host, port
        What it listens to; port 0 takes a free one.
    workers
        Processes of one background run; they do not change its result.
    token
        The secret of the address that opens the first session, good for one use.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that are answered, lower case."""
        names = {*LOOPBACK, self.host if ":" not in self.host else f"[{self.host}]"}
        return frozenset(name for host in names for name in (host, f"{host}:{self.port}"))
