"""A picture and its Reading → the picture with a box around every digit and what it was read as above it."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from export.preprocess import grey
from export.reading import Reading

SIDE = 1600  # px, the longer side of the result, at most
READ, UNREAD = (31, 111, 235), (154, 103, 0)  # RGB: the page's accent; a mark that was not read
LINE, LETTER = 250, 22  # the picture's longer side is so many line widths, and so many heights of a label


def annotate(picture: Image.Image, reading: Reading) -> Image.Image:
    """The picture, RGB, upright and at most SIDE px long, with the boxes and labels of its reading; "?" for unread."""
    upright = ImageOps.exif_transpose(picture)
    is_plain = upright.mode in ("RGB", "YCbCr", "CMYK") and "transparency" not in upright.info
    drawn = upright.convert("RGB") if is_plain else Image.fromarray(grey(picture)).convert("RGB")
    scale = min(1.0, SIDE / max(drawn.size))
    if scale < 1:
        drawn = drawn.resize(
            [max(1, round(side * scale)) for side in drawn.size], Image.Resampling.BILINEAR, reducing_gap=2.0
        )
    canvas, longer = ImageDraw.Draw(drawn), max(drawn.size)
    width, font = max(1, round(longer / LINE)), ImageFont.load_default(max(10, longer // LETTER))
    for digit in reading.digits:
        left, top, right, bottom = (side * scale for side in digit.box)
        colour, label = (READ, str(digit.label)) if digit.is_read else (UNREAD, "?")
        # Outside the ink; PIL draws the line inwards.
        box = (left - 2 * width, top - 2 * width, right + 2 * width, bottom + 2 * width)
        canvas.rectangle(box, outline=colour, width=width)
        # Above the box; inside it, where the picture ends.
        place = (box[0] + width, max(box[1] - width, font.size + 2 * width))
        tag = canvas.textbbox(place, label, font, "ls")
        canvas.rectangle((tag[0] - width, tag[1] - width, tag[2] + width, tag[3] + width), fill=colour)
        canvas.text(place, label, "white", font, "ls")
    return drawn
