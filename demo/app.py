"""The page: draw, a picture, the report of the saved figures, and how programs use it."""

from pathlib import Path

import gradio as gr

from artifacts import FIGURES, PAGE_PICTURE, PUBLISHED
from demo.pad import drawing_pad
from demo.picture import MOST_BYTES, picture_tab
from demo.programs import programs
from demo.report import report
from demo.social import introduce
from export.reader import Reader

HERE = Path(__file__).resolve().parent
TITLE = "A reader of handwritten digits"
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
THEME = gr.themes.Base(
    primary_hue="indigo", neutral_hue="gray", font=FONT, font_mono=["ui-monospace", "monospace"]
).set(
    body_background_fill="#f6f6f3",
    body_background_fill_dark="#131417",
    color_accent="#2f55d4",
)
# What launch() has to be told for the page to look and behave as meant.
LOOK = {
    "theme": THEME,
    "css_paths": HERE / "app.css",
    "footer_links": [],
    "max_file_size": MOST_BYTES,
    "enable_monitoring": False,
    "run_history": False,
    "ssr_mode": False,
}


def page(reader: Reader, artifacts: Path = PUBLISHED) -> gr.Blocks:
    """The whole page for a reader and the folder with its model's metrics and figures."""
    introduce()
    gr.set_static_paths([artifacts / FIGURES, PAGE_PICTURE])
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        gr.HTML(f"<h1>{TITLE}</h1>", elem_id="title")
        with gr.Tab("Draw"):
            drawing_pad(reader)
        with gr.Tab("Picture"):
            picture_tab(reader)
        with gr.Tab("Report"):
            report(reader, artifacts)
        with gr.Tab("Programs"):
            programs(reader)
    return blocks
