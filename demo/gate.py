"""What every request has to pass before it reaches the page: open paths, the visitor's own site, limits and login."""

import asyncio
import re
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import uploads
from demo.login import Login
from demo.metrics import Metrics
from demo.rate import Bucket, client

MOST_BYTES = 11_000_000  # of a request with a file, of which 10 MB are let in, and of …
MOST_JSON = 1_000_000  # … any other, as a drawing
MOST_HELD = 200_000_000  # bytes of all requests that are being received or answered
BODY_SECONDS = 10.0  # for a request to arrive whole, …
LEAST_SPEED = 100_000  # … and a second for each so many bytes of it
MOST_ARRIVING = 50  # requests that arrive at a time from one address
AT_ONCE = 4  # requests that are answered at a time; what reads is ONNX Runtime and OpenCV on a thread each
WAIT = 2.0  # seconds that a request waits for its turn
RATE = 120.0  # requests a second from one address; somebody who sketches makes 60 at most

# All that the page asks for. What else Gradio mounts (proxy, remote files, recordings, editing by others) stays shut.
OPEN = re.compile(
    r"/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon|login|healthz|metrics)?/?"
    r"|/(assets|static|svelte|pwa_icon)/.+"
    r"|/gradio_api/(info|openapi\.json|user|login_check|app_id|startup-events|upload|upload_progress|component_server"
    r"|queue/(join|data|status)|cancel|reset|theme\.css|mcp)/?"
    r"|/gradio_api/((run|api|call|heartbeat|mcp)/.+|file=(?!\w+:).+)"
)
READS = re.compile(r"/gradio_api/(component_server/?|(run|api|call)/.+)")  # POSTs that read a picture
EVENTS = re.compile(r"/gradio_api/((run|api|call)/.+|queue/join/?)")  # POSTs that may name an upload
AT_ONCE_EVENTS = re.compile(r"/gradio_api/(run|api)/.+")  # … and have read it when they are answered


class Refusal(Exception):  # noqa: N818 (it is an answer, not an error)
    """A request that is not let in: HTTP status, the reason in a word, a sentence for people, when to come again."""

    def __init__(self, status: int, reason: str, sentence: str, retry: int | None = None):
        super().__init__(sentence)
        self.status, self.reason, self.retry = status, reason, retry


