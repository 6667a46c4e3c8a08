"""Try the example on a cluster of two nodes on this machine, and print what was found as one line of JSON.

python -m deploy.ray_serve.two_nodes REPOSITORY MODEL PHOTOGRAPH, with ray[serve] beside the package.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve.config import gRPCOptions

import inspector
from deploy.ray_serve.inspection import SERVICERS, inspection
from inspector.client import Client
from inspector.errors import InspectorError

CALLS = 100
ALONE = 50


def main() -> None:
    """Start two nodes with a replica each; compare, measure, take one node away, and ask on."""
    repository, name, photograph = sys.argv[1:4]
    port = free_port()
    began = time.monotonic()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    other = cluster.add_node(num_cpus=2)
    ray.init(address=cluster.address, log_to_driver=False)
    found: dict[str, Any] = {"nodes": sum(node["Alive"] for node in ray.nodes())}
    try:
        serve.start(
            proxy_location="HeadOnly",
            grpc_options=gRPCOptions(port=port, grpc_servicer_functions=SERVICERS),
        )
        for replicas in (1, 2):
            serve.run(inspection(repository, replicas=replicas, per_node=1))
            if replicas == 1:
                found["start_seconds"] = round(time.monotonic() - began, 1)
            with Client(f"127.0.0.1:{port}") as client:
                found[f"{replicas}_replicas"] = measured(client, name, photograph)
        with Client(f"127.0.0.1:{port}") as client:
            found |= compared(client, repository, name, photograph)
            cluster.remove_node(other)
            found |= asked_on(client, name, photograph)
        serve.shutdown()
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(json.dumps(found))


def compared(client: Client, repository: str, name: str, photograph: str) -> dict[str, Any]:
    """Return whether the cluster answers as this process does, and how it refuses."""
    (file,) = (Path(repository) / name).glob("*.onnx")
    with inspector.load(file, device="cpu") as here:
        there = client.model(name)
        classes = [[one.index for one in model.predict(photograph)[0].classes] for model in (there, here)]
        maps = [model.attribute(photograph, method="saliency").maps for model in (there, here)]
    try:
        there.activations(photograph, layers=["no such layer"])
        refusal = ""
    except InspectorError as error:
        refusal = type(error).__name__
    same = "same" if classes[0] == classes[1] else f"{classes[0]} and {classes[1]}"
    return {"classes": same, "map_difference": float(abs(maps[0] - maps[1]).max()), "refusal": refusal}


def measured(client: Client, name: str, photograph: str) -> dict[str, float]:
    """Return calls per second of eight callers, and the median and the best time of one alone."""
    model = client.model(name)
    alone = []
    for _ in range(ALONE):
        began = time.perf_counter()
        model.predict(photograph)
        alone.append(time.perf_counter() - began)
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda _: model.predict(photograph), range(CALLS)))
    rate = CALLS / (time.perf_counter() - began)
    return {
        "calls_per_second": round(rate, 1),
        "median_ms": round(1000 * statistics.median(alone), 2),
        "best_ms": round(1000 * min(alone), 2),
    }


def asked_on(client: Client, name: str, photograph: str) -> dict[str, Any]:
    """Return how many of the calls after a node left were answered, and how long the longest took to be so."""
    model = client.model(name)
    failures, longest = 0, 0.0
    for _ in range(CALLS):
        began = time.perf_counter()
        try:
            model.predict(photograph)
        except InspectorError:
            failures += 1
        longest = max(longest, time.perf_counter() - began)
    return {"failed_after_loss": failures, "calls_after_loss": CALLS, "longest_seconds": round(longest, 2)}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    main()
