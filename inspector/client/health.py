"""python -m inspector.client.health [HOST:PORT] [NAME]: exit 0 where the service serves, 1 where it does not.

For container health checks and scripts. NAME is "models/ID" or a service's full name; without it the whole server is
asked for. Speaks grpc.health.v1, which any gRPC service may have.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from inspector.client.errors import error_of
from inspector.errors import InspectorError

ADDRESS = "127.0.0.1:50051"
STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
"""HealthCheckResponse.ServingStatus."""
SERVING = STATES[1]


def check_health(address: str, *, name: str = "", timeout: float = 5.0) -> str:
    """Return the state of a server ("") or of one of its services or models; SERVING is the good one.

    NotFoundError where the server does not know the name, ServerUnavailableError where nobody answers within
    `timeout` seconds.
    """
    with grpc.insecure_channel(address) as channel:
        # On the wire the request is one string and the response one enum, each in field 1, as in these wrappers:
        # so the client needs no package of generated code for them.
        check: Any = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=StringValue.SerializeToString,
            response_deserializer=Int32Value.FromString,
        )
        try:
            state = check(StringValue(value=name), timeout=timeout).value
        except grpc.RpcError as error:
            raise error_of(error, address=address) from None
    return STATES.get(state, STATES[0])


def main() -> int:
    """Ask once, print the state, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m inspector.client.health", description=__doc__)
    parser.add_argument(
        "address", nargs="?", default=ADDRESS, metavar="HOST:PORT", help=f"default: {ADDRESS}"
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="default: the whole server")
    given = parser.parse_args()
    try:
        state = check_health(given.address, name=given.name)
    except InspectorError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(f"{state}\n")
    return 0 if state == SERVING else 1


if __name__ == "__main__":
    sys.exit(main())
