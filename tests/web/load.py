"""Many people at one workbench: a real server, a move of Explore every few seconds from each.

``make load`` asks what the project promises: 50 clients, a move every 3 s for two minutes, no
error, nobody's answer but one's own, 95 % of the answers within 1.5 s, and memory that is flat once
the caches are full: over the second minute it grows by less than 5 MB a minute.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import psutil

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.web.serving import Server, serving
else:
    from .serving import Server, serving

EVERY_SECOND = 3.0
"""Between two moves of one client."""

P95_SECOND = 1.5
WATCHED_SECOND = 0.5
"""Between two looks at the memory of the server."""

GROWTH_MB_A_MINUTE = 5.0
"""Over the second half of two minutes. In the first, caches fill and the allocator finds its size:
456 to 477 MB were measured over both."""

DISEASES = ("ra", "sle", "ms", "as", "cd", "uc", "t1d", "ssc")
NEXT = re.compile(r"token=(\S+)")


@dataclass
class Heard:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]

    @property
    def growth(self) -> float:
        """Slope of the memory over the second half [MB a minute]."""
        late = [byte / 2**20 for byte in self.memory[len(self.memory) // 2 :]]
        minutes = [place * WATCHED_SECOND / 60 for place in range(len(late))]
        return statistics.linear_regression(minutes, late).slope

    @property
    def grown(self) -> float:
        """Memory at the end over memory after the first quarter [MB]."""
        return (self.memory[-1] - self.memory[len(self.memory) // 4]) / 2**20

    @property
    def processor_a_move(self) -> float:
        """Processor time of the server for one move [s]: what two processors can bear at all."""
        return (self.processor[-1] - self.processor[0]) / len(self.seconds)

    def report(self) -> str:
        middle = statistics.median(self.seconds)
        megabytes = [f"{byte / 2**20:.0f}" for byte in (self.memory[0], max(self.memory))]
        return (
            f"{len(self.seconds)} moves, {len(self.errors)} errors, {len(self.foreign)} answers of"
            f" somebody else; median {middle:.3f} s, p95 {self.p95:.3f} s, slowest"
            f" {max(self.seconds):.3f} s; {self.processor_a_move:.3f} s of processor a move;"
            f" memory of the server {megabytes[0]} to {megabytes[1]} MB, {self.growth:+.1f} MB a"
            " minute in the second half"
        )


def link(chance: random.Random, disease: str) -> str:
    """A place that most likely nobody asked for yet."""
    dose = chance.randrange(20, 200) * 1_000_000 + chance.randrange(1000) * 1000
    times, hold = chance.randrange(1, 5), chance.randrange(10, 360)
    return f"disease={disease}&route=iv&dose={dose}&times={times}&every=28&hold={hold}"


def opened(server: Server, clients: int) -> list[str]:
    """Cookies of so many sessions: each address that the server prints opens the next."""
    assert server.process.stdout is not None
    token, cookies = server.token, []
    for _ in range(clients):
        answer = httpx.get(f"{server.origin}/open", params={"token": token})
        cookies.append(answer.headers["Set-Cookie"].partition(";")[0])
        found = NEXT.search(server.process.stdout.readline())
        assert found
        token = found[1]
    return cookies


async def one(
    origin: str, number: int, cookie: str, diseases: tuple[str, ...], end: float, heard: Heard
) -> None:
    """One client: a first move that is not counted, then a move every few seconds."""
    chance, disease = random.Random(number), diseases[number % len(diseases)]
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=origin, headers=headers, timeout=120) as client:
        await client.get(f"/api/explore?{link(chance, disease)}")
        await asyncio.sleep(chance.random() * EVERY_SECOND)
        move = 0
        while time.monotonic() < end:
            asked, begun = link(chance, disease), time.monotonic()
            answer = await client.get(f"/api/explore?{asked}&tab=t{number}&move={move}")
            heard.seconds.append(time.monotonic() - begun)
            if answer.status_code != 200:
                heard.errors.append(f"{answer.status_code}: {answer.text[:200]}")
            elif not same(asked, answer.json()["link"]):
                heard.foreign.append(f"{asked} gave {answer.json()['link']}")
            move += 1
            await asyncio.sleep(max(EVERY_SECOND - (time.monotonic() - begun), 0))


def same(asked: str, given: str) -> bool:
    """Whether a link is the one that was asked for; numbers may be written shorter."""

    def values(text: str) -> dict[str, object]:
        pairs = (pair.partition("=") for pair in text.split("&"))
        return {key: float(v) if re.fullmatch(r"[\d.e+-]+", v) else v for key, _, v in pairs}

    return values(asked).items() <= values(given).items()


async def watch(server: Server, end: float, heard: Heard) -> None:
    """Note the memory of the server and its processes."""
    server_process = psutil.Process(server.process.pid)
    while time.monotonic() < end:
        family = [server_process, *server.family()]
        heard.memory.append(sum(process.memory_info().rss for process in family))
        heard.processor.append(sum(server_process.cpu_times()[:2]))
        await asyncio.sleep(WATCHED_SECOND)


async def crowd(
    server: Server, cookies: list[str], diseases: tuple[str, ...], seconds: float
) -> Heard:
    """Let every client move until the time is over."""
    heard = Heard()
    first = enumerate(cookies[: len(diseases)])  # they let each model be read once
    await asyncio.gather(
        *(one(server.origin, k, cookie, diseases, 0, Heard()) for k, cookie in first)
    )
    end, all_of_them = time.monotonic() + seconds, enumerate(cookies)
    clients = (one(server.origin, k, cookie, diseases, end, heard) for k, cookie in all_of_them)
    await asyncio.gather(watch(server, end, heard), *clients)
    return heard


def load(folder: Path, clients: int, seconds: float, diseases: tuple[str, ...] = DISEASES) -> Heard:
    """Put a load on a server of its own."""
    with serving(folder) as server:
        return asyncio.run(crowd(server, opened(server, clients), diseases, seconds))


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--clients", type=int, default=50)
    given.add_argument("--seconds", type=float, default=120.0)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as place:
        heard = load(Path(place) / "workbench", asked.clients, asked.seconds)
    print(f"{asked.clients} clients for {asked.seconds:g} s: {heard.report()}")
    for line in (*heard.errors[:5], *heard.foreign[:5]):
        print(f"  {line}")
    kept = not heard.errors and not heard.foreign and heard.p95 < P95_SECOND
    return 0 if kept and heard.growth < GROWTH_MB_A_MINUTE else 1


if __name__ == "__main__":
    raise SystemExit(main())
