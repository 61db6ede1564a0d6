"""One slow question answered in a process of its own: ``python -m funis.apps.web.compute``.

The request is one line of JSON on standard input; answers are lines of JSON on standard output:
progress, then a document or the lines of a refusal. The process ends when its server does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

Item = TypeVar("Item")
Say = Callable[[Mapping[str, Any]], None]

BETWEEN_SECOND = 0.2
"""Least time between two lines of progress [s]."""


def main() -> int:
    """Answer one request; the status is 0 whether it was answered or refused."""
    request = json.loads(sys.stdin.readline())
    out = _own_output()
    threading.Thread(target=_end_with_the_server, daemon=True).start()

    def say(line: Mapping[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    _answer(request, say)
    return 0


def _answer(request: Mapping[str, Any], say: Say) -> None:
    from funis.checks import InputError

    def progress(label: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        return _told(label, items, total, say)

    try:
        say({"result": KINDS[request["kind"]](request, progress)})
    except InputError as error:
        say({"error": error.lines})


def _told(label: str, items: Iterable[Item], total: int, say: Say) -> Iterator[Item]:
    """Hand items through and say how far they have got."""
    said = 0.0
    say({"label": label, "done": 0, "total": total})
    for done, item in enumerate(items, 1):
        if time.monotonic() - said > BETWEEN_SECOND or done == total:
            said = time.monotonic()
            say({"label": label, "done": done, "total": total})
        yield item


def _impact(request: Mapping[str, Any], progress: Any) -> dict[str, Any]:
    from funis.pipeline.study_impact import impact_of_text, impact_without

    trial, workers = request.get("trial"), request.get("workers")
    if request.get("text") is not None:
        return impact_of_text(request["text"], trial, workers=workers, progress=progress)
    return impact_without(request["study"], trial, workers=workers, progress=progress)


def _register(request: Mapping[str, Any], progress: Any) -> dict[str, Any]:
    from funis.pipeline.claims.shown import judged_register

    return judged_register(workers=request.get("workers"), progress=progress)


def _predictions(request: Mapping[str, Any], progress: Any) -> dict[str, Any]:
    from funis.pipeline.studies.predicted import predictions_of

    workers = request.get("workers")
    return predictions_of(request["disease"], workers=workers, progress=progress)


KINDS: Mapping[str, Callable[[Mapping[str, Any], Any], dict[str, Any]]] = {
    "impact": _impact,
    "register": _register,
    "predictions": _predictions,
}


def _own_output() -> Any:
    """Keep standard output for our lines; whatever engines print to it goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _end_with_the_server() -> None:
    """Wait until standard input closes, which it does when the server is gone, and end all."""
    sys.stdin.read()
    with contextlib.suppress(OSError, AttributeError):
        os.killpg(os.getpgid(0), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
