"""What abuse is made of: damaged and deceitful pictures, JSON with other values, paths out of the folder."""

import io
import json
import random
import zlib
from collections.abc import Iterator

from demo import visitor

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
