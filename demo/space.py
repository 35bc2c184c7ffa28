"""python -m demo.space: write a complete Hugging Face Space → build/space/, prove it, and upload it when told to.

The folder holds all that a host needs and nothing else; the Docker image is built from it, too. The proof takes the
steps of the Dockerfile by hand: a fresh virtual environment, its requirements, its command and its health check.
"""

import argparse
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
import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import validate_repo_id

from artifacts import CHECKSUM, FIGURES, METRICS, ONNX_MODEL, PAGE_PICTURE, PUBLISHED, READING, ROOT, SEEDS
from demo import visitor

FOLDER = ROOT.parent / "build" / "space"
# Of the packages, what makes and measures the model and the page stays at home.
AT_HOME = {
    "export": {"__main__.py", "bench.py", "convert.py", "strip.py", "suites.py"},
    "demo": {"Dockerfile", "README.md", "abuse.py", "bench.py", "load.py", "outage.py", "screenshot.py"},
}
MODEL = (ONNX_MODEL, CHECKSUM, METRICS, SEEDS, READING, FIGURES)
USER = 10001  # that of the Dockerfile
APP = '''"""Serve the page, in a Space or a container."""

import os
import sys

from demo.__main__ import main

if "SPACE_ID" in os.environ:  # only the Space's own proxy can reach it
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")
sys.exit(main(["--host", "0.0.0.0", "--port", os.environ.get("PORT", "7860")]))
'''
README = """---
title: A reader of handwritten digits
sdk: gradio
sdk_version: {gradio}
python_version: "3.11"
app_file: app.py
license: mit
short_description: Draw or upload digits and see at once what is read
---

Draw a digit or a number, or upload a picture of one, and see at once what was read, how sure the network is and what
it saw. Trained on MNIST with Keras, read by ONNX Runtime; nothing that is drawn or uploaded is kept.
"""


class SpaceError(Exception):
    """The Space could not be written, proven or uploaded; the message is one sentence for people."""


def write(folder: Path = FOLDER) -> None:
    """Write the Space anew: front matter, app.py, requirements, Dockerfile, the packages, the model and its figures."""
    if not (PUBLISHED / ONNX_MODEL).exists():
        raise SpaceError(f"There is no model at {PUBLISHED / ONNX_MODEL}; `make train export` makes one")
    if folder.exists():
        for old in folder.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for package, at_home in AT_HOME.items():
        kept = shutil.ignore_patterns("__pycache__", "requirements*.txt", *at_home)
        shutil.copytree(ROOT.parent / package, folder / package, ignore=kept)
    (folder / ROOT.name / PUBLISHED.name).mkdir(parents=True)
    shutil.copy(ROOT / "__init__.py", folder / ROOT.name)
    for name in MODEL:
        source, target = PUBLISHED / name, folder / ROOT.name / PUBLISHED.name / name
        if source.exists():
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    shutil.copy(PAGE_PICTURE, folder / ROOT.name)
    for name in ("requirements.txt", "Dockerfile"):
        shutil.copy(ROOT.parent / "demo" / name, folder)
    pins = dict(line.split("==") for line in (folder / "requirements.txt").read_text().splitlines() if "==" in line)
    (folder / "README.md").write_text(README.format(gradio=pins["gradio"]))
    (folder / "app.py").write_text(APP)


def steps(dockerfile: Path) -> list[tuple[str, str]]:
    """The lines of a Dockerfile: instruction and the rest."""
    lines = dockerfile.read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def command_of(rest: str) -> list[str]:
    """What stands after CMD, or after HEALTHCHECK with its options -> the command."""
    return json.loads(rest[rest.index("[") :])


def prove(folder: Path = FOLDER) -> str:
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


def deploy(name: str, folder: Path = FOLDER) -> str:
    """Upload the folder as the Space `user/name`; -> its address. Raises SpaceError."""
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise SpaceError(
            "Uploading needs HF_TOKEN, a token with write access from https://huggingface.co/settings/tokens"
        )
    try:
        validate_repo_id(name)
    except HFValidationError:
        name = ""
    if name.count("/") != 1:
        raise SpaceError("A Space is called user/name: make deploy SPACE=user/name")
    api = HfApi(token=token, library_name="digits")
    try:
        api.create_repo(name, repo_type="space", space_sdk="gradio", exist_ok=True)
        api.upload_folder(repo_id=name, repo_type="space", folder_path=folder, delete_patterns="*")
    except HfHubHTTPError as reason:
        status = reason.response.status_code
        why = (
            "HF_TOKEN is not accepted"
            if status == 401
            else f"HF_TOKEN may not write to {name}"
            if status == 403
            else status
        )
        raise SpaceError(f"Hugging Face refuses: {why}") from reason
    except (httpx2.TransportError, OSError) as reason:
        raise SpaceError(f"Hugging Face can't be reached ({reason})") from reason
    return f"{api.endpoint}/spaces/{name}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.space", description=__doc__.splitlines()[0])
    parser.add_argument("--unproven", action="store_true", help="write the folder and no more")
    parser.add_argument("--deploy", metavar="USER/NAME", help="upload it to Hugging Face, with HF_TOKEN")
    args = parser.parse_args()
    try:
        write()
        if args.deploy is not None:
            print(deploy(args.deploy))
        elif not args.unproven:
            print(prove())
    except SpaceError as reason:
        print(f"space: {reason}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
