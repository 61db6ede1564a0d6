"""A server that does not answer, for tests of what a page says then."""

from collections.abc import Iterator
from contextlib import contextmanager

ITS_OWN_WORDS = ("ERR_CONNECTION_REFUSED", "console: htmx:")


@contextmanager
def away(page, watch, pattern: str) -> Iterator[None]:
    """Let what a page asks for under a pattern go unanswered; the browser's own words pass."""
    page.route(pattern, lambda route: route.abort("connectionrefused"))
    yield
    page.unroute(pattern)
    watch.faults[:] = [
        one for one in watch.faults if not any(words in one for words in ITS_OWN_WORDS)
    ]
