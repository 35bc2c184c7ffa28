"""python -m demo.space: write a complete Hugging Face Space → build/space/, prove it, and upload it when told to.

The folder holds all that a host needs and nothing else; the Docker image is built from it, too. demo.proof proves it.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import validate_repo_id

from artifacts import (
    FIGURES,
    METRICS,
    ONNX_MODEL,
    PAGE_PICTURE,
    PUBLISHED,
    READING,
    ROOT,
    ROWS_METRICS,
    ROWS_ONNX_MODEL,
    SEEDS,
    checksum_file,
)
from demo.proof import SpaceError, prove

FOLDER = ROOT.parent / "build" / "space"
# Of the packages, what makes and measures the model and the page stays at home.
AT_HOME = {
    "export": {"__main__.py", "bench.py", "convert.py", "strip.py", "suites.py"},
    "demo": {
        "Dockerfile",
        "README.md",
        "abuse.py",
        "bench.py",
        "crowd.py",
        "hostile.py",
        "load.py",
        "outage.py",
        "proof.py",
        "screenshot.py",
        "space.py",
    },
}
MODELS = (PUBLISHED / ONNX_MODEL, PUBLISHED / ROWS_ONNX_MODEL)
KEPT = (
    *MODELS,
    *map(checksum_file, MODELS),
    *(PUBLISHED / each for each in (METRICS, ROWS_METRICS, SEEDS, READING, FIGURES)),
)
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
    for source in KEPT:
        target = folder / ROOT.name / PUBLISHED.name / source.name
        if source.exists():
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    shutil.copy(PAGE_PICTURE, folder / ROOT.name)
    for name in ("requirements.txt", "Dockerfile"):
        shutil.copy(ROOT.parent / "demo" / name, folder)
    pins = dict(line.split("==") for line in (folder / "requirements.txt").read_text().splitlines() if "==" in line)
    (folder / "README.md").write_text(README.format(gradio=pins["gradio"]))
    (folder / "app.py").write_text(APP)


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
            print(prove(FOLDER))
    except SpaceError as reason:
        print(f"space: {reason}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
