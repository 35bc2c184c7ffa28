"""python -m demo.cluster: the page as replicas on one or many machines, by Ray Serve.

Joins the cluster that RAY_ADDRESS names, or starts one on this machine. The other machines need
demo/requirements-cluster.txt and `ray start --address`; the page itself is sent to them, as the folder of the Space.
Any replica answers any request: what a visitor draws is kept in the browser alone.
"""

import argparse
import os
import signal
import tempfile

import ray
from fastapi import FastAPI
from ray import serve

NAME = "digits"
ONGOING = 4  # requests at a time for which a replica is there: more, and another one is started


def build() -> FastAPI:
    """A replica's application, built where it runs."""
    from demo import server
    from export.reader import Reader

    return server.build(Reader())


@serve.ingress(build)
class Page:
    """A replica. Ray asks for its health, and replaces it when it has none."""

    def __init__(self):
        from demo.server import Health
        from export.reader import Reader

        self.health = Health(Reader())

    def check_health(self) -> None:
        if not self.health.check():
            raise RuntimeError("a seven is not read as one")


def application(replicas: int, per_node: int | None = None) -> serve.Application:
    """The page, at first as two replicas, and as many as `replicas` when there is more to do."""
    return serve.deployment(
        Page,
        name=NAME,
        autoscaling_config={
            "min_replicas": min(2, replicas),
            "max_replicas": replicas,
            "target_ongoing_requests": ONGOING,
        },
        max_ongoing_requests=100,  # the page has its own limits
        max_replicas_per_node=per_node,
        health_check_period_s=5,
        graceful_shutdown_timeout_s=20,
        ray_actor_options={"num_cpus": 0.5},
    ).bind()


def start(host: str, port: int, where: str = "EveryNode", **options: object) -> None:
    """Join or start a cluster and let it listen, on every machine or the first; `options` are ray.init's."""
    from demo.space import FOLDER, write

    write()
    environment = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": os.path.join(tempfile.gettempdir(), "digits-cluster"),
        **{name: os.environ[name] for name in ("DEMO_AUTH", "DEMO_METRICS", "ROOT_PATH") if name in os.environ},
    }
    ray.init(runtime_env={"working_dir": str(FOLDER), "env_vars": environment}, log_to_driver=False, **options)
    serve.start(proxy_location=where, http_options={"host": host, "port": port})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=2, help="at most so many; default: %(default)s")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve at; default: %(default)s")
    parser.add_argument("--port", type=int, default=7860, help="port to serve at; default: %(default)s")
    args = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    start(args.host, args.port, include_dashboard=None if os.environ.get("RAY_ADDRESS") else False)
    serve.run(application(args.replicas), name=NAME, route_prefix="/")
    print(f"The page is at http://{args.host}:{args.port}, with {args.replicas} replicas at most.", flush=True)
    if os.environ.get("RAY_ADDRESS"):
        print("It stays: begun again, another version takes its place bit by bit; `serve shutdown` ends it.")
        return
    print("Ctrl-C stops it.", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    serve.delete(NAME)  # the replicas finish what is in flight
    ray.shutdown()


if __name__ == "__main__":
    main()
