"""The report: the numbers and figures that training and measuring have left in artifacts/, and the model's card."""

import html
import json
from pathlib import Path

import gradio as gr
from PIL import Image

from artifacts import FIGURE_NAMES, FIGURES, METRICS, ONNX_MODEL, READING, ROWS_METRICS, ROWS_ONNX_MODEL, SEEDS
from demo.document import code, document, table
from export.reader import Reader

DISPUTED = 15  # test labels of MNIST without a majority among five people: train.evaluate.DISPUTED, with the source
DATA = {"mnist": "MNIST", "digits": "the small digits of scikit-learn"}
SUITES = {
    "drawn": "drawn by people to try models of their own",
    "letters": "letters; right when nothing is read",
    "numbers-cheque": "amounts on bank cheques, patterned paper, touching digits",
    "numbers-photo": "numbers on paper, by phone",
    "numbers-sketch": "two to eight digits side by side, every fifth number with its digits touching",
    "photos": "single digits on paper, by phone",
    "sketch": "drawn on tablets by 137 writers",
    "usps": "from envelopes, 16 × 16 px",
}
LIMITS = [
    "It knows the digits 0 to 9 and nothing else. What looks like none of them is marked “?”, but some letters pass.",
    "Of numbers whose digits touch, one in four is misread.",
    "Ruling as dark as the pen can make digits, a blurred photo of small faint writing hides them.",
    "Its probabilities are calibrated on MNIST; on other people's pictures they are off by what the table says.",
]
USE = """\
import numpy, onnxruntime, PIL.Image

session = onnxruntime.InferenceSession("model.onnx")
picture = PIL.Image.open("digit.png").convert("L").resize((28, 28))  # white ink on black, as in MNIST
probabilities, doubt = session.run(["probabilities", "doubt"], {"image": numpy.array([picture])})
print(probabilities[0].argmax(), "doubt", doubt[0])"""


def report(reader: Reader, artifacts: Path) -> None:
    """The numbers and figures of the run that made the model, in the folder `artifacts`."""
    metrics = load(artifacts / METRICS)
    if metrics is None:
        gr.Markdown("There is no report: no training run has left its numbers here. `make train export` makes one.")
        return
    seeds, reading = load(artifacts / SEEDS), load(artifacts / READING)
    parts = [headline(metrics, seeds, reading), explanation(metrics)]
    if reading:
        parts.append(suites_table(reading))
    if seeds:
        parts.append(seeds_table(seeds, metrics["seed"]))
    document(*parts, figures(artifacts / FIGURES))
    models = [artifacts / name for name in (ONNX_MODEL, ROWS_ONNX_MODEL)]
    sizes = [f"{model.stat().st_size / 1e6:.2f} MB" if model.exists() else "unknown" for model in models]
    card = model_card(metrics, reader.classifier.metadata, sizes[0], load(artifacts / ROWS_METRICS), sizes[1])
    document(card, code("How to use model.onnx", USE))
    for model in models:
        if model.exists():
            gr.DownloadButton(f"Download {model.name}", str(model), size="md", elem_classes="download")


