"""Digits and letters written by program: strokes of ours, shaken, slanted and rounded, with some pen.

MNIST's writers all went to school in one country. The ways of writing a digit here are those that people elsewhere, and
people with a mouse in hand, have too: ones with a long flag or a foot, open fours, fives with the roof apart …
"""

import cv2
import numpy as np

from train.data import BOX, SIDE, Split

# Ways of writing: strokes of points, each point two figures, x of 0…7 and y of 0…9 (down).
DIGITS = [
    ways.split(", ")
    for ways in (
        "301002041638486664625030, 3010020616284866625030, 2000030616285866635020, 4010030628486664503020, "
        "3010020628486664625030 6008, 312112162737464231 6008, 301002062848666462503010 5127, 4020112526384655544110, "
        "413122242637465554524131 4039, "
        "3010020628486664625030 0167, 3010020628486664625030 7009, 3010020628486664625030 0079",  # 0
        "3038, 4028, 033038, 114038, 0440 4038, 054048, 02213040 4038, 134048 1868, 12303138 1858, "
        "033038 0868, 3038 1858, 13503048, 05244048, 21403038, 0640 4048, 0750 5038, 0630 3028, "
        "0723414048",  # 1
        "0210405062530868, 0110405153340868, 021030506254361718284768, 0160500868, 021030606345170817586867, "
        "1211305163350708284868, 0200600868, 0301306163270868, 03105062540777, 13215052352718386867, "
        "341402103050625335170868, 341402103050625335170806173868, 32121120405153360868, 230301205062533508183768, "
        "331311204052442608284857, 350501205062644628082868, 44130210406154360818274868",  # 2
        "0010506253343455674818, 0060234455674807, 0160335567482807, 0110305153442434556748280706, "
        "0050233455563808, 1121405143334355463817, 006034566718",  # 3
        "200464 4048, 200464 5058, 40056565 4048, 00032454 6068, 101454 5048, 600565 5358, 50055465 4338, "
        "000454 5048, 00021444 6038, 30146454 5248, 0004 0464 4038, 10044464 6038, 0014246450 5048, "
        "300656 5348, 4007 0757 5448, 5016 1656 4338, 30060646 5338, 4005 0545 4438",  # 4
        "601003335466674808, 100353566738 1060, 001003335456583808 0050, 502002335456481807, "
        "602004336466381807, 1003335557281806 2060, 60103364673808, 50101334556738181706, "
        "001004345467381807 1060, "
        "513010021344555738281807, 613010021335556758281806",  # 5
        "503003061848675544340506, 40120618486654240506, 602003061858666544240406, 5014072858665434, "
        "30020718385665342505, 6030030728586765442405, 301106183856453505, 2003061838564434",  # 6
        "006038, 006018, 0160502838, 026038, 016038 2454, 006028 1454, 02006038, 0100505348, 0110506138, "
        "00604328 1355, 006018 0454, 0120605338, 03006028, 213050 5038 2565, 10405028 0464, 1121405037 1454, "
        "0211305038 0666, 1220505438 1666",  # 7
        "50201122445667482806154461503010, 4020112234566738180614435140, 30011334556738180615435130, "
        "60300113355567380805535160, 3010112232413010 3213051838564432, 3010012243524130 3414062848664434, "
        "602001134466583807053361, 11503224566738180614324160",  # 8
        "604010021434545160 6068, 5020021454615058, 6030010324536160 6048, 6020011334626067482807, "
        "5010031343615050 5028, 50100324536050 5068, 4010031453504028, 602011034362604828, "
        "604010021434626168380806, 51301012334452515058 1868, 50301113335250 5048, 602001133463605028, "
        "34130211305162533438, 341302113051625334364758, 34130211305162533425364738, 62402001032444623538, "
        "6031223453606657381706, 50201233526166482807, 3313112040524333354637, 4413021040615345352718",  # 9
    )
]
LETTERS = (
    *("083068 1555", "613003063867", "60000868 0454", "613011133414062867", "600008 0454", "0008 0060 0444"),  # A C E F
    *("0008 6068 0464", "2060 50563806", "0008 600468", "10181543351558", "000868", "4130222608174867"),  # H J K k L L
    *("0800346068", "08006860", "0008 0040624404", "0008 0040624404 2468", "0060 3038", "18123061"),  # M N P R T r
    *("000628486660", "000528555056", "003860", "0018335860", "000628363236586660", "031835385653"),  # U U V W W W
    *("0068 6008", "0021342708 6041344768", "0034 603438", "0034 6008", "00133340452807"),  # X X Y y y
    *("0003245360 60664807", "001333404528072563", "613003063865 6068", "513003062855515668"),  # y y a a
    *("643305073866 6068", "4413062846504768", "44130628466150434768", "0464513002063867"),  # d d d e
    *("61403238 1454", "054240302428181654", "0008 05336468", "10081534453857", "083220130834454867"),  # f f h h h
    *("0008 530658", "0108 03213338 33516368", "0108 04316368", "0110181330424768", "11081340523414"),  # k m n n p
    *("0108 04224162", "30364867 0262", "000628486660 6068", "00052855505668"),  # r t u u
    *("0110405060 3038", "0160 3028", "1050 3118"),  # T T T
    *("30050868", "2008184767", "10060838 3868"),  # L L L
    *("000324345350 3438", "0034 6034 3438", "0033 601708", "002344 602807", "0023334251 502807"),  # Y Y y y y
    *("401003163856635240 605778", "50200206284644 50505678", "6110031638576061 615778"),  # a a a
    *("0005183855606578", "10061838555060 506678"),  # u u
    *("5433143648575453 6048", "60534304183847505368"),  # d d
)
CANVAS, MARGIN = 80, 10  # px, what strokes and letters are drawn on
WHITE = 0.8  # quantile of the inked px that is to be white
SHAKE, SLANT = 0.3, 0.15  # standard deviations of a digit's points and of its slant, sideways per height
NARROWEST, WIDEST = 0.5, 1.2  # of a digit or letter, times what its strokes say


