"""python -m train: MNIST → a fitted Keras model, its numbers and its figures."""

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import artifacts

if TYPE_CHECKING:
    import keras

    from train.data import Data

EPOCHS = 30
BATCH_SIZE = 128
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


class Run(NamedTuple):
    """A finished run of one seed; test: (n, 10), the probabilities of the test pictures."""

    model: "keras.Model"
    history: list[dict[str, float]]
    metrics: dict
    test: np.ndarray


def main() -> int:
    args = parse()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from train import data, fit

    # The checkout may have moved on when the run ends.
    circumstances = artifacts.circumstances()
    try:
        digits, warning = data.load(args.dataset, args.data)
        if warning:
            announce(warning)
        folder = args.artifacts / (f"{digits.name}-quick" if args.quick else digits.name)
        runs = []
        for seed in range(args.seed, args.seed + args.seeds):
            runs.append(train(args, digits, folder, seed, circumstances))
            result = runs[-1].metrics
            print(f"{digits.name}, seed {seed}: test accuracy {result['test']['accuracy']:.2%}, {result['seconds']} s")
    except (data.DataError, fit.ResumeError) as reason:
        print(f"train: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ntrain: stopped. The published files are as they were; --resume goes on from the last finished epoch.")
        return 130
    publish(folder, digits, runs)
    print(f"written to {folder}")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("--dataset", choices=("auto", "mnist", "digits"), default="auto", help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=os.environ.get("MNIST_NPZ") or None, help="MNIST as an .npz file")
    parser.add_argument("--epochs", type=positive, default=EPOCHS, help="at most so many; default: %(default)s")
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, help="default: %(default)s")
    parser.add_argument("--seed", type=natural, default=0, help="default: %(default)s")
    parser.add_argument(
        "--seeds", type=positive, default=1, help="runs, from --seed up; the best by validation is kept"
    )
    parser.add_argument("--quick", action="store_true", help="99 %% within seconds, beside the published model")
    parser.add_argument("--resume", action="store_true", help="go on from the last finished epoch of a stopped run")
    parser.add_argument("--artifacts", type=Path, default=artifacts.ROOT, help="where to write; default: %(default)s")
    return parser.parse_args()


def natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number, not below 0")
    return int(text)


def positive(text: str) -> int:
    if natural(text) == 0:
        raise argparse.ArgumentTypeError("should be at least 1")
    return int(text)


def announce(warning: str) -> None:
    """Say prominently that this is not the MNIST run that people expect, why, and what to do."""
    line = "=" * 100
    print(
        f"{line}\nNOT TRAINING ON MNIST. {warning}\n"
        "Going on with the 1,797 small digits inside scikit-learn; the published MNIST model is left alone.\n"
        f"For MNIST: connect to the internet, or give a copy of mnist.npz with MNIST_NPZ=FILE.\n{line}",
        file=sys.stderr,
    )


def train(args: argparse.Namespace, digits: "Data", folder: Path, seed: int, circumstances: dict) -> Run:
    """Fit one seed and then look at the test pictures, once."""
    from train import fit, quick
    from train.calibrate import calibrate
    from train.evaluate import DISPUTED, evaluate, refusal_curve
    from train.model import read
    from train.negatives import negatives

    if args.quick:
        model, history = quick.fit(digits, seed=seed)
    else:
        state = folder / artifacts.RUN / f"seed-{seed}"
        # Of several seeds, those that had not begun when the run was stopped begin now.
        resume = args.resume and (seed == args.seed or fit.can_resume(state))
        model, history = fit.fit(
            digits, state, epochs=args.epochs, batch_size=args.batch_size, seed=seed, resume=resume
        )
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
        "best_epoch": len(history) if args.quick else fit.best_epoch(history),
        "seconds": round(sum(row["seconds"] for row in history), 1),  # of all epochs, those before a --resume too
        "seed": seed,
        "batch_size": quick.BATCH_SIZE if args.quick else args.batch_size,
        "versions": {name: version(name) for name in PACKAGES},
        **circumstances,
    }
    return Run(model, history, metrics, test)


def publish(folder: Path, digits: "Data", runs: list[Run]) -> None:
    """Write what the best run, by validation, leaves, and the numbers of all seeds where there are several."""
    from train import figures
    from train.evaluate import summarise
    from train.fit import write_history

    best = max(runs, key=lambda run: (run.metrics["validation"]["accuracy"], -run.metrics["validation"]["loss"]))
    figures.draw_all(folder / artifacts.FIGURES, digits, best.history, best.metrics, best.test)
    with artifacts.replacing(folder / artifacts.HISTORY) as path:
        write_history(path, best.history)
    with artifacts.replacing(folder / artifacts.KERAS_MODEL) as path:
        best.model.save(path)
    artifacts.write_json(folder / artifacts.METRICS, best.metrics)
    if len(runs) > 1:
        summary = summarise([run.metrics for run in runs])
        artifacts.write_json(folder / artifacts.SEEDS, summary)
        mean, deviation = summary["test_accuracy"]["mean"], summary["test_accuracy"]["sd"]
        print(f"{len(runs)} seeds: test accuracy {mean:.2%} ± {deviation:.2%}; seed {best.metrics['seed']} is kept")


if __name__ == "__main__":
    sys.exit(main())
