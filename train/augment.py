"""How handwriting varies: random changes to a batch of digits, as TensorFlow operations for tf.data.

MNIST was written by American clerks and pupils. Others slash their zeros, cross their sevens and give their ones a
flag and a foot; those strokes are laid over MNIST's digits here. Then pen, proportions, slant and form vary, and the
result is scaled and centred again as MNIST, and the reader of pictures, scale and centre a digit.

Everything is stateless: the same pictures and seed give the same result, in any order and on any number of threads,
so a run can be repeated and a stopped run goes on as if it had not been stopped.
"""

import math

import tensorflow as tf

SIDE = 28  # pictures are SIDE × SIDE px
BOX = 20.0  # px, longer side of a digit's ink
MIDDLE = 14.0  # px, where its centre of mass goes
SLASHED, CROSSED, FLAGGED, FOOTED = 0.25, 0.25, 0.50, 0.25  # share of the zeros, sevens, ones, ones
LINKED = 0.25  # share of the zeros with a stroke to or from the next digit
ROTATION = 0.22  # radians, either way
SHEAR = 0.25  # sideways px per px of height, either way: slant
PROPORTION = 0.15  # natural logarithm of the stretch in each direction, either way
ZOOM, SHIFT = 0.08, 1.0  # either way: how far MNIST's own pictures and careless boxes are off, logarithm and px
BEND = 1.2  # px, largest standard deviation of the smooth displacement (Simard et al. 2003, "Best practices for CNNs")
BEND_GRID = 5  # the displacement is drawn on so coarse a grid and interpolated between
THICKER, THINNER = 0.7, 0.5  # share of the way, at most, to a pen 1 px thicker or thinner on either side
COARSE, COARSE_BOX = 0.15, 16  # share of the pictures that come from a scan with so many px for the longer side