def load(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.exists() else None


def headline(metrics: dict, seeds: dict | None, reading: dict | None) -> str:
    """The numbers that count, as HTML: each large, with what it is under it."""
    test = metrics["test"]
    tiles = [(f"{test['accuracy']:.2%}", f"of {test['pictures']:,} test pictures read right")]
    if seeds:
        mean, deviation = (100 * seeds["test_accuracy"][name] for name in ("mean", "sd"))
        tiles.append((f"{mean:.2f}%", f"mean of {len(seeds['runs'])} trainings, sd {deviation:.2f}%"))
    if reading and (sketch := reading["suites"].get("sketch")):
        tiles.append((f"{sketch['right']:.1%}", f"of {sketch['pictures']:,} sketches by other people"))
    if reading:
        tiles.append((f"{reading['doubt']['others_refused']:.0%}", "of letters refused as no digit"))
    tiles.append((f"{test['calibration_error']:.2%}", "calibration error on the test pictures"))
    items = "".join(f"<li><b>{number}</b><span>{words}</span></li>" for number, words in tiles)
    return f'<ul class="tiles">{items}</ul>'


def explanation(metrics: dict) -> str:
    """What the numbers of a run mean, as a paragraph of HTML."""
    test, validation = metrics["test"], metrics["validation"]
    worst = max(range(10), key=test["error_per_class"].__getitem__)
    mistakes = round((1 - test["accuracy"]) * test["pictures"])
    ceiling = (
        f"{metrics['disputed_mistakes']} of the mistakes are among the {DISPUTED} test pictures whose label has no "
        f"majority among five people, which makes {1 - DISPUTED / test['pictures']:.2%} the practical ceiling. "
        if metrics["dataset"] == "mnist"
        else ""
    )
    return (
        f"<p>{mistakes} of {test['pictures']:,} test pictures are misread; of {validation['pictures']:,} validation "
        f"pictures {validation['accuracy']:.2%} are read right. {ceiling}Hardest is the {worst}, of which "
        f"{test['error_per_class'][worst]:.2%} are misread. The probabilities were calibrated with a temperature of "
        f"{metrics['temperature']:.2f}, fitted on the validation pictures.</p>"
    )


def suites_table(reading: dict) -> str:
    """Other people's pictures, which are not in the repository, as HTML."""
    rows = [
        [
            f"{name}<small>{SUITES.get(name, '')}</small>",
            f"{row['pictures']:,}",
            f"{row['right']:.2%}",
            f"{row['refused']:.1%}" if "refused" in row else "–",
            f"{row['calibration_error']:.1%}" if "calibration_error" in row else "–",
        ]
        for name, row in reading["suites"].items()
    ]
    doubt = reading["doubt"]
    return (
        "<h2>Real pictures by other people</h2><p>None of them was trained on; their licences differ, so they are not "
        f"in the repository. What stands alone is not read above a doubt of {reading['limit']:g}, which refuses "
        f"{doubt['others_refused']:.1%} of the letters and {doubt['digits_refused']:.1%} of the digits. A number is "
        "right when all of its digits are.</p>"
    ) + table(["suite", "pictures", "read right", "refused", "calibration error"], rows)


def seeds_table(seeds: dict, kept: int) -> str:
    """The same training with several seeds, as HTML; `kept`: the seed whose model is in use."""
    rows = [
        [
            f"{run['seed']}<small>{'in use' if run['seed'] == kept else ''}</small>",
            f"{run['validation_accuracy']:.2%}",
            f"{run['test_accuracy']:.2%}",
            f"{run['test_calibration_error']:.2%}",
            f"{run['seconds']:.0f} s",
        ]
        for run in seeds["runs"]
    ]
    test = seeds["test_accuracy"]
    return (
        f"<h2>The same training with {len(seeds['runs'])} seeds</h2><p>{test['mean']:.2%} ± {test['sd']:.2%} on the "
        "test pictures, by which none was chosen. The one in use is marked.</p>"
    ) + table(["seed", "validation", "test", "calibration error", "training"], rows)


def figures(folder: Path) -> str:
    """The figures that there are, with what to see in them; the browser loads each when it comes into view."""
    items = ""
    for name, sentence in FIGURE_NAMES.items():
        if (path := folder / name).exists():
            with Image.open(path) as picture:
                width, height = picture.size
            items += (
                f'<figure><a data-file="{html.escape(str(path))}" target="_blank" title="Open in full size">'
                f'<img alt="{html.escape(sentence)}" width="{width}" height="{height}" loading="lazy"></a>'
                f"<figcaption>{sentence}</figcaption></figure>"
            )
    return f'<h2>Figures</h2><div class="figures">{items}</div>'


def model_card(
    metrics: dict, metadata: dict[str, str], size: str, rows: dict | None = None, rows_size: str = "unknown"
) -> str:
    """What the model is, and the network of rows if there is one, as HTML."""
    cores = "1 core" if metrics["cores"] == 1 else f"{metrics['cores']} cores"
    facts = {
        "Reads": "pictures of one digit, 28 × 28, white ink on black; gives ten probabilities and a doubt",
        "Data": f"{DATA.get(metrics['dataset'], metrics['dataset'])}, {metrics['train_pictures']:,} pictures for "
        "training, varied at each epoch",
        "Size": f"{metrics['parameters']:,} parameters, {size} as ONNX",
        "Training": f"{metrics['epochs']} epochs in {metrics['seconds']:.0f} s on {cores} "
        f"({metrics['processor']}), seed {metrics['seed']}",
        "Made": f"{metrics['date']} from commit {metrics['commit']}; exported {metadata.get('date', 'undated')}",
        "Rows": f"digits that touch are read by a second network, of {rows['parameters']:,} parameters, {rows_size}, "
        f"which reads {rows['test']['accuracy']:.1%} of {rows['test']['rows']:,} rows of test digits wholly right; "
        "what the first one doubts is read by both"
        if rows
        else "",
        "Licence": metadata.get("licence", "unknown"),
    }
    items = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts.items() if fact)
    limits = "".join(f"<li>{limit}</li>" for limit in LIMITS)
    return f"<h2>The model</h2><dl>{items}</dl><h3>What it cannot do</h3><ul>{limits}</ul>"
