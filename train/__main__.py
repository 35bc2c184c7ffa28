"""python -m train: MNIST → a fitted Keras model, its numbers and its figures."""

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path

import artifacts

EPOCHS = 36
BATCH_SIZE = 128
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


def main() -> int:
    args = parse()
    circumstances = artifacts.circumstances()  # now, because the checkout may have moved on when the run ends
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from train import data, fit

    try:
        digits, warning = data.load(args.dataset, args.data)
        if warning:
            announce(warning)
        folder = args.artifacts / digits.name
        model, history = fit.fit(
            digits,
            folder / artifacts.RUN,
            epochs=args.epochs,
            batch_size=args.batch_size,
            seed=args.seed,
            resume=args.resume,
        )
    except (data.DataError, fit.ResumeError) as reason:
        print(f"train: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ntrain: stopped. The published files are as they were; --resume goes on from the last finished epoch.")
        return 130
    publish(args, circumstances, digits, folder, model, history)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("--dataset", choices=("auto", "mnist", "digits"), default="auto", help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=os.environ.get("MNIST_NPZ") or None, help="MNIST as an .npz file")
    parser.add_argument("--epochs", type=positive, default=EPOCHS, help="at most so many; default: %(default)s")
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, help="default: %(default)s")
    parser.add_argument("--seed", type=natural, default=0, help="default: %(default)s")
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


def publish(args, circumstances: dict, digits, folder: Path, model, history: list[dict[str, float]]) -> None:
    """Look at the test pictures, once, and write everything that the run leaves."""
    from train import figures
    from train.evaluate import evaluate
    from train.fit import best_epoch, write_history

    validation, test = (
        model.predict(part.pictures, batch_size=1000, verbose=0) for part in (digits.validation, digits.test)
    )
    seconds = sum(row["seconds"] for row in history)
    metrics = {
        "dataset": digits.name,
        "test": evaluate(test, digits.test.labels),
        "validation": evaluate(validation, digits.validation.labels),
        "train_pictures": len(digits.train.labels),
        "parameters": model.count_params(),
        "epochs": len(history),
        "best_epoch": best_epoch(history),
        "seconds": round(seconds, 1),  # of all epochs, those before a --resume too
        "seed": args.seed,
        "batch_size": args.batch_size,
        "versions": {name: version(name) for name in PACKAGES},
        **circumstances,
    }
    figures.draw_all(folder / artifacts.FIGURES, digits, history, metrics, test)
    with artifacts.replacing(folder / artifacts.HISTORY) as path:
        write_history(path, history)
    with artifacts.replacing(folder / artifacts.KERAS_MODEL) as path:
        model.save(path)
    artifacts.write_json(folder / artifacts.METRICS, metrics)
    result = metrics["test"]
    print(
        f"{digits.name}: test accuracy {result['accuracy']:.2%}, loss {result['loss']:.4f}; {seconds:.0f} s; {folder}"
    )


if __name__ == "__main__":
    sys.exit(main())
