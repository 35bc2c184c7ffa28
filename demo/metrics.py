"""What /metrics tells, in Prometheus's format."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds


class Metrics:
    """Counts of one process; each has a registry of its own, so that tests can make many."""

    def __init__(self):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._readings = Histogram(
            "digits_reading_seconds",
            "Seconds from a request to its answer",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._failures = Counter("digits_errors", "Requests that failed in the server", registry=self.registry)
        self._refusals = Counter("digits_refusals", "Requests that were not let in", ["reason"], registry=self.registry)

    def answered(self, seconds: float) -> None:
        self._readings.observe(seconds)

    def failed(self) -> None:
        self._failures.inc()

    def refused(self, reason: str) -> None:
        self._refusals.labels(reason).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
