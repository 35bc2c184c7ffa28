"""How programs use the page: the endpoint /read, with examples that a test runs."""

import io
import time

import gradio as gr

from demo.document import ADDRESS, code, document
from demo.files import to_dict
from export.pictures import PictureError, open_picture
from export.reader import Reader

PYTHON = f"""\
from gradio_client import Client, handle_file

client = Client("{ADDRESS}/")
answer = client.predict(handle_file("number.png"), api_name="/read")
print(answer["text"], answer["confidence"])"""
CURL = f"""\
path=$(curl -s -F files=@number.png {ADDRESS}/gradio_api/upload | tr -d '[]')
curl -s {ADDRESS}/gradio_api/run/read -H 'Content-Type: application/json' \\
  -d "{{\\"data\\": [{{\\"path\\": $path, \\"meta\\": {{\\"_type\\": \\"gradio.FileData\\"}}}}]}}\""""
WORDS = """\
<h2>Read from a program</h2>
<p><code>/read</code> takes a picture of any kind that Pillow knows, up to 10 MB and 50 million pixels, and gives JSON,
the same as <code>python -m demo --json</code>: <code>text</code> and <code>confidence</code>, and of each of the
<code>digits</code>, from left to right, its <code>label</code>, its <code>box</code> (left, top, right, bottom in px
of the upright picture), the ten <code>probabilities</code>, the <code>doubt</code> that it is the label, and whether
that was small enough for it to be <code>read</code>. <code>milliseconds</code> tells how long it took. A picture that
can't be read is an error with a sentence that says why.</p>"""
ASSISTANT = """\
<h2>Read from an assistant</h2>
<p>Served with <code>--mcp</code>, the page is an MCP server, too, whose tool <code>read</code> does the same.</p>"""


def programs(reader: Reader) -> None:
    """The endpoint and its documentation."""

    # Its docstring is what an assistant is told of the tool.
    def read(picture: bytes) -> dict:
        """Read the handwritten digits in a picture: a drawing, a scan or a photo of a digit or a number. Gives the
        digits as "text" ("" when there are none), the "confidence" that all of them are right, and for each of the
        "digits" its label, box in px, ten probabilities and the doubt that it is not the label.

        Args:
            picture: a picture file, dark ink on light paper or light on dark, of any size up to 10 MB
        """
        return answer(reader, picture)

    picture = gr.File(type="binary", label="picture", visible=False)
    result = gr.JSON(label="reading", visible=False)
    picture.upload(read, picture, result, api_name="read", queue=False, show_progress="hidden")
    document(
        WORDS,
        code("Python", PYTHON),
        code("Shell", CURL),
        ASSISTANT,
        code("Address of the MCP server", f"{ADDRESS}/gradio_api/mcp/"),
    )


def answer(reader: Reader, file: bytes | None) -> dict:
    """A file with a picture -> its reading as JSON. Raises gr.Error, with a sentence, when it can't be read."""
    start = time.perf_counter()
    try:
        with open_picture(io.BytesIO(file or b"")) as picture:
            reading = reader.read(picture)
    except PictureError as reason:
        raise gr.Error(f"This picture can't be read: {reason}.") from reason
    return {**to_dict(reading), "milliseconds": round((time.perf_counter() - start) * 1e3, 1)}
