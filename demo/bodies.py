"""Bodies of requests, received before anything is done with them: not too large, not too slow, not too many."""

import asyncio
from collections import Counter

from starlette.requests import Request
from starlette.types import Message, Receive

from demo.rate import client
from demo.refusal import Refusal, busy, flood

MOST_BYTES = 11_000_000  # of a request with a file, of which 10 MB are let in, and of …
MOST_JSON = 1_000_000  # … any other, as a drawing
MOST_HELD = 200_000_000  # bytes of all requests that are being received or answered
SECONDS = 10.0  # for a request to arrive whole, …
LEAST_SPEED = 100_000  # … and a second for each so many bytes of it
MOST_ARRIVING = 50  # requests that arrive at a time from one address


class Bodies:
    """All bodies that a process holds: `held`, their bytes; `arriving`, how many are being received by client."""

    def __init__(self, seconds: float = SECONDS):
        self.seconds, self.held, self.arriving = seconds, 0, Counter()

    async def receive(self, request: Request, body: bytearray) -> None:
        """Receive a request's body into `body`, to be freed afterwards in any case. Raises Refusal."""
        is_file = request.headers.get("content-type", "").startswith("multipart/")
        most = MOST_BYTES if is_file or request.scope["path"].startswith("/gradio_api/mcp") else MOST_JSON
        too_large = Refusal(413, "size", f"That is too large: {most / 1e6:.0f} MB are the most.")
        length = request.headers.get("content-length", str(most))
        if not length.isdecimal() or len(length) > 12 or int(length) > most:
            raise too_large
        visitor = client(request)
        if self.arriving[visitor] >= MOST_ARRIVING:
            raise flood()
        self.arriving[visitor] += 1
        try:
            async with asyncio.timeout(self.seconds + int(length) / LEAST_SPEED):
                while True:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "broken", "The request broke off.")
                    chunk = message.get("body", b"")
                    if len(body) + len(chunk) > most:
                        raise too_large
                    if self.held + len(chunk) > MOST_HELD:
                        raise busy()
                    body += chunk
                    self.held += len(chunk)
                    if not message.get("more_body"):
                        return
        except TimeoutError:
            raise Refusal(408, "slow", "The request took too long to arrive.") from None
        finally:
            self.arriving[visitor] -= 1
            if not self.arriving[visitor]:
                del self.arriving[visitor]

    def free(self, body: bytearray) -> None:
        self.held -= len(body)
        body.clear()


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that has been received already, and then what else comes."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
