"""That a Space's folder is complete: the steps of its Dockerfile, taken by hand.

A fresh virtual environment, the requirements, the command as the Dockerfile's user where this program may become it,
a drawing read over HTTP, the health check, and nothing written into the folder.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from demo import visitor

USER = 10001  # that of the Dockerfile


class SpaceError(Exception):
    """The Space could not be written, proven or uploaded; the message is one sentence for people."""


def steps(dockerfile: Path) -> list[tuple[str, str]]:
    """The lines of a Dockerfile: instruction and the rest."""
    lines = dockerfile.read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def command_of(rest: str) -> list[str]:
    """What stands after CMD, or after HEALTHCHECK with its options -> the command."""
    return json.loads(rest[rest.index("[") :])


def prove(folder: Path) -> str:
    """Take the Dockerfile's steps in a fresh environment and have a drawing read; -> a sentence. Raises SpaceError."""
    instructions = steps(folder / "Dockerfile")
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        scratch.chmod(0o755)
        subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], check=True)
        bin_folder, app, start = scratch / "venv" / "bin", scratch / "app", time.monotonic()
        (home := scratch / "home").mkdir(mode=0o777)
        home.chmod(0o777)
        environment = {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "TMPDIR": str(home),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        shutil.copytree(folder, app)
        for instruction, command in instructions:
            if instruction == "RUN":
                run = subprocess.run(
                    shlex.split(command), cwd=app, env={**os.environ, **environment}, capture_output=True, text=True
                )
                if run.returncode:
                    raise SpaceError(f"This step fails: {command}: {run.stderr.strip().splitlines()[-1]}")
        installed = subprocess.run([bin_folder / "pip", "freeze"], capture_output=True, text=True, check=True).stdout
        if "tensorflow" in installed.lower():
            raise SpaceError("TensorFlow is installed")
        environment |= {**dict(pair.split("=") for pair in shlex.split(dict(instructions)["ENV"])), "HOME": str(home)}
        before, seconds = state_of(app), time.monotonic() - start
        command, health = (command_of(dict(instructions)[name]) for name in ("CMD", "HEALTHCHECK"))
        text, who = serve_and_read(command, health, app, environment, user_for(bin_folder))
        if state_of(app) != before:
            raise SpaceError("The page wrote into its own folder")
        if text != "7":
            raise SpaceError(f"A seven was read as {text!r}")
        size = sum(path.stat().st_size for path in (scratch / "venv").rglob("*") if path.is_file())
        return (
            f"{folder}: installed in {seconds:.0f} s, {size / 1e6:.0f} MB with all packages; {shlex.join(command)} as "
            f"{who} read a seven, its health check agrees, and nothing was written into its folder"
        )


def serve_and_read(
    command: list[str], health: list[str], app: Path, environment: dict, user: int | None
) -> tuple[str | None, str]:
    """Run the command in the app's folder, with no more of an environment; -> what a seven is read as, by whom."""
    port = visitor.free_port()
    environment = {**environment, "PORT": str(port)}
    server = subprocess.Popen(
        command,
        cwd=app,
        env=environment,
        user=user,
        group=user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        visitor.wait_for(f"{address}/healthz", server)
        subprocess.run(health, cwd=app, env=environment, user=user, group=user, check=True)
        with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
            surface = visitor.part(client.get("config").json())
            answer = client.post(visitor.SERVER, json=visitor.drawn("7", surface)).json()
        return visitor.text(answer), f"user {user}" if user else "this user"
    except (RuntimeError, subprocess.CalledProcessError) as reason:
        raise SpaceError(f"The page does not start: {reason}") from reason
    finally:
        server.terminate()
        server.wait()


def user_for(bin_folder: Path) -> int | None:
    """The Dockerfile's user where this program may become it and it may run this Python, None elsewhere."""
    try:
        subprocess.run([bin_folder / "python", "-c", ""], user=USER, group=USER, check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return USER


def state_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}
