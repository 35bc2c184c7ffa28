"""Damaged pictures, malformed requests and endless bodies against a running page; seeded, so that they can be repeated.

Each function gives counts: what was sent, how it was answered, and in "leaks" what should never have come back.
"""

import json
import random
import socket
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from demo import visitor
from demo.hostile import PATHS, TRAVERSALS, hostile, mutated, originals

CLIENTS = 40  # addresses that it comes from, so that the limit of one does not end it
MARK = "what-nobody-outside-may-read"
LEAKS = ("Traceback", 'File "/', "site-packages", MARK, "root:x:")
JSON = {"Content-Type": "application/json"}


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