def written(n: int, rng: np.random.Generator) -> Split:
    """`n` digits as somebody might write them, with their labels."""
    labels = rng.integers(0, len(DIGITS), n).astype(np.uint8)
    pictures = [fit_box(write(points(rng.choice(DIGITS[label])), rng, SHAKE, SLANT)) for label in labels]
    return Split(np.stack(pictures), labels)


def points(strokes: str) -> list[np.ndarray]:
    """A way of writing -> its strokes, each (points, 2) as (x, y)."""
    return [
        np.array([[int(x), int(y)] for x, y in zip(stroke[::2], stroke[1::2], strict=True)], float)
        for stroke in strokes.split()
    ]


def write(strokes: list[np.ndarray], rng: np.random.Generator, shake: float, slant: float) -> np.ndarray:
    """Strokes as a hand does them that shakes and slants so much (standard deviations), (80, 80) uint8."""
    slanted = np.array([[rng.uniform(NARROWEST, WIDEST), 0], [rng.normal(0, slant), 1]])
    return draw([(stroke + rng.normal(0, shake, stroke.shape)) @ slanted for stroke in strokes], rng)


def draw(strokes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Strokes of (points, 2) as (x, y), rounded more or less, with a random pen -> (80, 80) uint8."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    pen, rounds = int(rng.integers(4, 12)), int(rng.integers(1, 4))
    low = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    high = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    scale = (CANVAS - 2 * MARGIN) / (high - low).max()
    for stroke in strokes:
        points = np.round((MARGIN + (round_off(stroke, rounds) - low) * scale) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, pen, cv2.LINE_AA, shift=4)
    return canvas


def round_off(stroke: np.ndarray, rounds: int) -> np.ndarray:
    """Chaikin's corner cutting (1974, "An algorithm for high-speed curve generation"); both ends stay."""
    for _ in range(rounds):
        before, after = stroke[:-1], stroke[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        stroke = np.vstack([stroke[:1], cut, stroke[-1:]])
    return stroke


def fit_box(picture: np.ndarray) -> np.ndarray:
    """(h, w) uint8 with some ink -> (28, 28) uint8, longer side 20 px, the box in the middle."""
    rows, columns = np.nonzero(picture > 40)
    ink = np.ascontiguousarray(picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    scale = BOX / max(ink.shape)
    width, height = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    # The reader makes a fine pen white, too.
    small = np.minimum(small * (255 / np.quantile(small[small > 13], WHITE)), 255).astype(np.uint8)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = small
    return canvas
