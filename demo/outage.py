"""python -m demo.outage: two nodes with a replica each, people who sketch, an update, a replica and a node killed.

→ "replicas" and "outage" in artifacts/load.json. Needs demo/requirements-cluster.txt; all of it runs on this machine.
"""

import asyncio
import os
import sys
import time

import ray
from ray import serve
from ray.cluster_utils import Cluster

from demo import crowd, load, visitor
from demo.cluster import NAME, application, start

SECONDS = 10  # of measuring each number of replicas
PEOPLE, PACE = 10, 5  # who sketch through the outage, and how many readings/s each makes
CALM = 8  # seconds before, between and after the three


def main() -> int:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    port = visitor.free_port()
    address = f"http://127.0.0.1:{port}"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    try:
        start("127.0.0.1", port, "HeadOnly", address=cluster.address)
        load.keep("replicas", throughput(address))
        load.keep("outage", asyncio.run(outage(address, lambda: cluster.remove_node(second, allow_graceful=False))))
    finally:
        ray.shutdown()
        cluster.shutdown()
    return 0


def throughput(address: str) -> dict:
    """Readings/s with one and with two replicas, each on a node of its own."""
    rates = {}
    for replicas in (1, 2):
        serve.run(application(replicas, per_node=1), name=NAME, route_prefix="/")
        while len(replica_names()) != replicas:
            time.sleep(0.5)
        bodies = crowd.bodies_for(address)
        for seconds in (2, SECONDS):  # at first to warm up
            run = crowd.sketch(address, 16, crowd.for_seconds(seconds), 1000, visitor.SERVER, bodies)
            result = asyncio.run(run)
        rates[f"readings/s with {replicas}"] = result["readings/s"]
    return {**rates, "2 of 1": round(rates["readings/s with 2"] / rates["readings/s with 1"], 2)}


async def outage(address: str, kill_node) -> dict:
    """What people see of it when a new version replaces the replicas, one of them is killed, and then a node."""
    bodies, events, start = crowd.bodies_for(address), {}, time.monotonic()

    async def kill() -> None:
        await asyncio.sleep(CALM)
        before = set(replica_names())
        await asyncio.to_thread(serve.run, application(2, per_node=1), name=NAME, route_prefix="/")
        while await asyncio.to_thread(lambda: len(set(replica_names()) - before)) < 2:
            await asyncio.sleep(0.5)
        events["both replaced by a new version after s"] = round(time.monotonic() - start)
        await asyncio.sleep(CALM)
        await asyncio.to_thread(ray.kill, ray.get_actor(replica_names()[0], namespace="serve"))
        events["replica killed after s"] = round(time.monotonic() - start)
        await asyncio.sleep(1)
        while await asyncio.to_thread(lambda: len(replica_names())) < 2:
            await asyncio.sleep(0.5)
        events["replica replaced after s"] = round(time.monotonic() - start)
        await asyncio.sleep(CALM)
        await asyncio.to_thread(kill_node)
        events["node killed after s"] = round(time.monotonic() - start)
        await asyncio.sleep(2 * CALM)

    killing = asyncio.create_task(kill())
    result = await crowd.sketch(address, PEOPLE, killing.done, PACE, visitor.SERVER, bodies)
    await killing
    return {**result, **events}


def replica_names() -> list[str]:
    """The actors that are replicas of the page and run."""
    replicas = serve.status().applications[NAME].deployments[NAME].replica_states.get("RUNNING", 0)
    names = [actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True) if f"{NAME}#" in actor["name"]]
    return names[:replicas]


if __name__ == "__main__":
    sys.exit(main())
