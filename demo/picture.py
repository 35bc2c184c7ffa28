"""The picture tab: a file comes in, its reading and the picture with the boxes drawn in go out."""

import base64
import io
import time

import gradio as gr
from gradio.data_classes import DataWithFiles
from PIL import Image

from demo.annotate import annotate
from demo.answer import component, to_answer
from export.pictures import PictureError, open_picture
from export.reader import Reader

MOST_BYTES = 10_000_000  # of a file
TOO_LARGE = f"This file is larger than {MOST_BYTES // 1_000_000} MB. Choose a smaller one."


def picture_tab(reader: Reader) -> gr.HTML:
    """A place for a picture with the answer beside it."""
    limits = {"most_bytes": MOST_BYTES, "too_large": TOO_LARGE}
    return component(reader, "picture", limits, read=lambda upload: answer_upload(reader, upload))


def answer_upload(reader: Reader, upload: object) -> dict:
    """What the page uploads, one file -> the answer as JSON; {"error": a sentence} when it can't be read."""
    files = upload.files if isinstance(upload, DataWithFiles) else []
    if len(files) != 1:
        return {"error": "This is no picture."}
    return answer(reader, files[0][1])


def answer(reader: Reader, file: bytes) -> dict:
    """A file with a picture -> its reading as JSON with "picture", a data: URL of it with its boxes drawn in."""
    if len(file) > MOST_BYTES:
        return {"error": TOO_LARGE}
    start = time.perf_counter()
    try:
        with open_picture(io.BytesIO(file)) as picture:
            reading = reader.read(picture)
            milliseconds = (time.perf_counter() - start) * 1e3
            size = upright_size(picture)
            drawn = annotate(picture, reading)
    except PictureError as reason:
        return {"error": f"This picture can't be read: {reason}."}
    return {**to_answer(reading, size, milliseconds), "picture": data_url(drawn)}


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height in px once the picture is turned by its EXIF tag."""
    is_aside = picture.getexif().get(0x0112, 1) >= 5
    return (picture.height, picture.width) if is_aside else picture.size


def data_url(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
