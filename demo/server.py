"""The one web application behind every way of hosting: the page, its health and its numbers, behind the gate.

Set by the environment, for all ways alike: DEMO_AUTH=user:password asks for a login, DEMO_METRICS=1 opens /metrics,
ROOT_PATH=/digits says under which path a reverse proxy shows the page, FORWARDED_ALLOW_IPS which proxies are believed
about a visitor's address.
"""

import os
import secrets
import signal
import socket
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import gradio.queueing
import gradio.routes
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from gradio.exceptions import ChecksumMismatchError, ShareCertificateWriteError
from gradio.networking import setup_tunnel
from httpx import HTTPError
from prometheus_client import CONTENT_TYPE_LATEST

from artifacts import PUBLISHED
from demo import uploads
from demo.app import LOOK, page
from demo.gate import Gate
from demo.login import Login
from demo.metrics import Metrics
from demo.visitor import picture
from export.reader import Reader

GRACE = 10  # seconds for the requests in flight when the server is told to stop
MOST_CONNECTIONS = 1000
MOST_SESSIONS = 1000  # visitors of whom Gradio keeps a record
HEALTH_LASTS = 1.0  # seconds until health is looked at again


def build(
    reader: Reader,
    artifacts: Path = PUBLISHED,
    hosts: set[str] | None = None,
    mcp: bool = False,
) -> FastAPI:
    """The application for a reader and the folder of its model; `hosts` are Gate's.

    mcp: whether it is an MCP server, too. Raises ValueError when DEMO_AUTH is set and is not user:password, and when
    the packages for MCP are missing.
    """
    if mcp and not find_spec("mcp"):
        raise ValueError(f"--mcp needs more packages: pip install 'gradio[mcp]=={gr.__version__}'")
    metrics = Metrics()
    hosts = set() if hosts is None else hosts
    if os.environ.get("SPACE_HOST"):  # Hugging Face tells a Space its name, and may rewrite the request's
        hosts.add(os.environ["SPACE_HOST"])
    login = Login(os.environ["DEMO_AUTH"]) if os.environ.get("DEMO_AUTH") else None
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=uploads.sweeping)
    app.add_middleware(Gate, metrics=metrics, login=login, hosts=hosts)
    health = Health(reader)

    @app.get("/healthz")
    def healthz() -> Response:
        healthy = health.check()
        return JSONResponse({"healthy": healthy}, 200 if healthy else 503)

    if os.environ.get("DEMO_METRICS"):

        @app.get("/metrics")
        def numbers() -> Response:
            return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    # Gradio prints the whole trace of a failed event, and with it what the visitor sent.
    gradio.routes.traceback = gradio.queueing.traceback = SimpleNamespace(print_exc=brief)
    blocks = page(reader, artifacts)
    blocks.state_session_capacity = MOST_SESSIONS
    gr.mount_gradio_app(
        app, blocks, path="/", root_path=os.environ.get("ROOT_PATH"), show_error=False, mcp_server=mcp, **LOOK
    )
    hasten(app)
    return app


def hasten(app: FastAPI) -> None:
    """Spare each reading what Gradio does before it: asking 40 other routes, and whether the visitor has logged in.

    The gate has done the latter. Together they would take a fifth of a reading's time.
    """
    gradio_app = app.routes[-1].app
    routes = gradio_app.router.routes
    included = next(route for route in routes if hasattr(route, "original_router"))
    routes.insert(0, routes.pop(routes.index(included)))
    included.original_router.routes.sort(key=lambda route: not route.path.endswith("/component_server"))
    for check in included.original_router.routes[0].dependencies:
        gradio_app.dependency_overrides[check.dependency] = let_in


async def let_in() -> None:
    return None


def brief() -> None:
    """Say which error is being handled and no more."""
    print(f"demo: {type(sys.exception()).__name__} in an event", file=sys.stderr)


class Health:
    """Whether a digit that is known is read as it should be."""

    def __init__(self, reader: Reader):
        self.reader, self.result, self.until = reader, False, 0.0
        self.seven = picture("7")

    def check(self) -> bool:
        """Read the seven, unless that was done just now."""
        if time.monotonic() >= self.until:
            try:
                self.result = self.reader.read(self.seven).text == "7"
            except Exception as reason:  # whatever it is, the answer is that this process can't read
                print(f"demo: not healthy: {type(reason).__name__}", file=sys.stderr)
                self.result = False
            self.until = time.monotonic() + HEALTH_LASTS
        return self.result


def serve(reader: Reader, artifacts: Path, host: str, port: int, share: bool = False, mcp: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C, and then finish what is in flight. Raises OSError when the port can't be had."""
    hosts: set[str] = set()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # asyncio does this by itself only for sockets that it makes; without, each answer takes 40 ms more.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            build(reader, artifacts, hosts, mcp),
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            limit_concurrency=MOST_CONNECTIONS,
        )
        print(f"The page is at http://{host}:{port}{os.environ.get('ROOT_PATH', '')}; Ctrl-C stops it.", flush=True)
        if share:
            threading.Thread(target=tunnel, args=(port, hosts), daemon=True).start()
        # Uvicorn stops in good order and then raises the signal again, which is to end the program as usual.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            uvicorn.Server(config).run([listener])
        except KeyboardInterrupt:
            return


def tunnel(port: int, hosts: set[str]) -> None:
    """Ask Gradio's servers for a public link to a port here and print it, or say why there is none."""
    try:
        link = setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
    except (OSError, RuntimeError, ValueError, HTTPError, ChecksumMismatchError, ShareCertificateWriteError) as reason:
        sentence = f"There is no public link ({reason or type(reason).__name__}); the page is served here alone."
        print(sentence, file=sys.stderr, flush=True)
        return
    link = link.replace("http://", "https://")
    hosts.add(link.removeprefix("https://"))
    user = os.environ.get("DEMO_AUTH", "").partition(":")[0]
    login = f"Log in as {user} with the password in DEMO_AUTH." if user else "No login: DEMO_AUTH=user:password asks."
    print(f"Public link, for a week at most and while this runs: {link}. {login}", flush=True)
