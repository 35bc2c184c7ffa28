"""python -m demo.load [PART ...]: how much one process bears, and whether it bears abuse → artifacts/load.json.

Everything goes to 127.0.0.1, each visitor from an address of their own (127.1.x.y), for bounded times.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from artifacts import LOAD, ROOT, circumstances, write_json
from demo import abuse, visitor
from demo.crowd import bodies_for, for_seconds, sketch, upload

PEOPLE, PACE, SECONDS = 100, 10, 60  # visitors, readings/s that each makes at most, how long
SLICES, SLICE_PEOPLE, SLICE_SECONDS = 4, 20, 6  # for the comparison with a bare endpoint, by turns
READINGS, UPLOADS, FIRST = 50_000, 2_000, 1_000  # memory is compared with that after the FIRST readings
BARE = "--bare"  # the argument that starts the endpoint of `bare()`


def people() -> dict:
    """PEOPLE who sketch as fast as anybody does, all at one process."""
    with visitor.running() as (address, _):
        bodies = bodies_for(address)
        return asyncio.run(sketch(address, PEOPLE, for_seconds(SECONDS), PACE, visitor.SERVER, bodies))


def against_bare() -> dict:
    """The page's readings/s by those of an endpoint that does nothing but read, by turns; time of the processor, too.

    The latter tells the same on a machine that is busy with other things.
    """
    import psutil

    rates, work = {"page": [], "bare": []}, {"page": 0.0, "bare": 0.0}
    command = (sys.executable, "-m", "demo.load", BARE, "{port}")
    with visitor.running() as (page, page_process), visitor.running(*command) as (endpoint, endpoint_process):
        bodies = bodies_for(page)
        servers = {"page": (page, visitor.SERVER, page_process), "bare": (endpoint, "read", endpoint_process)}
        for turn in range(SLICES + 1):
            for name, (address, path, process) in servers.items():
                before = sum(psutil.Process(process.pid).cpu_times()[:2])
                run = sketch(address, SLICE_PEOPLE, for_seconds(SLICE_SECONDS), 1000, path, bodies)
                result = asyncio.run(run)
                if turn:  # the first one warms up
                    rates[name].append(result["readings/s"])
                    work[name] += (sum(psutil.Process(process.pid).cpu_times()[:2]) - before) / result["readings"]
    median = {name: round(float(np.median(values)), 1) for name, values in rates.items()}
    ms = {name: round(1e3 * seconds / SLICES, 2) for name, seconds in work.items()}
    return {
        "page, readings/s": median["page"],
        "bare endpoint, readings/s": median["bare"],
        "page of bare, %": round(100 * median["page"] / median["bare"], 1),
        "page, ms of processor": ms["page"],
        "bare endpoint, ms of processor": ms["bare"],
        "page of bare by processor, %": round(100 * ms["bare"] / ms["page"], 1),
        "slices": rates,
    }


def bare(port: int) -> None:
    """A FastAPI endpoint that answers a drawing with the same function as the page, and does nothing else."""
    import uvicorn
    from fastapi import Body, FastAPI

    from demo.pad import answer
    from export.reader import Reader

    app, reader = FastAPI(), Reader()

    @app.get("/healthz")
    def healthz() -> None:
        return None

    @app.post("/read")
    def read(data=Body(embed=True), component_id=Body(embed=True)):  # noqa: B008 (FastAPI's way)
        return answer(reader, data)

    uvicorn.run(app, port=port, log_level="error", access_log=False)


def long_run(readings: int = READINGS, uploads: int = UPLOADS) -> dict:
    """Memory, open files and temporary files before and after many readings and uploads."""
    import psutil

    scratch = Path(os.environ.get("TMPDIR", "/tmp"))
    before = {path.name for path in scratch.iterdir()}
    with visitor.running() as (address, server):
        bodies, process = bodies_for(address), psutil.Process(server.pid)
        own = [path for path in scratch.glob("digits-*") if path.name not in before]

        def state() -> tuple[float, int, int]:
            files = sum(path.is_file() for folder in own for path in folder.rglob("*"))
            return process.memory_info().rss / 1e6, process.num_fds(), files

        def read(count: int) -> Counter:
            left = iter(range(count))
            run = sketch(address, 8, lambda: next(left, None) is None, 1000, visitor.SERVER, bodies)
            return Counter({name: value for name, value in asyncio.run(run).items() if name in ("errors", "lost")})

        wrong = read(FIRST) + Counter(upload(address, min(20, uploads)))
        time.sleep(1)
        first = state()
        wrong += read(readings - FIRST) + Counter(upload(address, uploads - min(20, uploads)))
        time.sleep(12)  # Gradio's empty files are swept and connections are closed
        last = state()
    left = {path.name for path in scratch.iterdir() if path.name.startswith(("digits-", "gradio"))} - before
    return {
        "readings": readings,
        "uploads": uploads,
        "errors": wrong.total(),
        f"MB after {FIRST:,}": round(first[0]),
        "MB at the end": round(last[0]),
        "growth": round(last[0] / first[0], 3),
        "open files": [first[1], last[1]],
        "temporary files": [first[2], last[2]],
        "left in the temporary folder": len(left),
    }


def abused() -> dict:
    """Damaged pictures and malformed requests, and a good reading afterwards."""
    with visitor.running() as (address, server):
        result = {**abuse.pictures(address, 3000), **abuse.requests(address, 1000), **abuse.bodies(address)}
        bodies = bodies_for(address)
        after = asyncio.run(sketch(address, 1, for_seconds(1), 10, visitor.SERVER, bodies))
        return {**result, "alive afterwards": server.poll() is None and not after["errors"] and not after["misread"]}


PARTS = {"people": people, "bare": against_bare, "long": long_run, "abuse": abused}


def keep(name: str, result: dict) -> None:
    """Print the result of a part and write it into artifacts/load.json, where the others stay."""
    saved = json.loads(LOAD.read_text()) if LOAD.exists() else {}
    versions = {package: version(package) for package in ("gradio", "fastapi", "uvicorn", "onnxruntime")}
    write_json(LOAD, saved | {name: {**result, "versions": versions, **circumstances()}})
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in result.items()), flush=True)


def main() -> int:
    if sys.argv[1:2] == [BARE]:
        return bare(int(sys.argv[2])) or 0
    parser = argparse.ArgumentParser(prog="python -m demo.load", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"unknown: {', '.join(unknown)}")
    for name in chosen:
        keep(name, PARTS[name]())
    print(f"written to {LOAD.relative_to(ROOT.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
