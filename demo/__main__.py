"""python -m demo: without an argument, serve the page; with files or folders, read them and print what they say."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from artifacts import ONNX_MODEL, PUBLISHED
from export.classifier import ModelError
from export.reader import Reader


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE|FOLDER", help="pictures to read")
    parser.add_argument("--json", action="store_true", help="print JSON lines: boxes and probabilities, too")
    parser.add_argument("--artifacts", type=Path, default=PUBLISHED, help="folder of the model and its report")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve at; default: %(default)s")
    parser.add_argument("--port", type=int, default=7860, help="port to serve at; default: %(default)s")
    parser.add_argument("--share", action="store_true", help="a public link through Gradio's tunnel")
    args = parser.parse_args(arguments)
    try:
        reader = Reader(args.artifacts / ONNX_MODEL)
    except ModelError as reason:
        return fail(str(reason))
    if args.paths:
        from demo.files import read_files

        return read_files(reader, args.paths, args.json)
    return serve(reader, args)


def serve(reader: Reader, args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="digits-") as scratch:
        # Gradio reads these when it is imported; nothing is to be sent anywhere, and uploads are to go with the page.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": scratch}
        from demo import server

        try:
            server.serve(reader, args.artifacts, args.host, args.port, args.share)
        except OSError as reason:
            return fail(f"The page can't be served at {args.host}:{args.port} ({reason}); try another --port.")
        except ValueError as reason:
            return fail(f"{reason}.")
    return 0


def fail(message: str) -> int:
    print(f"demo: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
