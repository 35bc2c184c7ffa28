"""Whatever a file holds: a reading, or a sentence that says why there is none."""

import io
import random
import zlib

import numpy as np
import pytest
from conftest import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from export.pictures import LONGEST, PictureError, open_picture
from export.reader import Reader

MUTATIONS = 150  # of each file


@pytest.fixture(scope="module")
def reader():
    return Reader()


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def wide(picture: Image.Image) -> Image.Image:
    """The picture with 16 bits a px."""
    return Image.fromarray(np.asarray(picture, np.uint16) * 257)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90° clockwise
    return exif


SEVEN = draw(7, 120, 8)
OTHERS = [draw(digit, 120, 8) for digit in (1, 2)]
FILES = {
    "png, 1 bit": encoded(SEVEN.convert("1"), "png"),
    "png, 16 bit": encoded(wide(SEVEN), "png"),
    "png, palette with transparency": encoded(SEVEN.quantize(8), "png", transparency=0),
    "png, grey and opacity": encoded(SEVEN.convert("LA"), "png"),
    "png, moving": encoded(SEVEN, "png", save_all=True, append_images=OTHERS),
    "jpeg, CMYK": encoded(SEVEN.convert("CMYK"), "jpeg"),
    "jpeg, progressive": encoded(SEVEN, "jpeg", progressive=True),
    "jpeg, turned": encoded(SEVEN.transpose(Image.Transpose.ROTATE_90), "jpeg", exif=turned()),
    "gif, moving": encoded(SEVEN, "gif", save_all=True, append_images=OTHERS),
    "tiff, pages": encoded(SEVEN, "tiff", save_all=True, append_images=OTHERS),
    "tiff, 16 bit": encoded(wide(SEVEN), "tiff"),
    "tiff, CMYK": encoded(SEVEN.convert("CMYK"), "tiff"),
    "tiff, 32 bit": encoded(SEVEN.convert("F"), "tiff"),
    "bmp": encoded(SEVEN.convert("RGB"), "bmp"),
    "webp": encoded(SEVEN.convert("RGBA"), "webp", lossless=True),
    "pgm, 16 bit": encoded(wide(SEVEN), "ppm"),
    "qoi": encoded(SEVEN.convert("RGBA"), "qoi"),
    "dds": encoded(SEVEN.convert("RGB"), "dds"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_is_read_by_its_first_picture(reader, kind):
    assert reader.read(open_picture(io.BytesIO(FILES[kind]))).text == "7"


def test_the_other_pages_can_be_read_too(reader):
    pages = ImageSequence.Iterator(open_picture(io.BytesIO(FILES["tiff, pages"])))
    assert [reader.read(page).text for page in pages] == ["7", "1", "2"]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A file cut off, or with some of its bytes, most of them of its head, changed, left out or put in."""
    data = bytearray(content)
    if rng.random() < 0.15:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.choice([1, 2, 4, 16])):
        at = rng.randrange(rng.choice([32, 128, len(data)]))
        data[at : at + rng.choice([0, 1, 1, 4])] = rng.choice(
            [b"", b"\0", b"\xff", b"\x7f\xff\xff\xff", rng.randbytes(3)]
        )
    return bytes(data)


def said(reader: Reader, content: bytes) -> str | None:
    """The text that a file's content is read as; None when it is refused."""
    try:
        return reader.read(open_picture(io.BytesIO(content))).text
    except PictureError as reason:
        return None if str(reason) else "refused without a word"


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.filterwarnings("ignore")  # Pillow's, of damaged tags
def test_a_damaged_file_is_read_or_refused_in_words(reader, kind):
    rng = random.Random(kind)
    for _ in range(MUTATIONS):
        assert said(reader, mutated(FILES[kind], rng)) != "refused without a word"


@pytest.mark.parametrize("kind", FILES)
def test_a_truncated_file_is_never_read_as_something_else(reader, kind):
    for share in (0.2, 0.5, 0.8):
        assert said(reader, FILES[kind][: int(len(FILES[kind]) * share)]) in (None, "", "7")


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_bomb_is_refused_before_it_is_decoded(reader, side):
    """A few bytes that promise millions of px; had they been decoded, the sentence would be that they are missing."""
    content = bytearray(encoded(Image.new("1", (8, 8)), "png"))
    content[16:24] = side.to_bytes(4, "big") * 2  # width and height, and their check sum after them
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with pytest.raises(PictureError, match="more than 50 million pixels"):
        reader.read(open_picture(io.BytesIO(content)))


def test_a_program_for_printers_is_not_run(reader):
    with pytest.raises(PictureError, match="EPS"):
        reader.read(open_picture(io.BytesIO(encoded(SEVEN, "eps"))))


@given(
    mode=st.sampled_from(["1", "L", "P", "LA", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "LAB", "I", "F"]),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    content=st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_noise_of_every_mode_and_size_is_read_as_something(mode, width, height, content):
    noise = Image.frombytes("RGBA", (width, height), content.randbytes(4 * width * height))
    picture = noise.convert("L").convert(mode) if mode in ("I", "F", "PA") else noise.convert("RGB").convert(mode)
    assert isinstance(Reader().read(picture).text, str)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (1, LONGEST), (LONGEST, 1), (3, 9000)])
@pytest.mark.parametrize("mode", ["L", "I;16", "F", "RGBA"])
def test_a_picture_one_px_wide_holds_no_digit_but_a_one(reader, size, mode):
    picture = Image.new(mode, size, 1)
    picture.putpixel((size[0] // 2, size[1] // 2), (9, 9, 9, 255) if mode == "RGBA" else 200)
    assert reader.read(picture).text in ("", "1")


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (1, LONGEST + 1), (2_000_000, 1)])
def test_a_picture_without_px_or_without_end_is_refused(reader, size):
    with pytest.raises(PictureError, match="each side has to be 1 to"):
        reader.read(Image.new("L", size))


def test_numbers_that_are_none_do_not_hide_a_digit(reader):
    light = np.asarray(draw(4), np.float32)
    light[3, 3] = np.nan
    assert reader.read(Image.fromarray(light)).text == "4"
