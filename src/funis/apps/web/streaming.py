"""An answer that takes seconds as lines of JSON: how far it has got, and at last the result."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from fastapi import HTTPException
from starlette.responses import StreamingResponse

from funis.apps.web.turns import Left
from funis.checks import InputError
from funis.pipeline.processes import Progress

Item = TypeVar("Item")
Work = Callable[[Progress], dict[str, Any]]
LINES = "application/x-ndjson"
AT_ONCE = {"Content-Encoding": "identity"}
"""What is compressed waits until there is enough of it; a line has to leave when it is said."""


def streamed(work: Work) -> StreamingResponse:
    """Return the lines of an answer: `stage`, `done` and `total` of each part, then `result`.

    A fault of the input is a last line with `detail`. Where the reader goes away, the work ends at
    its next part.

    Parameters
    ----------
    work
        Makes the result; it is handed a progress to report to.
    """
    return StreamingResponse(_lines(work), headers=AT_ONCE, media_type=LINES)


def _lines(work: Work) -> Iterator[str]:
    said: queue.Queue[dict[str, Any] | None] = queue.Queue()
    gone = threading.Event()
    threading.Thread(target=_work, args=(work, said, gone), daemon=True).start()
    try:
        while (line := said.get()) is not None:
            yield json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
    finally:
        gone.set()


def _work(work: Work, said: queue.Queue[dict[str, Any] | None], gone: threading.Event) -> None:
    def progress(label: str, items: Iterable[Item], total: int) -> Iterable[Item]:
        for done, item in enumerate(items):
            if gone.is_set():
                raise Left
            said.put({"stage": str(item), "done": done, "total": total})
            yield item

    try:
        said.put({"result": work(progress)})
    except InputError as error:
        said.put({"detail": list(error.lines)})
    except HTTPException as error:
        said.put({"detail": error.detail})
    except Left:
        pass
    except Exception:
        said.put({"detail": ["this could not be computed"]})
        raise
    finally:
        said.put(None)
