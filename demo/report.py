"""The report: the numbers and figures that training and measuring have left in artifacts/."""

import json
from pathlib import Path

import gradio as gr

from artifacts import FIGURE_NAMES, FIGURES, METRICS, READING, SEEDS
from export.reader import Reader

DISPUTED = 15  # test labels of MNIST without a majority among five people: train.evaluate.DISPUTED, with the source


def report(reader: Reader, artifacts: Path) -> None:
    """The numbers and figures of the run that made the model, in the folder `artifacts`."""
    metrics = load(artifacts / METRICS)
    if metrics is None:
        gr.Markdown("There is no report: no training run has left its numbers here. `make train export` makes one.")
        return
    gr.Markdown(headline(metrics, reader.classifier.metadata))
    for path, write in ((SEEDS, seeds_table), (READING, suites_table)):
        if (numbers := load(artifacts / path)) is not None:
            gr.Markdown(write(numbers))
    for name, sentence in FIGURE_NAMES.items():
        figure = artifacts / FIGURES / name
        if figure.exists():
            gr.Markdown(f"**{sentence}**")
            gr.Image(str(figure), show_label=False, interactive=False, buttons=["fullscreen"], container=False)


def load(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.exists() else None


def headline(metrics: dict, metadata: dict[str, str]) -> str:
    """The numbers of a run as Markdown."""
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
        f"**{test['accuracy']:.2%}** of {test['pictures']:,} test pictures read right ({mistakes} mistakes), "
        f"{validation['accuracy']:.2%} of {validation['pictures']:,} validation pictures. {ceiling}"
        f"Hardest digit: {worst}, of which {test['error_per_class'][worst]:.2%} are misread. The probabilities are off "
        f"by {test['calibration_error']:.2%} on average (expected calibration error), with a temperature of "
        f"{metrics['temperature']:.2f} fitted on the validation pictures.\n\n"
        f"Data: {metrics['dataset']}. {metrics['parameters']:,} parameters, {metrics['epochs']} epochs in "
        f"{metrics['seconds']:.0f} s on {metrics['cores']} cores ({metrics['processor']}), seed {metrics['seed']}, "
        f"commit {metrics['commit']}. The model in use was exported on {metadata.get('date', 'an unknown day')}, "
        f"trained on {metadata.get('data_set', 'unknown data')}."
    )


def seeds_table(seeds: dict) -> str:
    """The same training with several seeds, as Markdown."""
    rows = "".join(
        f"| {run['seed']} | {run['validation_accuracy']:.2%} | {run['test_accuracy']:.2%} "
        f"| {run['test_calibration_error']:.2%} | {run['seconds']:.0f} s |\n"
        for run in seeds["runs"]
    )
    test = seeds["test_accuracy"]
    return (
        f"**The same training with {len(seeds['runs'])} seeds: {test['mean']:.2%} ± {test['sd']:.2%} on the test "
        "pictures. The one with the best validation result is in use.**\n\n"
        "| seed | validation | test | calibration error | training |\n|---|---|---|---|---|\n" + rows
    )


def suites_table(reading: dict) -> str:
    """Other people's pictures, which are not in the repository, as Markdown."""
    rows = "".join(
        f"| {name} | {row['pictures']:,} | {row['right']:.1%} | {row['refused']:.1%} "
        f"| {row['calibration_error']:.1%} |\n"
        for name, row in reading["suites"].items()
        if "refused" in row
    )
    doubt = reading["doubt"]
    return (
        "**Real pictures that have nothing to do with MNIST (not in the repository, never trained on).** "
        f"Above a doubt of {reading['limit']:g} nothing is read: {doubt['others_refused']:.1%} of the letters and "
        f"{doubt['digits_refused']:.1%} of the digits.\n\n"
        "| pictures | how many | read right | refused | calibration error |\n|---|---|---|---|---|\n" + rows
    )
