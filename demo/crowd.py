"""Many at the page at once, as programs on 127.0.0.1, each from an address of their own (127.1.x.y)."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

import httpx
import numpy as np

from demo import visitor

PATIENCE = 20  # seconds that a visitor tries again


async def sketch(
    address: str, people: int, until: Callable[[], bool], pace: float, path: str, bodies: dict[str, bytes]
) -> dict:
    """People who draw one digit after the other, each with one request in flight, and try again when refused.

    until: tells when it is time to go; pace: readings/s that each makes at most; bodies: digit to request.
    """
    seconds, outcomes = [], Counter()

    async def person(number: int) -> None:
        transport = httpx.AsyncHTTPTransport(local_address=f"127.1.{number // 250}.{number % 250 + 1}", retries=2)
        async with httpx.AsyncClient(base_url=address, transport=transport, timeout=PATIENCE) as client:
            await asyncio.sleep(number / people / pace)
            for count in range(10**9):
                if until():
                    return
                digit = visitor.DIGITS[(number + count) % 3]
                start = time.perf_counter()
                outcomes[await reading(client, path, digit, bodies[digit], outcomes)] += 1
                seconds.append(time.perf_counter() - start)
                await asyncio.sleep(max(0, 1 / pace - seconds[-1]))

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(people):
            group.create_task(person(number))
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    return {
        "people": people,
        "readings": len(seconds),
        "readings/s": round(len(seconds) / (time.perf_counter() - start), 1),
        "ms p50": round(float(p50), 1),
        "ms p99": round(float(p99), 1),
        "refused and tried again": outcomes["refused"],
        "errors": outcomes["error"],
        "misread": outcomes["misread"],
        "lost": outcomes["lost"],
    }


async def reading(client: httpx.AsyncClient, path: str, digit: str, body: bytes, outcomes: Counter) -> str:
    """Have one drawing read, asking again while refused; -> "read", "misread" or "lost"."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        except httpx.TransportError:
            outcomes["error"] += 1
            await asyncio.sleep(0.2)
            continue
        if answer.is_success:
            return "read" if visitor.text(answer.json()) == digit else "misread"
        outcomes["refused" if answer.status_code in (429, 503) else "error"] += 1
        await asyncio.sleep(float(answer.headers.get("Retry-After", 0.2)))
    return "lost"


def bodies_for(address: str) -> dict[str, bytes]:
    """Digit to the request that the page makes for it."""
    surface = visitor.part(httpx.get(f"{address}/config", trust_env=False).json())
    return {digit: json.dumps(visitor.drawn(digit, surface)).encode() for digit in visitor.DIGITS}


def for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def upload(address: str, count: int) -> dict[str, int]:
    """Upload pictures and have each read; -> how many were not read rightly."""
    wrong = 0
    with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE) as client:
        tab = visitor.part(client.get("config").json(), "picture")
        for number in range(count):
            digit = visitor.DIGITS[number % 3]
            content = visitor.png(visitor.picture(digit, 300 + number % 50))
            while True:  # on the second tab and as a program, by turns
                answer = visitor.show(client, tab, content) if number % 2 else visitor.upload(client, content)
                if answer.status_code != 429:
                    break
                time.sleep(0.2)
            wrong += not answer.is_success or visitor.text(answer.json()) != digit
    return {"errors": wrong} if wrong else {}
