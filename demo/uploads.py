"""Nothing that a visitor uploads stays: Gradio's folder for it is swept, and no event reads any other file."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

LASTS = 60.0  # seconds that an upload may wait to be read
SWEEP = 5.0  # seconds between two looks at the folder


def folder() -> Path:
    """Where Gradio keeps uploads, and copies of the pictures that the page shows."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio").resolve()


def named_in(body: bytes) -> set[str]:
    """The files that the body of an event names: every "path" in its JSON, at any depth. Empty when it is no JSON."""
    try:
        return set(_paths(json.loads(body)))
    except (ValueError, RecursionError):
        return set()


def _paths(value: object) -> Iterator[str]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("path"), str):
        yield value["path"]
    for child in children:
        yield from _paths(child)


def is_upload(path: str) -> bool:
    """Whether a path is a file that a visitor may have uploaded; an address of another server is none."""
    return "\0" not in path and Path(path).resolve().is_relative_to(folder())


def delete(paths: set[str]) -> None:
    """Delete uploads that have been read."""
    for path in filter(is_upload, paths):
        Path(path).unlink(missing_ok=True)


@asynccontextmanager
async def sweeping(app: object):
    """While an application runs, delete what was uploaded and never read, and the empty files that Gradio leaves."""
    if "GRADIO_TEMP_DIR" not in os.environ:  # then the folder is that of every Gradio program here, and theirs to keep
        yield
        return
    kept = set(folder().rglob("*"))  # the page's own

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP)
            await asyncio.to_thread(clear, kept, time.time() - LASTS)

    task = asyncio.create_task(sweep())
    yield
    task.cancel()


def clear(kept: set[Path], old: float) -> None:
    """Delete all in the folder but `kept` that has not changed since `old`, and empty files and folders sooner."""
    for path in sorted(set(folder().rglob("*")) - kept, reverse=True):
        try:
            state = path.stat()
            empty = path.is_dir() or state.st_size == 0
            if state.st_mtime < (old + LASTS - SWEEP if empty else old):
                path.rmdir() if path.is_dir() else path.unlink()
        except OSError:  # not empty, or gone in the meantime
            continue
