"""Where a server is, as the environment of a client tells it; what is given wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspector.client import Endpoint, Tls
from inspector.client.endpoint import ADDRESS, VARIABLES
from inspector.service.environment import OTHERS


def test_the_environment_tells_address_and_token() -> None:
    environment = {"INSPECTOR_SERVER": "a:1", "INSPECTOR_TOKEN": "s3cret"}
    assert Endpoint.from_environment(environment) == Endpoint("a:1", token="s3cret")
    assert Endpoint.from_environment(environment, address="b:2") == Endpoint("b:2", token="s3cret")
    assert Endpoint.from_environment({}) == Endpoint(ADDRESS)


def test_the_environment_tells_how_the_server_is_known() -> None:
    files = {"ROOT_CERTIFICATES": "r.pem", "CLIENT_CERTIFICATE": "c.pem", "CLIENT_KEY": "k.pem"}
    environment = {f"INSPECTOR_{name}": path for name, path in files.items()} | {"INSPECTOR_SERVER_NAME": "n"}
    tls: dict[str, Any] = {
        "root_certificates": "r.pem",
        "certificate": "c.pem",
        "key": "k.pem",
        "server_name": "n",
    }
    assert Endpoint.from_environment(environment).tls == Tls(**tls)
    changed = Endpoint.from_environment(environment, root_certificates=Path("other.pem"))
    assert changed.tls == Tls(**tls | {"root_certificates": Path("other.pem")})
    assert Endpoint.from_environment({}, encrypted=True).tls == Tls()
    assert Endpoint.from_environment(environment, tls=None).tls is None
    assert {f"INSPECTOR_{name}" for name in files} <= set(VARIABLES)


def test_a_server_knows_the_variables_of_a_client() -> None:
    assert set(VARIABLES) <= OTHERS


def test_a_token_that_is_given_wins_over_those_of_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("filed")
    environment = {"INSPECTOR_TOKEN": "environment", "INSPECTOR_TOKEN_FILE": str(path)}
    assert Endpoint.from_environment(environment).call_metadata() == (
        ("authorization", "Bearer environment"),
    )
    found = Endpoint.from_environment(environment, token_file=path)
    assert found.call_metadata() == (("authorization", "Bearer filed"),)
    found = Endpoint.from_environment(environment, token="given")
    assert found.call_metadata() == (("authorization", "Bearer given"),)
