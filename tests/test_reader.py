import io

import numpy as np
import pytest
from conftest import NO_DIGITS, draw, draw_strokes
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from artifacts import ONNX_MODEL
from export.pictures import MOST_PIXELS, PictureError, open_picture
from export.preprocess import to_mnist
from export.reader import MOST_DIGITS, Reader
from train.data import small_digits


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize(("side", "pen"), [(400, 18), (400, 30), (120, 5), (60, 3)])
def test_drawn_digits_are_read(reader, digit, side, pen):
    assert reader.read(draw(digit, side, pen)).text == str(digit)


def test_a_model_trained_here_reads_its_own_test_pictures(exported_run):
    reader, test = Reader(exported_run[0] / ONNX_MODEL), small_digits().test
    read = [reader.read(Image.fromarray(picture)).text for picture in test.pictures]
    right = np.mean([text == str(label) for text, label in zip(read, test.labels, strict=True)])
    assert right > 0.95


def modes(picture):
    rgb = picture.convert("RGB")
    yield from (picture.convert(mode) for mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "LAB", "RGBA", "LA"))
    wide = np.asarray(picture, dtype=np.uint16) * 257
    yield Image.fromarray(wide)
    yield Image.fromarray(wide.astype(np.int32))
    yield Image.fromarray(wide.astype(np.float32) / 65535)
    for ink in ((0, 0, 0), (255, 255, 255), (200, 30, 30)):
        transparent = Image.new("RGBA", rgb.size, (*ink, 0))
        transparent.putalpha(ImageOps.invert(picture))
        yield transparent
    palette = picture.quantize(8)
    palette.info["transparency"] = int(np.asarray(palette)[0, 0])
    yield palette


def test_every_mode_reads_alike(reader):
    for picture in modes(draw(4)):
        assert reader.read(picture).text == "4", picture.mode


def test_dark_and_light_ink_read_alike(reader):
    for digit in range(10):
        assert reader.read(ImageOps.invert(draw(digit))).text == str(digit)


def test_faint_ink_on_even_paper_is_read(reader):
    faint = Image.fromarray((245 + np.asarray(draw(5)) // 25).astype(np.uint8))
    assert reader.read(faint).text == "5"


def test_a_picture_turned_by_its_exif_tag_is_read_upright(reader):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90° clockwise
    draw(7).transpose(Image.Transpose.ROTATE_90).save(file, "jpeg", exif=exif)
    assert reader.read(Image.open(file)).text == "7"


def test_a_shadow_across_the_paper_is_not_ink(reader):
    light = np.linspace(1, 0.45, 400)[None] * np.linspace(1, 0.8, 400)[:, None]
    for digit in range(10):
        shaded = Image.fromarray((np.asarray(draw(digit)) * light).astype(np.uint8))
        assert reader.read(shaded).text == str(digit)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I", "F", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (400, 400)])
def test_a_blank_picture_reads_as_nothing(reader, mode, size):
    for colour in (0, 1):
        reading = reader.read(Image.new(mode, size, colour))
        assert reading.text == ""
        assert reading.digits == []
        assert reading.confidence == 0


def test_the_noise_of_a_blank_photo_is_not_ink(reader):
    rng = np.random.default_rng(0)
    for level, noise in ((200, 2), (120, 6), (40, 3)):
        grain = np.clip(rng.normal(level, noise, (300, 400)) + np.linspace(0, 40, 400), 0, 255).astype(np.uint8)
        assert reader.read(Image.fromarray(grain)).text == ""


def test_the_box_encloses_the_ink_and_the_image_is_mnists_kind(reader):
    picture = Image.new("L", (900, 500), 255)
    picture.paste(draw(3, 200, 10), (600, 100))
    (digit,) = reader.read(picture).digits
    dark = np.asarray(picture) < 128
    rows, columns = dark.any(axis=1).nonzero()[0], dark.any(axis=0).nonzero()[0]
    expected = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert np.abs(np.subtract(digit.box, expected)).max() <= 2
    assert digit.image.shape == (28, 28)
    assert digit.image.dtype == np.uint8
    assert digit.probabilities.shape == (10,)
    assert digit.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert digit.label == digit.probabilities.argmax()


@given(width=st.integers(1, 300), height=st.integers(1, 300), seed=st.integers(0, 99), share=st.floats(0.05, 1))
@settings(max_examples=100, deadline=None)
def test_a_digits_picture_has_a_20_px_box_and_its_mass_in_the_middle(width, height, seed, share):
    rng = np.random.default_rng(seed)
    ink = (rng.random((height, width)) < share).astype(np.float32)
    ink[0, 0] = ink[-1, -1] = 1
    picture = to_mnist(ink).astype(float)
    rows, columns = picture.any(axis=1).nonzero()[0], picture.any(axis=0).nonzero()[0]
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 <= 20
    across = picture.sum(axis=0) @ np.arange(28) / picture.sum()
    # Half a px by rounding; more only where the box would leave the picture.
    assert abs(across - 14) <= 0.51 or columns[0] == 0 or columns[-1] == 27


@given(
    content=st.binary(max_size=400),
    mode=st.sampled_from(["RGB", "L", "RGBA", "1"]),
    width=st.integers(1, 12),
    height=st.integers(1, 12),
)
@settings(max_examples=150, deadline=None)
def test_no_picture_makes_the_reader_raise(reader, content, mode, width, height):
    picture = Image.new(mode, (width, height))
    picture.putdata([byte if mode in "L1" else (byte,) * len(mode) for byte in content[: width * height]])
    reading = reader.read(picture)
    assert len(reading.text) <= len(reading.digits) <= MOST_DIGITS


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_not_read_but_shown(reader, name):
    reading = reader.read(draw_strokes(NO_DIGITS[name]))
    assert reading.text == ""
    (mark,) = reading.digits
    assert 0.5 < mark.doubt <= 1
    assert not mark.is_read


def test_doubt_is_small_for_digits(reader):
    assert max(reader.read(draw(digit)).digits[0].doubt for digit in range(10)) < 0.2


@pytest.mark.parametrize(("content", "reason"), [(b"", "not a picture"), (b"hello", "not a picture")])
def test_a_file_that_is_no_picture_is_refused_in_words(tmp_path, content, reason):
    file = tmp_path / "picture.png"
    file.write_bytes(content)
    with pytest.raises(PictureError, match=reason):
        open_picture(file)


def test_a_truncated_picture_is_refused_in_words(reader):
    file = io.BytesIO()
    draw(3).save(file, "png")
    cut = io.BytesIO(file.getvalue()[: len(file.getvalue()) // 2])
    with pytest.raises(PictureError, match="damaged"):
        reader.read(open_picture(cut))


def test_a_huge_picture_is_refused_before_it_is_decoded(reader):
    huge = Image.new("1", (10_000, MOST_PIXELS // 10_000 + 1))
    with pytest.raises(PictureError, match="50 million pixels"):
        reader.read(huge)
