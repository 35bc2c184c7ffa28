"""How often one visitor may ask, told apart by address."""

import time
from collections import OrderedDict
from ipaddress import ip_address, ip_network

from starlette.requests import Request

MOST_CLIENTS = 10_000  # addresses that are remembered


class Bucket:
    """Lets each client through `rate` times a second on average and `burst` times at once."""

    def __init__(self, rate: float, burst: float):
        self.rate, self.burst = rate, burst
        self.clients: OrderedDict[str, tuple[float, float]] = OrderedDict()  # -> tokens left, when

    def take(self, client: str) -> bool:
        now = time.monotonic()
        tokens, then = self.clients.pop(client, (self.burst, now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        self.clients[client] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self.clients) > MOST_CLIENTS:
            self.clients.popitem(last=False)
        return tokens >= 1


def client(request: Request) -> str:
    """Whose request it is: the address, or for IPv6 the network, of which one visitor has a whole one."""
    host = request.client.host if request.client else ""
    if ":" not in host:
        return host
    try:
        return str(ip_network((ip_address(host.partition("%")[0]), 64), strict=False))
    except ValueError:
        return host
