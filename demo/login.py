"""One name and password for all who may use the page, asked for on a page of its own when DEMO_AUTH is set.

Whoever has logged in carries a signed cookie, so that any replica knows them and none has to remember.
"""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

COOKIE = "digits-login"
LASTS = 7 * 24 * 3600  # seconds
PAGE = Path(__file__).with_name("login.html")


class Login:
    """Programs send name and password with each request instead, as HTTP Basic: `curl -u user:password`."""

    def __init__(self, secret: str):
        """secret: `user:password`. Raises ValueError when it is something else."""
        user, colon, password = secret.partition(":")
        if not (user and colon and password):
            raise ValueError("DEMO_AUTH has to be user:password")
        self.secret = secret.encode()
        self.key = hashlib.scrypt(self.secret, salt=COOKIE.encode(), n=2**14, r=8, p=1)

    def knows(self, request: Request) -> bool:
        """Whether a request comes from somebody who has logged in, or brings name and password."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                return hmac.compare_digest(base64.b64decode(credentials), self.secret)
            except ValueError:
                return False
        until, _, signature = request.cookies.get(COOKIE, "").partition("-")
        fresh = until.isascii() and until.isdecimal() and len(until) < 12 and int(until) > time.time()
        return fresh and hmac.compare_digest(signature.encode(), self.sign(until).encode())

    def answer(self, request: Request, form: bytes) -> Response:
        """The answer to /login: the form, or what follows when it has been sent, url-encoded."""
        if request.method != "POST":
            return self.page()
        sent = parse_qs(form[:1000].decode(errors="replace"))
        given = ":".join(sent.get(name, [""])[0] for name in ("username", "password"))
        if not hmac.compare_digest(given.encode(), self.secret):
            return self.page("Name or password is wrong.")
        until = str(int(time.time()) + LASTS)
        response = RedirectResponse("./", 303)
        secure = request.url.scheme == "https"
        # In a Space the page stands in a frame of another site, which only such a cookie reaches.
        response.set_cookie(
            COOKIE,
            f"{until}-{self.sign(until)}",
            max_age=LASTS,
            httponly=True,
            secure=secure,
            samesite="none" if secure else "lax",
        )
        return response

    def page(self, message: str = "") -> Response:
        """The login page, with a message when the last try was wrong."""
        return HTMLResponse(PAGE.read_text().replace("{message}", message), 401, {"Cache-Control": "no-store"})

    def sign(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
