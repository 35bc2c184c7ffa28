"""Worker processes: a function on many items, results in the items' order, and little in memory at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

CHUNK = 4  # items that are sent to a worker at once: sending one by one would cost as much as a small picture
AHEAD = 4  # chunks for each worker that may be under way before the first of them is handed out

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerError(Exception):
    """A worker process has ended before its work; the message is one sentence for people."""


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int, start: Callable[..., None], arguments: tuple
) -> Iterator[Result]:
    """The results of `function` on each of `items`, which are taken as they are needed, from `jobs` processes.

    `start(*arguments)` is called once in each process before anything else. To be called in the main thread. Raises
    WorkerError when a process is killed; what `function` raises comes through. Ends the processes at its own end.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), begin, (start, arguments))
    waiting, items = deque(), iter(items)
    try:
        start_all(pool, jobs)
        while chunk := list(islice(items, CHUNK)):
            waiting.append(pool.submit(each, function, chunk))
            if len(waiting) == AHEAD * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as reason:
        raise WorkerError("A worker process was killed, for lack of memory perhaps; try fewer --jobs.") from reason
    finally:
        pool.shutdown(cancel_futures=True)


def start_all(pool: ProcessPoolExecutor, jobs: int) -> None:
    """Start all processes now and deaf to Ctrl-C, which the terminal sends to them, too; ending them is ours."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(jobs):
            pool.submit(os.getpid)
    finally:
        signal.signal(signal.SIGINT, before)


def begin(start: Callable[..., None], arguments: tuple) -> None:
    """In a worker: see to it that it does not outlive a killed parent, then `start`."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    start(*arguments)


def end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def each(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]
