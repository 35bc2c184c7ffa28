"""What a request that is not let in is told."""

from starlette.responses import JSONResponse


class Refusal(Exception):  # noqa: N818 (it is an answer, not an error)
    """HTTP status, the reason in a word for the metrics, a sentence for people, and in how many s to come again."""

    def __init__(self, status: int, reason: str, sentence: str, retry: int | None = None):
        super().__init__(sentence)
        self.status, self.reason, self.retry = status, reason, retry

    def answer(self) -> JSONResponse:
        headers = {"Retry-After": str(self.retry)} if self.retry else {}
        if self.status in (408, 413):  # or the server would receive the rest of it
            headers["Connection"] = "close"
        return JSONResponse({"detail": str(self)}, self.status, headers)


def busy() -> Refusal:
    return Refusal(503, "busy", "Too many people are here at once. Try again in a second.", retry=1)


def flood() -> Refusal:
    return Refusal(429, "rate", "That was a lot at once. Try again in a second.", retry=1)
