"""What every request has to pass before it reaches the page: open paths, the visitor's own site, limits and login."""

import asyncio
import re
import sys
import time
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import bodies, uploads
from demo.bodies import Bodies, replay
from demo.login import Login
from demo.metrics import Metrics
from demo.rate import Bucket, client
from demo.refusal import Refusal, busy, flood

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
READ_AT_ONCE = re.compile(r"/gradio_api/(run|api)/.+")  # … and have read it when they are answered


SAFE_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


class Gate:
    """ASGI middleware. `hosts`: names besides the request's own under which the page is known, as a tunnel's."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        login: Login | None = None,
        hosts: set[str] | None = None,
        *,
        body_seconds: float = bodies.SECONDS,
        at_once: int = AT_ONCE,
        wait: float = WAIT,
        rate: float = RATE,
    ):
        self.app, self.metrics, self.login = app, metrics, login
        self.hosts = set() if hosts is None else hosts
        self.wait = wait
        self.turns = asyncio.Semaphore(at_once)
        self.requests, self.logins = Bucket(rate, 2 * rate), Bucket(1 / 6, 10)
        self.bodies = Bodies(body_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None
        request, body, sent = Request(scope, receive), bytearray(), []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                message["headers"] = [*message["headers"], *SAFE_HEADERS]
            await send(message)

        try:
            self.check(request)
            if request.method == "POST":
                await self.bodies.receive(request, body)
                await self.pass_on(request, body, answer, sent)
            elif self.login and request.scope["path"].rstrip("/") == "/login":
                await self.login.page()(scope, receive, answer)
            else:
                await self.app(scope, receive, answer)
        except Refusal as refusal:
            self.metrics.refused(refusal.reason)
            if not sent:
                asks = refusal.reason == "login" and request.method != "POST" and scope["path"] == "/"
                await (self.login.page() if asks else refusal.answer())(scope, receive, answer)
        except Exception as reason:  # the page's own, whatever it is: the visitor gets no more than a sentence
            print(f"demo: {type(reason).__name__} at {scope['path'][:80]!r}", file=sys.stderr)
            if not sent:
                await JSONResponse({"detail": "This can't be answered."}, 500)(scope, receive, answer)
        finally:
            self.bodies.free(body)
        if sent and sent[0] >= 500 and sent[0] != 503:
            self.metrics.failed()

    def check(self, request: Request) -> None:
        """Raise Refusal for what is known of a request before its body has come."""
        path, posts = request.scope["path"], request.method == "POST"
        if not OPEN.fullmatch(path) or request.method not in ("GET", "HEAD", "POST"):
            raise Refusal(404, "path", "There is nothing here.")
        if self.is_foreign(request):
            raise Refusal(403, "origin", "Another site's pages can't use this one. A proxy has to pass on the Host.")
        if posts and not self.requests.take(client(request)):
            raise flood()
        if not self.login or path == "/healthz":
            return
        if path.rstrip("/") == "/login":
            if posts and not self.logins.take(client(request)):
                raise Refusal(429, "tries", "Too many tries. Try again in a minute.", retry=60)
        elif not self.login.knows(request):
            raise Refusal(401, "login", "Log in first.")

    async def pass_on(self, request: Request, body: bytearray, send: Send, sent: list[int]) -> None:
        """Have a POST answered when it is its turn. Raises Refusal."""
        path, scope = request.scope["path"], request.scope
        if self.login and path.rstrip("/") == "/login":
            return await self.login.answer(request, bytes(body))(scope, request.receive, send)
        files = uploads.named_in(body) if EVENTS.fullmatch(path) else set()
        if not all(map(uploads.is_upload, files)):
            raise Refusal(400, "file", "Only a picture that was uploaded here can be read.")
        reads, start = READS.fullmatch(path), time.perf_counter()
        if reads:  # the answer is small: to compress it takes longer than to send it
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"accept-encoding"]}
        turn = await self.turn()

        async def done(message: Message) -> None:
            # What is left is to send the answer: nobody who receives it slowly is to hold up the others.
            turn.close()
            self.bodies.free(body)
            if READ_AT_ONCE.fullmatch(path):
                uploads.delete(files)
            await send(message)

        with turn:
            await self.app(scope, replay(bytes(body), request.receive), done)
        if reads and sent[0] < 400:
            self.metrics.answered(time.perf_counter() - start)

    def is_foreign(self, request: Request) -> bool:
        """Whether another site's page makes this request; programs, which name no origin, are let in."""
        headers = request.headers
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "cross-site" and request.method == "POST"
        # No page can set X-Forwarded-Host on a request to another site without asking first, and that is refused.
        own = {headers.get("host"), headers.get("x-forwarded-host", "").partition(",")[0].strip()}
        return origin.partition("://")[2] not in (own | self.hosts) - {None, ""}

    async def turn(self) -> ExitStack:
        """One of the few places where requests are answered, free again when it is closed. Raises Refusal."""
        if self.turns.locked():
            try:
                await asyncio.wait_for(self.turns.acquire(), self.wait)
            except TimeoutError:
                raise busy() from None
        else:
            await self.turns.acquire()
        place = ExitStack()
        place.callback(self.turns.release)
        return place
