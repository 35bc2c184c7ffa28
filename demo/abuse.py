"""Damaged pictures, malformed requests and endless bodies against a running page; seeded, so that they can be repeated.

Each function gives counts: what was sent, how it was answered, and in "leaks" what should never have come back.
"""

import io
import json
import random
import socket
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from demo import visitor

CLIENTS = 40  # addresses that it comes from, so that the limit of one does not end it
MARK = "what-nobody-outside-may-read"
LEAKS = ("Traceback", 'File "/', "site-packages", MARK, "root:x:")
HOSTILE = (
    *(None, True, -1, 2**63, 10**400, 1e308, "", "A" * 10_000, "\0", "\ud800", [], {}, [[[]]]),
    *(
        {"path": "/etc/passwd"},
        {"url": "http://127.0.0.1:1/"},
        [1] * 1000,
        "data:image/png;base64,!!",
        "../../etc/passwd",
    ),
)
TRAVERSALS = (
    *("/etc/passwd", "../../../../etc/passwd", "....//....//etc/passwd", "..%2f..%2f..%2fetc/passwd", "//etc/passwd"),
    *("%2e%2e/%2e%2e/etc/passwd", "/proc/self/environ", "/dev/zero", "file:///etc/passwd", "http://127.0.0.1:1/"),
    *("demo/server.py", "artifacts/mnist/model.keras", "~/.bashrc", "\\\\host\\share", "C:\\boot.ini", "\0"),
)
PATHS = (
    *("", "config", "healthz", "metrics", "login", "monitoring", "monitoring/summary", "docs", "openapi.json"),
    *("gradio_api/component_server", "gradio_api/run/read", "gradio_api/api/read", "gradio_api/call/read"),
    *("gradio_api/queue/join", "gradio_api/queue/data", "gradio_api/upload", "gradio_api/upload_progress"),
    *("gradio_api/info", "gradio_api/openapi.json", "gradio_api/reset", "gradio_api/cancel", "gradio_api/runs"),
    *("gradio_api/run/nothing", "gradio_api/stream/x", "gradio_api/vibe-code", "gradio_api/process_recording"),
    *("gradio_api/dev/reload", "gradio_api/proxy=http://127.0.0.1:1/", "gradio_api/custom_component/x/client/y/z"),
)


class Clients:
    """Clients of a page, each at an address of its own, by turns; counts how they are answered."""

    def __init__(self, address: str, stack: ExitStack):
        self.answers, self.leaks, self.turn = Counter(), [], 0
        self.clients = [
            stack.enter_context(
                httpx.Client(
                    base_url=address, timeout=30, transport=httpx.HTTPTransport(local_address=f"127.2.0.{number + 1}")
                )
            )
            for number in range(CLIENTS)
        ]

    def next(self) -> httpx.Client:
        self.turn += 1
        return self.clients[self.turn % CLIENTS]

    def count(self, answer: httpx.Response) -> None:
        self.answers[f"{answer.status_code // 100}xx"] += 1
        self.leaks += [leak for leak in LEAKS if leak in answer.text]

    def counts(self, name: str) -> dict:
        return {name: self.answers.total(), f"{name}, answers": dict(self.answers), f"{name}, leaks": self.leaks}


def pictures(address: str, count: int, seed: int = 0) -> dict:
    """Mutated pictures, each uploaded and read, and mutated drawings by turns."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        clients = Clients(address, stack)
        config = clients.next().get("config").json()
        surface, tab = visitor.part(config), visitor.part(config, "picture")
        drawing, files = json.dumps(visitor.drawn("7", surface)), list(originals())
        for number in range(count):
            client = clients.next()
            if number % 3:
                name, mime, content = chance.choice(files)
                content = mutated(content, chance)
                clients.count(
                    visitor.show(client, tab, content, name, mime)
                    if number % 3 == 1
                    else visitor.upload(client, content, name, mime)
                )
            else:
                body = mutated(drawing.encode(), chance) if chance.random() < 0.3 else hostile(drawing, chance)
                clients.count(client.post(visitor.SERVER, content=body, headers={"Content-Type": "application/json"}))
        return clients.counts("pictures")


def originals() -> Iterator[tuple[str, str, bytes]]:
    """Name, MIME type and content of pictures of all kinds, and of what only pretends to be one."""
    seven = visitor.picture("7", 120)
    for kind in ("png", "jpeg", "webp", "gif", "bmp", "tiff"):
        file = io.BytesIO()
        seven.save(file, kind)
        yield f"seven.{kind}", f"image/{kind}", file.getvalue()
    whole = visitor.png(seven)
    script = b"<script>alert(1)</script>"
    yield (
        "seven.svg",
        "image/svg+xml",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    )
    yield "page.png", "text/html", whole + script
    yield "seven.html", "image/png", script + whole
    yield "archive.png", "image/png", whole + b"PK\x03\x04" + bytes(100)
    yield "../../seven.png", "image/png", whole
    yield "huge.png", "image/png", png_of(2**31 - 1, 2**31 - 1, b"")
    yield "bomb.png", "image/png", png_of(30_000, 30_000, bytes(3751) * 200)
    yield "large.png", "image/png", png_of(7_000, 7_000, bytes(876) * 7_000)
    yield (
        "text.png",
        "image/png",
        png_of(40, 40, bytes(6) * 40, [(b"zTXt", b"x\0\0" + zlib.compress(bytes(5_000_000)))] * 8),
    )
    yield "empty.png", "image/png", b""


def png_of(width: int, height: int, rows: bytes, extra: list[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of one bit a pixel that says to be so large, whatever is in it; `rows` with their filter bytes."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4) for kind, content in chunks
    )


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The same bytes with some changed, cut off, doubled or put in, or as they are."""
    changed = bytearray(content)
    for _ in range(chance.choice([0, 1, 1, 4, 20])):
        if not changed:
            break
        place = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0 | 1:
                changed[place] = chance.randrange(256)
            case 2:
                del changed[place:]
            case 3:
                changed[place:place] = chance.randbytes(chance.randrange(1, 64))
            case 4:
                changed[place:place] = changed[place : place + 256]
    return bytes(changed)


