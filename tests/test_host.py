"""A page that is left open to everybody: what it lets in, what it keeps, how it starts and stops."""

import asyncio
import base64
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import ROOT, draw, run
from fastapi.testclient import TestClient

from artifacts import FIGURE_NAMES, FIGURES, ONNX_MODEL, PUBLISHED, ROWS_ONNX_MODEL, checksum_file
from demo import abuse, crowd, hostile, uploads, visitor
from demo import server as server_module
from demo.bodies import LEAST_SPEED, MOST_ARRIVING, MOST_BYTES, MOST_JSON
from demo.gate import Gate
from demo.metrics import Metrics
from demo.rate import Bucket
from demo.server import build
from export.reader import Reader
from export.reading import Reading

LOGIN = "ann:a secret: of two parts"


@pytest.fixture(scope="module")
def server():
    with visitor.running(DEMO_METRICS="1") as started:
        yield started


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server[0], trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def seven(client):
    return visitor.drawn("7", visitor.part(client.get("config").json()))


@pytest.fixture
def guarded(monkeypatch):
    """The application in this process, with a login; the client follows no redirect."""
    monkeypatch.setenv("DEMO_AUTH", LOGIN)
    monkeypatch.setenv("DEMO_METRICS", "1")
    with TestClient(build(Reader()), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


class Blind(Reader):
    """A reader whose network has gone wrong."""

    def read(self, picture):
        return Reading()


def pass_gate(gate, *messages, path="/gradio_api/run/read", headers=()):
    """Send a POST of messages, (seconds to wait, ASGI message), through a gate; -> status, headers, body."""
    left, sent = list(messages), []

    async def receive():
        pause, message = left.pop(0)
        await asyncio.sleep(pause)
        return message

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": headers,
        "query_string": b"",
        "client": ("1.2.3.4", 5),
    }
    asyncio.run(gate(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"].decode()


def part(content, more=False):
    return {"type": "http.request", "body": content, "more_body": more}


async def nothing(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


def test_health_reads_a_digit(client):
    answer = client.get("healthz")
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})


def test_a_page_that_reads_wrongly_is_not_healthy():
    with TestClient(build(Blind())) as client:
        assert client.get("healthz").status_code == 503


def test_the_numbers_count_readings_and_refusals(client, seven):
    def value(name):
        return next(float(line.split()[1]) for line in client.get("metrics").text.splitlines() if line.startswith(name))

    client.get("monitoring")
    before = value("digits_reading_seconds_count"), value('digits_refusals_total{reason="path"}')
    assert visitor.text(client.post(visitor.SERVER, json=seven).json()) == "7"
    client.get("monitoring")
    after = value("digits_reading_seconds_count"), value('digits_refusals_total{reason="path"}')
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_the_numbers_are_shut_unless_asked_for():
    with TestClient(build(Reader())) as client:
        assert client.get("metrics").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *(
            "monitoring",
            "docs",
            "openapi.json",
            "gradio_api/runs",
            "gradio_api/proxy=http://127.0.0.1/",
            "gradio_api/vibe-code",
        ),
        *("gradio_api/file=http://127.0.0.1/", "gradio_api/file=https://example.com/x.png", "gradio_api/dev/reload"),
        *("gradio_api/file/etc/passwd", "gradio_api/deep_link", "gradio_api/custom_component/a/client/b/c"),
    ],
)
def test_what_the_page_does_not_need_is_shut(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_all_that_the_page_loads_is_open(client):
    page = client.get("/")
    assert page.status_code == 200
    config = client.get("config").json()
    assert config["root"] == str(client.base_url).rstrip("/")
    figures = [f"gradio_api/file={PUBLISHED / FIGURES / name}" for name in FIGURE_NAMES]
    assert all(client.get(url).status_code == 200 for url in (*figures, "theme.css", "gradio_api/info", "favicon.ico"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_is_refused(client, seven, headers):
    answer = client.post(visitor.SERVER, json=seven, headers=headers)
    assert answer.status_code == 403
    assert "Another site" in answer.json()["detail"]
    preflight = client.options(visitor.SERVER, headers=headers)
    assert preflight.status_code in (403, 404)
    assert "access-control-allow-origin" not in {*answer.headers, *preflight.headers}


def test_the_pages_own_origin_is_let_in(server, client, seven):
    answer = client.post(visitor.SERVER, json=seven, headers={"Origin": server[0], "Sec-Fetch-Site": "same-origin"})
    assert visitor.text(answer.json()) == "7"


def test_a_space_knows_its_name(monkeypatch):
    monkeypatch.setenv("SPACE_HOST", "ann-digits.hf.space")
    with TestClient(build(Reader()), base_url="http://inner") as client:
        for origin, status in (("https://ann-digits.hf.space", 400), ("https://bob-digits.hf.space", 403)):
            answer = client.post(f"/{visitor.SERVER}", content=b"{", headers={"Origin": origin})
            assert answer.status_code == status


def test_nothing_but_the_login_page_and_health_answers_without_login(guarded):
    assert guarded.get("/healthz").status_code == 200
    for path in hostile.PATHS:
        for method in ("GET", "POST"):
            answer = guarded.request(method, f"/{path}")
            if path != "healthz":
                assert answer.status_code in (401, 404), path
                assert "login" in answer.text or "Log in" in answer.text or answer.status_code == 404
    assert "gradio" not in guarded.get("/").text


def test_who_logs_in_comes_in_and_a_forged_or_old_cookie_does_not(guarded):
    user, _, password = LOGIN.partition(":")
    wrong = guarded.post("/login", data={"username": user, "password": "guess"})
    assert wrong.status_code == 401
    assert "wrong" in wrong.text
    assert not wrong.cookies
    right = guarded.post("/login", data={"username": user, "password": password})
    assert (right.status_code, right.headers["location"]) == (303, "./")
    assert "HttpOnly" in right.headers["set-cookie"]
    assert "gradio" in guarded.get("/").text
    seven = visitor.drawn("7", visitor.part(guarded.get("/config").json()))
    assert visitor.text(guarded.post(f"/{visitor.SERVER}", json=seven).json()) == "7"
    ((name, value),) = guarded.cookies.items()
    until, _, signature = value.partition("-")
    for forged in (f"{int(until) + 1}-{signature}", f"1-{signature}", f"{until}-", "", "-", value[:-1] + "é"):
        guarded.cookies.clear()
        assert guarded.get("/config", headers={"Cookie": f"{name}={forged}".encode()}).status_code == 401


def test_programs_send_name_and_password(guarded):
    for credentials, status in ((LOGIN, 200), ("ann:guess", 401), ("é", 401)):
        token = base64.b64encode(credentials.encode()).decode()
        assert guarded.get("/config", headers={"Authorization": f"Basic {token}"}).status_code == status
    assert guarded.get("/config", headers={"Authorization": "Basic %"}).status_code == 401


def test_passwords_can_not_be_guessed_fast(guarded):
    answers = [guarded.post("/login", data={"username": "ann", "password": str(n)}).status_code for n in range(30)]
    assert answers[:10] == [401] * 10
    assert set(answers[12:]) == {429}


def test_a_login_without_a_password_stops_the_start():
    finished = run("-m", "demo", "--port", visitor.free_port(), DEMO_AUTH="ann")
    assert (finished.returncode, finished.stderr) == (2, "demo: DEMO_AUTH has to be user:password.\n")


def test_without_the_packages_for_mcp_the_start_says_which(monkeypatch):
    monkeypatch.setattr(server_module, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"gradio\[mcp\]=="):
        build(Reader(), mcp=True)


def test_a_sketching_person_never_meets_the_limit_and_a_flood_does(monkeypatch):
    clock = iter(count / 60 for count in range(60 * 600))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    gate = Gate(nothing, Metrics())
    assert all(gate.requests.take("somebody") for _ in range(60 * 600 - 1))
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    let_in = sum(gate.requests.take("flood") for _ in range(10_000))
    assert let_in == gate.requests.burst
    assert gate.requests.take("somebody else")


def test_of_many_clients_only_the_latest_are_remembered():
    bucket = Bucket(1, 1)
    for number in range(20_000):
        bucket.take(str(number))
    assert len(bucket.clients) == 10_000
    assert not bucket.take("19999")


def test_a_flood_is_told_to_come_again():
    gate = Gate(nothing, Metrics(), rate=1)
    answers = [pass_gate(gate, (0, part(b"{}"))) for _ in range(3)]
    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[2][1][b"retry-after"] == b"1"
    assert "Try again" in answers[2][2]


def test_readings_that_find_no_place_in_time_are_told_to_come_again():
    async def slow(scope, receive, send):
        await asyncio.sleep(0.5)
        await nothing(scope, receive, send)

    async def crowd():
        gate, answers = Gate(slow, Metrics(), at_once=2, wait=0.05), []
        scope = {"type": "http", "method": "POST", "path": "/gradio_api/run/read", "headers": [], "query_string": b""}

        async def receive():
            return part(b"{}")

        async def send(message):
            if "status" in message:
                answers.append((message["status"], dict(message["headers"]).get(b"retry-after")))

        await asyncio.gather(*(gate({**scope, "client": (str(n), 1)}, receive, send) for n in range(5)))
        assert gate.bodies.held == 0
        return answers

    assert sorted(asyncio.run(crowd())) == [(200, None)] * 2 + [(503, b"1")] * 3


def test_who_receives_slowly_keeps_nobody_from_being_answered():
    async def crowd():
        gate, statuses, stalled = Gate(nothing, Metrics(), at_once=1, wait=0.1), {}, asyncio.Event()

        async def receive():
            return part(b"{}")

        async def request(number, slowly):
            async def send(message):
                statuses[number] = message.get("status", statuses.get(number))
                if slowly and "body" in message:
                    await stalled.wait()

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/gradio_api/run/read",
                "headers": [],
                "query_string": b"",
            }
            await gate({**scope, "client": (str(number), 1)}, receive, send)

        slow = [asyncio.create_task(request(number, True)) for number in range(3)]
        await asyncio.sleep(0.05)
        assert gate.bodies.held == 0
        await request(3, False)
        stalled.set()
        await asyncio.gather(*slow)
        return statuses

    assert asyncio.run(crowd()) == dict.fromkeys(range(4), 200)


FILE, SHORT = (b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"2")


@pytest.mark.parametrize(
    ("headers", "messages", "status"),
    [
        ([FILE], [(0, part(b"A" * MOST_BYTES, more=True)), (0, part(b"A"))], 413),
        ([FILE], [(0, part(b"A" * MOST_BYTES))], 200),
        ([], [(0, part(b"A" * MOST_JSON, more=True)), (0, part(b"A"))], 413),
        ([], [(0, part(b"A" * MOST_JSON))], 200),
        ([(b"content-length", str(MOST_JSON + 1).encode())], [], 413),
        ([(b"content-length", b"-1")], [], 413),
        ([SHORT], [(0, part(b"A", more=True)), (1, part(b"A"))], 408),
        ([SHORT], [(0, part(b"A", more=True)), (0, {"type": "http.disconnect"})], 400),
    ],
)
def test_bodies_may_be_neither_too_large_nor_too_slow(headers, messages, status):
    gate = Gate(nothing, Metrics(), body_seconds=0.2)
    answer = pass_gate(gate, *messages, headers=headers)
    assert answer[0] == status
    assert gate.bodies.held == 0
    assert status == 200 or answer[2].startswith('{"detail":"')


def test_one_client_sends_only_so_many_bodies_at_a_time_and_large_ones_get_more_time():
    async def crowd():
        gate, statuses = Gate(nothing, Metrics(), body_seconds=0.1), []

        async def request(number, length, seconds):
            async def receive():
                await asyncio.sleep(seconds)
                return part(b"A")

            async def send(message):
                if "status" in message:
                    statuses.append((number, message["status"]))

            headers, address = [(b"content-length", str(length).encode())], (f"10.0.0.{number}", 1)
            scope = {"type": "http", "method": "POST", "path": "/gradio_api/run/read", "query_string": b""}
            await gate({**scope, "headers": headers, "client": address}, receive, send)

        many = [request(1, 1, 0.05) for _ in range(MOST_ARRIVING + 5)]
        await asyncio.gather(*many, request(2, 1, 0.05), request(3, 2 * LEAST_SPEED, 0.5), request(4, 1, 0.5))
        assert not gate.bodies.arriving
        return Counter(statuses)

    assert asyncio.run(crowd()) == {(1, 200): MOST_ARRIVING, (1, 429): 5, (2, 200): 1, (3, 200): 1, (4, 408): 1}


def test_an_error_in_the_page_is_a_sentence_to_the_visitor_and_a_word_in_the_log(capsys):
    async def broken(scope, receive, send):
        raise ValueError("what the visitor sent")

    status, _, body = pass_gate(Gate(broken, Metrics()), (0, part(b"{}")))
    assert status == 500
    assert "ValueError" not in body
    assert capsys.readouterr().err == "demo: ValueError at '/gradio_api/run/read'\n"


def test_a_body_of_100_megabytes_is_refused_before_it_is_sent(server):
    host, port = urlsplit(server[0]).hostname, urlsplit(server[0]).port
    with socket.create_connection((host, port), timeout=10) as connection:
        head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000000\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_an_upload_is_read_and_does_not_stay(client):
    uploaded = client.post("gradio_api/upload", files={"files": ("five.png", visitor.png(draw(5)))})
    (path,) = uploaded.json()
    assert Path(path).exists()
    event = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    answer = client.post("gradio_api/run/read", json=event)
    assert visitor.text(answer.json()) == "5"
    assert not Path(path).exists()


def test_an_upload_of_more_than_10_megabytes_is_refused(client):
    content = visitor.png(draw(5)) + bytes(10_500_000)
    assert visitor.upload(client, content).status_code == 413
    answer = visitor.show(client, visitor.part(client.get("config").json(), "picture"), content)
    assert answer.status_code == 413


def test_a_picture_of_more_than_50_megapixels_is_refused_in_words(client):
    content = hostile.png_of(30_000, 30_000, b"")
    assert "million pixels" in visitor.upload(client, content).text
    answer = visitor.show(client, visitor.part(client.get("config").json(), "picture"), content)
    assert "million pixels" in answer.text


def test_an_upload_that_nobody_reads_is_swept_and_the_pages_own_files_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    old, new, own, empty = (tmp_path / name / "x.png" for name in ("old", "new", "own", "empty"))
    for file in (old, new, own, empty):
        file.parent.mkdir()
        file.write_bytes(b"" if file == empty else b"x")
    now = time.time()
    for file in (old, own, empty):
        os.utime(file, (now - uploads.LASTS - 1,) * 2)
        os.utime(file.parent, (now - uploads.LASTS - 1,) * 2)
    uploads.clear({own, own.parent}, now - uploads.LASTS)
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == {new, own}


@pytest.mark.parametrize("own", [True, False])
def test_only_a_folder_of_the_pages_own_is_swept(tmp_path, monkeypatch, own):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(uploads, "SWEEP", 0.01)
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder)) if own else monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)

    async def serve():
        async with uploads.sweeping(None):
            (folder / "old.png").write_bytes(b"x")
            os.utime(folder / "old.png", (0, 0))
            for _ in range(100):
                await asyncio.sleep(0.02)
                if not (folder / "old.png").exists():
                    return

    asyncio.run(serve())
    assert (folder / "old.png").exists() != own


