"""Runs: a seed from the data to the numbers, several of them at a time, and what they leave."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

import artifacts
from train import fit, quick, tasks
from train.calibrate import calibrate
from train.data import Data
from train.evaluate import DISPUTED, evaluate, refusal_curve, summarise
from train.model import build_rows, read, row_accuracy
from train.negatives import negatives

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


class Run(NamedTuple):
    """A finished run of one seed: the network's weights, and what it said of the test pictures.

    test: of digits (n, 10) probabilities; of rows how many, (n,) bool, were read right.
    """

    weights: list[np.ndarray]
    history: list[dict[str, float]]
    metrics: dict
    test: np.ndarray


def train_all(jobs: int, tasks: list[Callable[[], Run]]) -> Iterator[Run]:
    """The runs in their order, `jobs` of them at a time, in processes of their own if it is several."""
    if jobs == 1:
        yield from (task() for task in tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=take_share, initargs=(jobs,)) as pool:
        yield from pool.imap(call, tasks)


def call(task: Callable[[], Run]) -> Run:
    return task()


def take_share(jobs: int) -> None:
    """Be one of several at work: use a share of the cores, and leave Ctrl-C to the parent, which stops the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // jobs))


def train(
    digits: Data,
    folder: Path,
    circumstances: dict,
    seed: int,
    *,
    epochs: int,
    batch_size: int,
    quickly: bool = False,
    resume: bool = False,
    afresh: bool = False,
    alone: bool = True,
) -> Run:
    """Fit one seed and then look at the test pictures, once.

    With `resume`, go on from what a stopped run has left in `folder`; with `afresh`, begin where it has left nothing.
    alone: whether no other run goes on beside it.
    """
    if quickly:
        batch_size = quick.BATCH_SIZE
        model, history = quick.fit(digits, seed=seed)
    else:
        state = folder / artifacts.RUN / f"seed-{seed}"
        resume = resume and not (afresh and not fit.can_resume(state))
        task = tasks.digits(digits, batch_size, seed)
        model, history = fit.fit(task, state, epochs=epochs, seed=seed, resume=resume, alone=alone)
    temperature = calibrate(model, digits.validation)
    # Spoilt from other digits and drawn with another seed than those that the network has seen.
    others = negatives(digits.validation, len(digits.validation.labels), np.random.default_rng([seed, 1]))
    (validation, doubt), (_, doubt_of_others), (test, _) = (
        map(np.asarray, read(model.predict(part.pictures, batch_size=1000, verbose=0)))
        for part in (digits.validation, others, digits.test)
    )
    mistakes = np.flatnonzero(test.argmax(axis=1) != digits.test.labels)
    metrics = {
        "test": evaluate(test, digits.test.labels),
        "validation": evaluate(validation, digits.validation.labels),
        "disputed_mistakes": sum(int(place) in DISPUTED for place in mistakes) if digits.name == "mnist" else 0,
        "doubt": refusal_curve(doubt, doubt_of_others),
        "temperature": temperature,
        "train_pictures": len(digits.train.labels),
        "best_epoch": len(history) if quickly else fit.best_epoch(history),
        **about("digits", digits, model, history, seed, batch_size),
        **circumstances,
    }
    return Run(model.get_weights(), history, metrics, test)


def train_rows(
    digits: Data,
    folder: Path,
    circumstances: dict,
    seed: int,
    *,
    epochs: int,
    resume: bool = False,
    alone: bool = True,
) -> Run:
    """Fit the network of rows and then look at rows of test digits, once; with `resume`, where there is what to."""
    state = folder / artifacts.RUN / "rows"
    task, resume = tasks.rows_of_digits(digits, seed), resume and fit.can_resume(state)
    model, history = fit.fit(task, state, epochs=epochs, seed=seed, resume=resume, alone=alone)
    right = np.concatenate(
        [row_accuracy(labels, model(rows, training=False)) for rows, labels in tasks.test_rows(digits)]
    )
    best = fit.best_epoch(history)
    metrics = {
        "test": {"rows": len(right), "accuracy": float(right.mean())},
        "validation": {"accuracy": history[best - 1]["val_accuracy"], "loss": history[best - 1]["val_loss"]},
        "best_epoch": best,
        **about("rows", digits, model, history, seed, tasks.ROW_BATCH),
        **circumstances,
    }
    return Run(model.get_weights(), history, metrics, right)


def about(network: str, digits: Data, model: keras.Model, history: list[dict], seed: int, batch_size: int) -> dict:
    """What the metrics of every run tell beside its results."""
    return {
        "network": network,
        "dataset": digits.name,
        "parameters": model.count_params(),
        "epochs": len(history),
        "seconds": round(sum(row["seconds"] for row in history), 1),  # of all epochs, those before a --resume too
        "seed": seed,
        "batch_size": batch_size,
        "versions": {name: version(name) for name in PACKAGES},
    }


def publish(folder: Path, digits: Data, model: keras.Model, runs: list[Run], of_rows: Run | None = None) -> None:
    """Write what the best run, by validation, leaves, and the numbers of all seeds where there are several.

    `model`: a network as it was trained, for the weights of the best; of_rows: the run of the network of rows.
    """
    from train import figures

    best = max(runs, key=lambda run: (run.metrics["validation"]["accuracy"], -run.metrics["validation"]["loss"]))
    figures.draw_all(folder / artifacts.FIGURES, digits, best.history, best.metrics, best.test)
    with artifacts.replacing(folder / artifacts.HISTORY) as path:
        fit.write_history(path, best.history)
    save(model, best.weights, folder / artifacts.KERAS_MODEL)
    artifacts.write_json(folder / artifacts.METRICS, best.metrics)
    if of_rows:
        rows = build_rows()
        save(rows, of_rows.weights, folder / artifacts.ROWS_KERAS_MODEL)
        figures.draw_rows(folder / artifacts.FIGURES / artifacts.ROWS_FIGURE, digits, rows)
        artifacts.write_json(folder / artifacts.ROWS_METRICS, {**of_rows.metrics, "history": of_rows.history})
    if len(runs) > 1:
        summary = summarise([run.metrics for run in runs])
        artifacts.write_json(folder / artifacts.SEEDS, summary)
        mean, deviation = summary["test_accuracy"]["mean"], summary["test_accuracy"]["sd"]
        print(f"{len(runs)} seeds: test accuracy {mean:.2%} ± {deviation:.2%}; seed {best.metrics['seed']} is kept")


def save(model: keras.Model, weights: list[np.ndarray], file: Path) -> None:
    """The model with these weights, written whole or not at all."""
    model.set_weights(weights)
    with artifacts.replacing(file) as path:
        model.save(path)
