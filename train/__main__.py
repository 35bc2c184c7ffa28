"""python -m train: MNIST → a fitted Keras model, its numbers and its figures."""

import argparse
import os
import signal
import sys
from functools import partial
from pathlib import Path

import artifacts

EPOCHS = 18
BATCH_SIZE = 128


def main() -> int:
    args = parse()
    # Stopped by `kill`, too, so that no process of several is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from train import data, fit, model, quick, runs

    # The checkout may have moved on when the run ends.
    circumstances = artifacts.circumstances()
    jobs = min(args.jobs or circumstances["cores"], circumstances["cores"], args.seeds + (not args.quick))
    circumstances["cores"] //= jobs
    try:
        digits, warning = data.load(args.dataset, args.data)
        if warning:
            announce(warning)
        folder = args.artifacts / (f"{digits.name}-quick" if args.quick else digits.name)
        where = digits, folder, circumstances
        tasks = [
            partial(
                runs.train,
                *where,
                seed,
                epochs=args.epochs,
                batch_size=args.batch_size,
                quickly=args.quick,
                resume=args.resume,
                afresh=args.seeds > 1,
                alone=jobs == 1,
            )
            for seed in range(args.seed, args.seed + args.seeds)
        ]
        if not args.quick:  # first, since it takes longest
            options = {"epochs": args.epochs, "resume": args.resume, "alone": jobs == 1}
            tasks.insert(0, partial(runs.train_rows, *where, args.seed, **options))
        finished = []
        for run in runs.train_all(jobs, tasks):
            finished.append(run)
            of, accuracy, seconds = run.metrics["network"], run.metrics["test"]["accuracy"], run.metrics["seconds"]
            print(f"{digits.name}, {of}, seed {run.metrics['seed']}: test {accuracy:.2%}, {seconds} s", flush=True)
    except (data.DataError, fit.ResumeError) as reason:
        print(f"train: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ntrain: stopped. The published files are as they were; --resume goes on from the last finished epoch.")
        return 130
    of_rows = None if args.quick else finished.pop(0)
    runs.publish(folder, digits, quick.build() if args.quick else model.build(), finished, of_rows)
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
    parser.add_argument(
        "--jobs", type=positive, help="so many runs at a time, each with its share of the cores; default: one a core"
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


if __name__ == "__main__":
    sys.exit(main())
