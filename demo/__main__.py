"""python -m demo: without an argument, serve the page; with files or folders, read them and print what they say."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from artifacts import ONNX_MODEL, PUBLISHED

MOST_JOBS = 64
INTERRUPTED = 130  # exit code after Ctrl-C: 128 and the signal's number


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE|FOLDER", help="pictures to read")
    parser.add_argument("--json", action="store_true", help="print JSON lines: boxes, probabilities and doubt, too")
    parser.add_argument(
        "--annotate", type=Path, metavar="OUT", help="write the pictures with boxes and readings to OUT"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that read; default: %(default)s")
    parser.add_argument("--artifacts", type=Path, default=PUBLISHED, help="folder of the model and its report")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve at; default: %(default)s")
    parser.add_argument("--port", type=int, default=7860, help="port to serve at; default: %(default)s")
    parser.add_argument("--share", action="store_true", help="a public link through Gradio's tunnel")
    parser.add_argument("--mcp", action="store_true", help="be an MCP server, too; needs gradio[mcp]")
    args = parser.parse_args(arguments)
    if not 1 <= args.jobs <= MOST_JOBS:
        parser.error(f"--jobs is 1 to {MOST_JOBS}")
    if not args.paths and (args.json or args.annotate or args.jobs > 1):
        parser.error("--json, --annotate and --jobs are for files and folders; name some")
    try:
        return run(args)
    except KeyboardInterrupt:
        return INTERRUPTED


def run(args: argparse.Namespace) -> int:
    # Here, so that --help and Ctrl-C need not wait until all is loaded.
    from export.classifier import ModelError

    try:
        return read(args) if args.paths else serve(args)
    except ModelError as reason:
        return fail(str(reason))


def read(args: argparse.Namespace) -> int:
    from demo.files import TargetError, read_files
    from demo.workers import WorkerError

    try:
        return read_files(args.artifacts / ONNX_MODEL, args.paths, args.json, args.annotate, args.jobs)
    except TargetError as reason:
        return fail(str(reason))
    except WorkerError as reason:
        return fail(str(reason), 1)
    except BrokenPipeError:
        # Whoever was reading has seen enough; Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def serve(args: argparse.Namespace) -> int:
    from export.reader import Reader

    reader = Reader(args.artifacts / ONNX_MODEL)
    with tempfile.TemporaryDirectory(prefix="digits-") as scratch:
        # Gradio reads these when it is imported; nothing is to be sent anywhere, and uploads are to go with the page.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": scratch}
        from demo import server

        try:
            server.serve(reader, args.artifacts, args.host, args.port, args.share, args.mcp)
        except OSError as reason:
            return fail(f"The page can't be served at {args.host}:{args.port} ({reason}); try another --port.")
        except ValueError as reason:
            return fail(f"{reason}.")
    return 0


def fail(message: str, code: int = 2) -> int:
    print(f"demo: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
