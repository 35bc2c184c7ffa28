"""The page: draw, upload, and the report of the saved figures."""

import time
from pathlib import Path

import gradio as gr

from artifacts import PUBLISHED
from demo.answer import render
from demo.pad import drawing_pad
from demo.report import report
from export.reader import PictureError, Reader, open_picture

TITLE = "A reader of handwritten digits"
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
# What launch() has to be told for the page to look and behave as meant.
LOOK = {
    "theme": gr.themes.Default(primary_hue="blue", neutral_hue="gray", font=FONT, font_mono=["monospace"]),
    "css_paths": Path(__file__).with_name("app.css"),
    "footer_links": [],
    "max_file_size": "10mb",
    "enable_monitoring": False,
    "run_history": False,
    "ssr_mode": False,
}


def page(reader: Reader, artifacts: Path = PUBLISHED) -> gr.Blocks:
    """The whole page for a reader and the folder with its model's metrics and figures."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        gr.Markdown(f"# {TITLE}")
        with gr.Tab("Draw"):
            drawing_pad(reader)
        with gr.Tab("Picture"):
            upload(reader)
        with gr.Tab("Report"):
            report(reader, artifacts)
    return blocks


def upload(reader: Reader) -> None:
    """A place for a picture and the answer to it."""

    def read(path: str | None) -> str:
        if path is None:
            return render(None, nothing="Upload a picture of a digit")
        start = time.perf_counter()
        try:
            with open_picture(Path(path)) as picture:
                reading = reader.read(picture)
        except PictureError as reason:
            return render(None, nothing=f"This picture can't be read: {reason}.")
        return render(reading, (time.perf_counter() - start) * 1e3, nothing="No digit found")

    with gr.Row():
        # A File, not an Image: what can't be decoded reaches read() and gets its sentence there.
        source = gr.File(label="Picture", file_types=["image"], type="filepath", height=160)
        answer = gr.HTML(read(None), elem_id="upload-answer")
    source.change(read, source, answer, api_name="read", queue=False, show_progress="hidden")