@pytest.mark.parametrize("path", ["/etc/passwd", "https://example.com/x.png", "demo/app.py", "../etc/passwd", "\0", ""])
def test_no_event_reads_another_file_than_an_upload(client, path):
    event = {"data": [[{"deeper": {"path": path, "meta": {"_type": "gradio.FileData"}}}]], "session_hash": "x"}
    for route in ("run/read", "api/read", "call/read", "queue/join"):
        answer = client.post(f"gradio_api/{route}", json=event)
        assert answer.status_code == 400
        assert "uploaded" in answer.json()["detail"]


def test_damaged_pictures_and_malformed_requests_leave_the_page_alive_and_tell_nothing(server, client, seven):
    result = {**abuse.pictures(server[0], 150, seed=7), **abuse.requests(server[0], 300, seed=7)}
    assert result["pictures, leaks"] == result["requests, leaks"] == []
    assert result["pictures"] >= 150
    assert visitor.text(client.post(visitor.SERVER, json=seven).json()) == "7"


def test_many_who_sketch_at_once_are_all_answered_rightly(server):
    bodies = crowd.bodies_for(server[0])
    result = asyncio.run(crowd.sketch(server[0], 30, crowd.for_seconds(2), 10, visitor.SERVER, bodies))
    assert result["readings"] >= 30
    assert (result["errors"], result["misread"], result["lost"]) == (0, 0, 0)


