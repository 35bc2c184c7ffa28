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
from train import fit, quick
from train.calibrate import calibrate
from train.data import Data
from train.evaluate import DISPUTED, evaluate, refusal_curve, summarise
from train.model import read
from train.negatives import negatives

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


class Run(NamedTuple):
    """A finished run of one seed: the network's weights, and the (n, 10) probabilities of the test pictures."""

    weights: list[np.ndarray]
    history: list[dict[str, float]]
    metrics: dict
    test: np.ndarray


def train_all(jobs: int, train_one: Callable[[int], Run], seeds: range) -> Iterator[Run]:
    """The runs of all seeds in their order, `jobs` of them at a time, in processes of their own if it is several."""
    if jobs == 1:
        yield from map(train_one, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=take_share, initargs=(jobs,)) as pool:
        yield from pool.imap(train_one, seeds)


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
) -> Run:
    """Fit one seed and then look at the test pictures, once.

    With `resume`, go on from what a stopped run has left in `folder`; with `afresh`, begin where it has left nothing.
    """
    if quickly:
        batch_size = quick.BATCH_SIZE
        model, history = quick.fit(digits, seed=seed)
    else:
        state = folder / artifacts.RUN / f"seed-{seed}"
        resume = resume and not (afresh and not fit.can_resume(state))
        model, history = fit.fit(digits, state, epochs=epochs, batch_size=batch_size, seed=seed, resume=resume)
    temperature = calibrate(model, digits.validation)
    # Spoilt from other digits and drawn with another seed than those that the network has seen.
    others = negatives(digits.validation, len(digits.validation.labels), np.random.default_rng([seed, 1]))
    (validation, doubt), (_, doubt_of_others), (test, _) = (
        map(np.asarray, read(model.predict(part.pictures, batch_size=1000, verbose=0)))
        for part in (digits.validation, others, digits.test)
    )
    mistakes = np.flatnonzero(test.argmax(axis=1) != digits.test.labels)
    metrics = {
        "dataset": digits.name,
        "test": evaluate(test, digits.test.labels),
        "validation": evaluate(validation, digits.validation.labels),
        "disputed_mistakes": sum(int(place) in DISPUTED for place in mistakes) if digits.name == "mnist" else 0,
        "doubt": refusal_curve(doubt, doubt_of_others),
        "temperature": temperature,
        "train_pictures": len(digits.train.labels),
        "parameters": model.count_params(),
        "epochs": len(history),
        "best_epoch": len(history) if quickly else fit.best_epoch(history),
        "seconds": round(sum(row["seconds"] for row in history), 1),  # of all epochs, those before a --resume too
        "seed": seed,
        "batch_size": batch_size,
        "versions": {name: version(name) for name in PACKAGES},
        **circumstances,
    }
    return Run(model.get_weights(), history, metrics, test)


def publish(folder: Path, digits: Data, model: keras.Model, runs: list[Run]) -> None:
    """Write what the best run, by validation, leaves, and the numbers of all seeds where there are several.

    `model`: a network as it was trained, for the weights of the best.
    """
    from train import figures

    best = max(runs, key=lambda run: (run.metrics["validation"]["accuracy"], -run.metrics["validation"]["loss"]))
    figures.draw_all(folder / artifacts.FIGURES, digits, best.history, best.metrics, best.test)
    with artifacts.replacing(folder / artifacts.HISTORY) as path:
        fit.write_history(path, best.history)
    with artifacts.replacing(folder / artifacts.KERAS_MODEL) as path:
        model.set_weights(best.weights)
        model.save(path)
    artifacts.write_json(folder / artifacts.METRICS, best.metrics)
    if len(runs) > 1:
        summary = summarise([run.metrics for run in runs])
        artifacts.write_json(folder / artifacts.SEEDS, summary)
        mean, deviation = summary["test_accuracy"]["mean"], summary["test_accuracy"]["sd"]
        print(f"{len(runs)} seeds: test accuracy {mean:.2%} ± {deviation:.2%}; seed {best.metrics['seed']} is kept")