def hostile(document: str, chance: random.Random) -> bytes:
    """A JSON document with one of its values, at any depth, replaced by something hostile."""
    value = json.loads(document)
    where, path = value, []
    while isinstance(where, dict | list) and where and (not path or chance.random() < 0.7):
        key = chance.choice(list(where) if isinstance(where, dict) else range(len(where)))
        path.append((where, key))
        where = where[key]
    container, key = path[-1]
    container[key] = chance.choice(HOSTILE)
    return json.dumps(value).encode()


def requests(address: str, count: int, seed: int = 1) -> dict:
    """Malformed requests to every endpoint, and files that are not the page's."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        clients = Clients(address, stack)
        secret = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".png"))
        secret.write(MARK)
        secret.flush()
        surface = visitor.part(clients.next().get("config").json())
        drawing = json.dumps(visitor.drawn("7", surface))
        for _ in range(count):
            client = clients.next()
            match chance.randrange(4):
                case 0:
                    path = chance.choice([*TRAVERSALS, secret.name, f"{Path(secret.name).name}"])
                    path = quote(path, safe=chance.choice(["/%.:", "", "%"]))
                    route = chance.choice(["file=", "file/", "proxy=", "stream/", "deep_link?deep_link=", "../"])
                    clients.count(client.get(f"gradio_api/{route}{path}"))
                case 1:
                    file = {"path": chance.choice([*TRAVERSALS, secret.name]), "meta": {"_type": "gradio.FileData"}}
                    event = json.dumps({"data": [file], "fn_index": chance.randrange(9), "session_hash": "x"})
                    route = chance.choice(["run/read", "api/read", "call/read", "queue/join", "run/predict"])
                    clients.count(client.post(f"gradio_api/{route}", content=event, headers=JSON))
                case 2:
                    clients.count(client.post(visitor.SERVER, content=hostile(drawing, chance), headers=JSON))
                case 3:
                    method = chance.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
                    path, body = (
                        chance.choice(PATHS),
                        chance.choice([b"", b"{", b"[1]", b"null", b"[" * 50_000, b"\xff"]),
                    )
                    if (method, path) != ("GET", "gradio_api/queue/data"):
                        mime = chance.choice(
                            ["application/json", "multipart/form-data", "text/plain", "multipart/x; boundary="]
                        )
                        with client.stream(method, path, content=body, headers={"Content-Type": mime}) as answer:
                            answer.read()
                        clients.count(answer)
        return clients.counts("requests")


JSON = {"Content-Type": "application/json"}


def bodies(address: str, megabytes: int = 100, slow: int = 20) -> dict:
    """Bodies that are too large, said so or not, and many slow ones at once while somebody draws."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    head = f"POST /{visitor.SERVER} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    result = {}
    for name, more, block in (
        ("announced", f"Content-Length: {megabytes * 10**6}\r\n\r\n", b"A" * 65_536),
        ("in chunks", "Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"A" * 65_536 + b"\r\n"),
    ):
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall((head + more).encode())
            sent, status = 0, b""
            try:
                while sent < megabytes * 10**6:
                    connection.sendall(block)
                    sent += len(block)
                status = connection.recv(100)
            except OSError:  # the server hangs up, as it should
                status = b"HTTP/1.1 413" if sent < megabytes * 10**6 else b""
            result[f"{megabytes} MB {name}"] = f"refused after {sent / 1e6:.0f} MB" if b"413" in status else "taken"
    connections = [socket.create_connection((host, port), timeout=60) for _ in range(slow)]
    try:
        for connection in connections:
            connection.sendall((head + 'Content-Length: 1000\r\n\r\n{"data": "').encode())
        with httpx.Client(base_url=address, trust_env=False) as client:
            body = visitor.drawn("7", visitor.part(client.get("config").json()))
            result["read beside slow bodies"] = visitor.text(client.post(visitor.SERVER, json=body).json()) == "7"
        start = time.monotonic()
        result["slow bodies refused"] = sum(b" 408 " in connection.recv(100) for connection in connections)
        result["… after s"] = round(time.monotonic() - start)
    finally:
        for connection in connections:
            connection.close()
    return result