def test_a_request_in_flight_is_finished_when_the_server_is_told_to_stop(seven, tmp_path):
    with visitor.running(TMPDIR=str(tmp_path)) as (address, process):
        request = httpx.Request("POST", f"{address}/{visitor.SERVER}", json=seven)
        head = f"POST /{visitor.SERVER} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
        with socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=20) as connection:
            connection.sendall(head.encode() + b"\r\n" + request.content[:100])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(request.content[100:])
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_drawing_or_an_upload_is_printed(tmp_path):
    with visitor.running(TMPDIR=str(tmp_path)) as (address, process):
        with httpx.Client(base_url=address, trust_env=False) as client:
            body = {**visitor.drawn("7", 10**6), "data": "MARK-of-a-visitor"}
            client.post(visitor.SERVER, json=body)
            client.post("gradio_api/run/read", json={"data": ["MARK-of-a-visitor"], "MARK-of-a-visitor": 1})
            client.post("gradio_api/run/MARK-of-a-visitor", json={"data": []})
            visitor.upload(client, b"MARK-of-a-visitor")
            tab = visitor.part(client.get("config").json(), "picture")
            visitor.show(client, tab, b"MARK-of-a-visitor", "MARK-of-a-visitor.png")
            visitor.upload(client, visitor.png(draw(3)))
        process.terminate()
        printed = "".join(process.communicate())
    assert "The page is at" in printed
    assert "MARK-of-a-visitor" not in printed.replace("'/gradio_api/run/MARK-of-a-visitor'", "")
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("damage", "damaged"),
    [("truncated", ONNX_MODEL), ("changed", ONNX_MODEL), ("another's", ONNX_MODEL), ("changed", ROWS_ONNX_MODEL)],
)
def test_a_damaged_model_stops_the_start_in_a_sentence(tmp_path, damage, damaged):
    for name in (ONNX_MODEL, ROWS_ONNX_MODEL):
        shutil.copy(PUBLISHED / name, tmp_path)
        shutil.copy(checksum_file(PUBLISHED / name), tmp_path)
    content = bytearray((PUBLISHED / damaged).read_bytes())
    if damage == "truncated":
        del content[-1:]
    elif damage == "changed":
        content[len(content) // 2] ^= 1
    else:
        content = b"something else"
    (tmp_path / damaged).write_bytes(content)
    finished = run("-m", "demo", "--port", visitor.free_port(), "--artifacts", tmp_path)
    assert finished.returncode == 2
    assert "checksum" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_said_in_a_sentence(server):
    finished = run("-m", "demo", "--port", urlsplit(server[0]).port)
    assert finished.returncode == 2
    assert "try another --port" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_without_internet_there_is_no_link_and_the_page_is_served_all_the_same():
    command = (sys.executable, "-m", "demo", "--share", "--port", "{port}")
    closed = "http://127.0.0.1:9"
    with visitor.running(*command, https_proxy=closed, HTTPS_PROXY=closed, no_proxy="127.0.0.1") as (address, process):
        sentence = process.stderr.readline()
        assert sentence.startswith("There is no public link")
        assert sentence.endswith("the page is served here alone.\n")
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200


@pytest.mark.parametrize("reason", [RuntimeError("no answer"), httpx.ConnectError("blocked"), OSError("no program")])
def test_whatever_hinders_the_tunnel_is_said(monkeypatch, capsys, reason):
    def fail(*_):
        raise reason

    monkeypatch.setattr(server_module, "setup_tunnel", fail)
    server_module.tunnel(1, set())
    assert capsys.readouterr().err == f"There is no public link ({reason}); the page is served here alone.\n"


def test_a_link_is_printed_with_its_time_and_login_and_its_pages_are_let_in(monkeypatch, capsys):
    monkeypatch.setenv("DEMO_AUTH", LOGIN)
    monkeypatch.setattr(server_module, "setup_tunnel", lambda *_: "https://abc.gradio.live")
    server_module.tunnel(1, hosts := set())
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("https://abc.gradio.live", "week", "Log in as ann"))
    assert "secret" not in printed
    with TestClient(build(Reader(), hosts=hosts), base_url="http://inner") as client:
        for origin, status in (("https://abc.gradio.live", 401), ("https://abd.gradio.live", 403)):
            assert client.post("/gradio_api/run/read", headers={"Origin": origin}).status_code == status


def test_the_root_of_the_repository_is_not_served(client):
    for name in ("README.md", "artifacts/mnist/model.onnx", "demo/server.py"):
        assert client.get(f"gradio_api/file={ROOT / name}").status_code == 403