class Gate:
    """ASGI middleware. `hosts`: names besides the request's own under which the page is known, as a tunnel's."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        login: Login | None = None,
        hosts: set[str] | None = None,
        *,
        body_seconds: float = BODY_SECONDS,
        at_once: int = AT_ONCE,
        wait: float = WAIT,
        rate: float = RATE,
    ):
        self.app, self.metrics, self.login = app, metrics, login
        self.hosts = set() if hosts is None else hosts
        self.body_seconds, self.wait = body_seconds, wait
        self.turns = asyncio.Semaphore(at_once)
        self.requests, self.logins = Bucket(rate, 2 * rate), Bucket(1 / 6, 10)
        self.held = 0  # bytes
        self.arriving = Counter()  # requests by client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None
        request, held, sent = Request(scope, receive), bytearray(), []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                message["headers"] = [*message["headers"], *SAFE_HEADERS]
            await send(message)

        try:
            seconds = await self.admit(request, held, answer)
            if seconds is not None and sent[0] < 400:
                self.metrics.answered(seconds)
        except Refusal as refusal:
            self.metrics.refused(refusal.reason)
            if not sent:
                await refuse(refusal)(scope, receive, answer)
        except Exception as reason:  # the page's own, whatever it is: the visitor gets no more than a sentence
            print(f"demo: {type(reason).__name__} at {scope['path'][:80]!r}", file=sys.stderr)
            if not sent:
                await JSONResponse({"detail": "This can't be answered."}, 500)(scope, receive, answer)
        finally:
            self.held -= len(held)
        if sent and sent[0] >= 500 and sent[0] != 503:
            self.metrics.failed()

    async def admit(self, request: Request, held: bytearray, send: Send) -> float | None:
        """Check a request and pass it on, or raise Refusal; `held` gets its body. -> seconds, when it was a reading."""
        path, posts = request.scope["path"], request.method == "POST"
        if not OPEN.fullmatch(path) or request.method not in ("GET", "HEAD", "POST"):
            raise Refusal(404, "path", "There is nothing here.")
        if self.is_foreign(request):
            raise Refusal(403, "origin", "Another site's pages can't use this one. A proxy has to pass on the Host.")
        if posts and not self.requests.take(client(request)):
            raise flood()
        if posts:
            await self.collect(request, held)
        if self.login and path.rstrip("/") == "/login":
            if posts and not self.logins.take(client(request)):
                raise Refusal(429, "login", "Too many tries. Try again in a minute.", retry=60)
            return await self.login.answer(request, bytes(held))(request.scope, request.receive, send)
        if self.login and path != "/healthz" and not self.login.knows(request):
            if path == "/" and not posts:
                return await self.login.page()(request.scope, request.receive, send)
            raise Refusal(401, "login", "Log in first.")
        if not posts:
            return await self.app(request.scope, request.receive, send)
        files = uploads.named_in(held) if EVENTS.fullmatch(path) else set()
        if not all(map(uploads.is_upload, files)):
            raise Refusal(400, "file", "Only a picture that was uploaded here can be read.")

        async def once_read(message: Message) -> None:
            if AT_ONCE_EVENTS.fullmatch(path):
                uploads.delete(files)
            await send(message)

        scope = request.scope
        if READS.fullmatch(path):  # the answer is small: to compress it takes longer than to send it
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"accept-encoding"]}
        start = time.perf_counter()
        async with self.turn():
            await self.app(scope, replay(bytes(held), request.receive), once_read)
        return time.perf_counter() - start if READS.fullmatch(path) else None

    def is_foreign(self, request: Request) -> bool:
        """Whether another site's page makes this request; programs, which name no origin, are let in."""
        headers = request.headers
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "cross-site" and request.method == "POST"
        # No page can set X-Forwarded-Host on a request to another site without asking first, and that is refused.
        own = {headers.get("host"), headers.get("x-forwarded-host", "").partition(",")[0].strip()}
        return urlsplit(origin).netloc not in (own | self.hosts) - {None, ""}

    async def collect(self, request: Request, held: bytearray) -> None:
        """Receive the body into `held`, so that nobody who sends slowly takes a turn. Raises Refusal."""
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
            async with asyncio.timeout(self.body_seconds + int(length) / LEAST_SPEED):
                while True:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "broken", "The request broke off.")
                    chunk = message.get("body", b"")
                    if len(held) + len(chunk) > most:
                        raise too_large
                    if self.held + len(chunk) > MOST_HELD:
                        raise busy()
                    held += chunk
                    self.held += len(chunk)
                    if not message.get("more_body"):
                        return
        except TimeoutError:
            raise Refusal(408, "slow", "The request took too long to arrive.") from None
        finally:
            self.arriving[visitor] -= 1
            if not self.arriving[visitor]:
                del self.arriving[visitor]

    @asynccontextmanager
    async def turn(self):
        """One of the few places where requests are answered; Refusal when none gets free in time."""
        if self.turns.locked():
            try:
                await asyncio.wait_for(self.turns.acquire(), self.wait)
            except TimeoutError:
                raise busy() from None
        else:
            await self.turns.acquire()
        try:
            yield
        finally:
            self.turns.release()


SAFE_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


def busy() -> Refusal:
    return Refusal(503, "busy", "Too many people are here at once. Try again in a second.", retry=1)


def flood() -> Refusal:
    return Refusal(429, "rate", "That was a lot at once. Try again in a second.", retry=1)


def refuse(refusal: Refusal) -> JSONResponse:
    headers = {"Retry-After": str(refusal.retry)} if refusal.retry else {}
    if refusal.status in (408, 413):  # or the server would receive the rest of it
        headers["Connection"] = "close"
    return JSONResponse({"detail": str(refusal)}, refusal.status, headers)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that has been received already, and then what else comes."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
