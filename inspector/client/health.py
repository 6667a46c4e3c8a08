"""python -m inspector.client.health [HOST:PORT] [NAME]: exit 0 where the service serves, 1 where it does not.

For container health checks and scripts. NAME is "models/ID" or a service's full name; without it the whole server is
asked for. What is not given comes from the variables of a client (INSPECTOR_SERVER, INSPECTOR_TOKEN_FILE and so on); a
server tells how it is itself without a token, and how its models are to those who may see them. Speaks grpc.health.v1,
which any gRPC service may have.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from inspector.client.endpoint import ADDRESS, Endpoint
from inspector.client.errors import error_of
from inspector.errors import InspectorError
from inspector.types.visible import visible

STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
"""HealthCheckResponse.ServingStatus."""
SERVING = STATES[1]

_FILES = {
    "--root-certificates": "PEM file of whom to trust; implies --tls",
    "--client-certificate": "PEM file of what the server is shown, with --client-key",
    "--client-key": "PEM file of its key",
    "--token-file": "file of the token",
}


def check_health(address: str | Endpoint, *, name: str = "", timeout: float = 5.0) -> str:
    """Return the state of a server ("") or of one of its services or models; SERVING is the good one.

    NotFoundError where the server does not know the name, ServerUnavailableError where nobody answers within
    `timeout` seconds.
    """
    endpoint = Endpoint.parse(address)
    with endpoint.channel() as channel:
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
            raise error_of(error, address=endpoint.address) from None
    return STATES.get(state, STATES[0])


def main() -> int:
    """Ask once, print the state, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m inspector.client.health", description=__doc__)
    parser.add_argument(
        "address",
        nargs="?",
        metavar="HOST:PORT",
        help=f"default: INSPECTOR_SERVER, or {ADDRESS}",
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="default: the whole server")
    parser.add_argument("--tls", action="store_true", help="encrypt, and check the server's certificate")
    for flag, words in _FILES.items():
        parser.add_argument(flag, type=Path, metavar="FILE", help=words)
    parser.add_argument("--server-name", metavar="NAME", help="the name in the server's certificate")
    given = parser.parse_args()
    try:
        state = check_health(_endpoint(given), name=given.name)
    except InspectorError as error:
        sys.stderr.write(f"{visible(error.message)}\n")
        return 1
    sys.stdout.write(f"{state}\n")
    return 0 if state == SERVING else 1


def _endpoint(given: argparse.Namespace) -> Endpoint:
    chosen: dict[str, Any] = {"address": given.address, "token_file": given.token_file}
    return Endpoint.from_environment(
        encrypted=given.tls,
        root_certificates=given.root_certificates,
        certificate=given.client_certificate,
        key=given.client_key,
        server_name=given.server_name,
        **{name: value for name, value in chosen.items() if value},
    )


if __name__ == "__main__":
    sys.exit(main())