def augment(pictures: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The same digits written differently, (n, 28, 28) uint8.

    pictures: (n, 28, 28) uint8, white on black; labels: (n,) integers, 10 for what is no digit; seed: (2,) int32.
    """
    stroke_seed, pen_seed, warp_seed, bend_seed, scan_seed = tf.unstack(tf.random.split(seed, 5))
    ink = tf.cast(pictures, tf.float32)
    ink = add_strokes(ink, labels, stroke_seed)
    ink = change_pen(ink, pen_seed)
    ink = sample(ink, affine(ink, warp_seed) + bend(tf.shape(ink)[0], bend_seed))
    ink = scan_coarsely(ink, scan_seed)
    return tf.cast(tf.round(ink), tf.uint8)


def add_strokes(ink: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Slashes over zeros, bars over sevens, flags and feet on ones, each for a share of them; ink (n, 28, 28)."""
    chance, *others = tf.unstack(tf.random.stateless_uniform((5, tf.shape(ink)[0]), seed))
    share = tf.gather([SLASHED + LINKED, FLAGGED, 0, 0, 0, 0, 0, CROSSED, 0, 0, 0], tf.cast(labels, tf.int32))
    # Half of the footed ones have a flag, too.
    footed = (labels == 1) & ((chance < FOOTED / 2) | (chance > 1 - FOOTED / 2))
    # Few digits get a stroke, and the rest would take most of the time.
    chosen = tf.where((chance < share) | footed)
    kinds = chance < share, footed, (labels == 0) & (chance > SLASHED)
    numbers = (tf.gather(each, chosen[:, 0]) for each in (ink, labels, *kinds, *others))
    return tf.tensor_scatter_nd_update(ink, chosen, with_strokes(*numbers))


def with_strokes(ink: tf.Tensor, labels: tf.Tensor, crossed, footed, linked, *numbers) -> tf.Tensor:
    """Ink (n, 28, 28) with a stroke as its label has it where `crossed`, a foot where `footed`; numbers: (n,) in 0…1.

    linked: (n,) bool, which zeros are written on to the next digit, or on from the one before, instead of slashed.
    """
    angle, length, place, foot = numbers
    left, top, right, bottom = box(ink)
    axis = tf.range(SIDE, dtype=tf.float32)

    def near(y: tf.Tensor) -> tf.Tensor:
        """The ink within 1.5 px of a height, in each column, (n, 28)."""
        return tf.einsum("nyx,ny->nx", ink, tf.cast(tf.abs(axis - y[:, None]) < 1.5, tf.float32))

    def at_height(y: tf.Tensor) -> tf.Tensor:
        """The middle of the ink near a height, (n, 2)."""
        columns = near(y)
        return tf.stack([tf.einsum("nx,x->n", columns, axis) / (tf.reduce_sum(columns, 1) + 1e-6), y], axis=-1)

    def direction(radians: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        return size[:, None] * tf.stack([tf.cos(radians), tf.sin(radians)], axis=-1)

    # Zero: lower left to upper right, from level to steep, ending inside the ring or beyond it.
    rising = -math.radians(80) * angle
    ring = tf.math.rsqrt(
        (2 * tf.cos(rising) / (right - left + 1)) ** 2 + (2 * tf.sin(rising) / (bottom - top + 1)) ** 2
    )
    centre, slash = tf.stack([left + right, top + bottom], -1) / 2, direction(rising, ring * (0.7 + 0.9 * length))
    middle, bar = at_height(top + (bottom - top) * (0.4 + 0.25 * place)), direction(0.6 * angle - 0.4, 2.5 + 3 * length)
    tip, flag = at_height(top + 0.5), direction(math.pi - math.radians(20) - math.radians(50) * angle, 3 + 9 * length)
    base, serif = at_height(bottom - 0.5), direction(0.3 * place - 0.15, 2.5 + 4 * foot)
    # From the ring's upper half to the side, more often to the right.
    side = tf.where(foot < 0.3, -1.0, 1.0)
    height = bottom - (bottom - top) * (0.5 + 0.45 * angle)
    outside = side * tf.reduce_max(tf.where(near(height) > 127, side[:, None] * axis, -SIDE), axis=1)
    ring_side = tf.stack([outside, height], -1)
    link = tf.stack([side, place - 0.5], -1) * (2 + 6 * length)[:, None]

    zero, seven = ((labels == digit)[:, None] for digit in (0, 7))
    start = tf.where(zero, centre - slash, tf.where(seven, middle - bar, tip))
    end = tf.where(zero, centre + slash, tf.where(seven, middle + bar, tip + flag))
    start, end = tf.where(linked[:, None], ring_side, start), tf.where(linked[:, None], ring_side + link, end)
    return lay(lay(ink, start, end, crossed), base - serif, base + serif, footed)


def lay(ink: tf.Tensor, start: tf.Tensor, end: tf.Tensor, where: tf.Tensor) -> tf.Tensor:
    """A straight stroke of the digit's own pen from (n, 2) to (n, 2), as (x, y), in the pictures where (n,) is true."""
    # A stroke of length l and width w has mass l·w and twice its length of edge.
    down, across = tf.image.image_gradients(ink[..., None])
    edge = tf.reduce_sum(tf.sqrt(down**2 + across**2), (1, 2, 3))
    width = (2 * tf.reduce_sum(ink, (1, 2)) / (edge + 1e-6))[:, None, None]
    along = (end - start)[:, None, None]
    offset = pixels() - start[:, None, None]
    share = tf.reduce_sum(offset * along, -1) / (tf.reduce_sum(along**2, -1) + 1e-6)
    distance = tf.norm(offset - tf.clip_by_value(share, 0, 1)[..., None] * along, axis=-1)
    stroke = 255 * tf.clip_by_value(width / 2 + 0.5 - distance, 0, 1)
    return tf.where(where[:, None, None], tf.maximum(ink, stroke), ink)


def change_pen(ink: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """(n, 28, 28) float32 -> a random pen width for each: grey-scale dilation or erosion, in part."""
    amount = tf.random.stateless_uniform((tf.shape(ink)[0], 1, 1), seed, -THINNER, THICKER)
    thick = tf.nn.max_pool2d(ink[..., None], 3, 1, "SAME")[..., 0]
    thin = -tf.nn.max_pool2d(-ink[..., None], 3, 1, "SAME")[..., 0]
    return ink + tf.nn.relu(amount) * (thick - ink) + tf.nn.relu(-amount) * (thin - ink)


def affine(ink: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """-> (n, 28, 28, 2) float32: for each pixel the (x, y) it comes from.

    The digit is turned, slanted and stretched; then its box has BOX px again and its mass lies in the middle, but for
    a little zoom and shift.
    """
    amount, *u = tf.unstack(tf.random.stateless_uniform((8, tf.shape(ink)[0]), seed, -1.0, 1.0))
    u = [tf.abs(amount) * each for each in u]  # most digits vary little, a few much
    angle, slant = ROTATION * u[0], SHEAR * u[1]
    width, height = tf.exp(PROPORTION * u[2]), tf.exp(PROPORTION * u[3])
    cos, sin = tf.cos(angle), tf.sin(angle)
    rows = [[cos * width, (slant * cos - sin) * height], [sin * width, (slant * sin + cos) * height]]
    matrix = tf.transpose(tf.convert_to_tensor(rows), [2, 0, 1])

    moved = tf.einsum("nij,yxj->nyxi", tf.linalg.inv(matrix), pixels())
    inked = (ink > 127)[..., None]
    far = 1e3
    extent = tf.reduce_max(tf.where(inked, moved, -far), (1, 2)) - tf.reduce_min(tf.where(inked, moved, far), (1, 2))
    scale = (tf.reduce_max(extent, axis=1) + 1) / BOX * tf.exp(ZOOM * u[4])
    mass = tf.einsum("nyx,yxi->ni", ink, pixels()) / (tf.reduce_sum(ink, (1, 2))[:, None] + 1e-6)

    shift = SHIFT * tf.stack(u[5:], axis=-1)
    return tf.einsum("n,nij,yxj->nyxi", scale, matrix, pixels() - MIDDLE) + (mass + shift)[:, None, None]


def bend(n: int, seed: tf.Tensor) -> tf.Tensor:
    """-> (n, 28, 28, 2) float32: a smooth random displacement in px."""
    amount = tf.random.stateless_uniform((n, 1, 1, 1), seed, maxval=BEND)
    coarse = amount * tf.random.stateless_normal((n, BEND_GRID, BEND_GRID, 2), seed)
    return tf.image.resize(coarse, (SIDE, SIDE), "bicubic")


def sample(ink: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """(n, 28, 28) and (n, 28, 28, 2) as (x, y) -> the ink at those places, bilinear, black outside."""
    places = tf.clip_by_value(places, -1.0, float(SIDE))
    width = SIDE + 3
    flat = tf.reshape(tf.pad(ink, [[0, 0], [1, 2], [1, 2]]), [-1, width * width])
    corner = tf.floor(places)
    across, down = tf.unstack(places - corner, axis=-1)
    x, y = tf.unstack(tf.cast(corner, tf.int32) + 1, axis=-1)

    def at(dy: int, dx: int) -> tf.Tensor:
        return tf.gather(flat, (y + dy) * width + x + dx, batch_dims=1)

    above = at(0, 0) + across * (at(0, 1) - at(0, 0))
    below = at(1, 0) + across * (at(1, 1) - at(1, 0))
    return above + down * (below - above)


def scan_coarsely(ink: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """(n, 28, 28) float32 -> a share of the pictures scaled down and up again, with hard edges in between."""
    side = round(SIDE * COARSE_BOX / BOX)
    small = tf.image.resize(ink[..., None], (side, side), antialias=True)
    hard = tf.clip_by_value(2 * small - 128, 0.0, 255.0)
    coarse = tf.clip_by_value(tf.image.resize(hard, (SIDE, SIDE), "bicubic")[..., 0], 0.0, 255.0)
    chosen = tf.random.stateless_uniform((tf.shape(ink)[0], 1, 1), seed) < COARSE
    return tf.where(chosen, coarse, ink)


def pixels() -> tf.Tensor:
    """-> (28, 28, 2) float32, the (x, y) of each pixel."""
    axis = tf.range(SIDE, dtype=tf.float32)
    return tf.stack(tf.meshgrid(axis, axis), axis=-1)


def box(ink: tf.Tensor) -> list[tf.Tensor]:
    """(n, 28, 28) -> left, top, right, bottom of the ink, the px themselves, each (n,) float32."""
    sides = []
    for axis in (1, 2):
        inked = tf.cast(tf.reduce_any(ink > 127, axis=axis), tf.int32)
        first = tf.argmax(inked, axis=1)
        last = SIDE - 1 - tf.argmax(tf.reverse(inked, [1]), axis=1)
        sides.append((tf.cast(first, tf.float32), tf.cast(last, tf.float32)))
    (left, right), (top, bottom) = sides
    return [left, top, right, bottom]
