"""Settings from the environment."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from inspector.errors import InvalidInputError
from inspector.model.checks.limits import Limits
from inspector.service.environment import OTHERS
from inspector.service.settings import Settings

OTHERWISE = {"isolate": "all", "joining": "all"}
"""What is given for settings that take certain words only."""
GIVEN = {bool: "False", str: "text", Path: "/folder", type(None): "/file", int: "7", float: "0.5"}
PACKAGE = Path(__file__).parents[2] / "inspector"


@dataclass(frozen=True, kw_only=True)
class MoreSettings(Settings):
    """What settings to come will be like."""

    require_token: bool = False
    tls_certificate: Path | None = None
    token: SecretStr | None = None
    origins: tuple[str, ...] = ()


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_each_setting_is_read_in_its_own_type(field: Field[Any]) -> None:
    default = getattr(Settings(), field.name)
    text = OTHERWISE.get(field.name) or next(
        text for kind, text in GIVEN.items() if isinstance(default, kind)
    )
    found = getattr(Settings.from_environment({f"INSPECTOR_{field.name.upper()}": text}), field.name)
    assert str(found) == text
    assert type(found) is (type(default) if default is not None else type(Path()))


def test_every_limit_of_models_is_a_setting() -> None:
    """All but the end of protobuf's format: no server can raise that."""
    names = {field.name for field in fields(Limits)} - {"max_protobuf_bytes", "remedy"}
    assert set(Settings().limits) == names
    assert {name for name in names if getattr(Settings(), name) > getattr(Limits(), name)} == set()


def test_other_variables_change_nothing() -> None:
    assert Settings.from_environment({"INSPECTOR": "1", "INSPECTOR_ZOO": "x", "PATH": "y"}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("require_token", "true", True),
        ("require_token", "1", True),
        ("require_token", "No", False),
        ("tls_certificate", "/etc/c.pem", Path("/etc/c.pem")),
        ("token", "s3cret", SecretStr("s3cret")),
        ("origins", '["a", "b"]', ("a", "b")),
    ],
)
def test_booleans_optional_values_secrets_and_lists_are_read(
    name: str, text: str, value: bool | tuple[str, str] | Path | SecretStr
) -> None:
    found = MoreSettings.from_environment({f"INSPECTOR_{name.upper()}": text})
    assert getattr(found, name) == value
    assert type(found) is MoreSettings
    assert found.workers == Settings().workers


def test_what_is_not_set_has_its_default() -> None:
    assert MoreSettings.from_environment({}) == MoreSettings()
    assert MoreSettings().tls_certificate is None


def test_a_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(MoreSettings.from_environment({"INSPECTOR_TOKEN": "s3cret"}))


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("WORKERS", "many", "INSPECTOR_WORKERS is 'many'; it must be a whole number."),
        ("WORKERS", "2.5", "INSPECTOR_WORKERS is '2.5'; it must be a whole number."),
        ("WORKERS", "0", "INSPECTOR_WORKERS is '0'; it must be larger than 0."),
        ("WORKERS", "1000000", "INSPECTOR_WORKERS is '1000000'; it must be at most 1024."),
        ("MAX_MESSAGE_BYTES", "99999999999", "it must be smaller than 2147483648."),
        ("SANDBOX_SECONDS", "1e300", "it must be at most"),
        ("DRAIN_SECONDS", "-1", "INSPECTOR_DRAIN_SECONDS is '-1'; it must be at least 0."),
        ("SANDBOX_SECONDS", "soon", "INSPECTOR_SANDBOX_SECONDS is 'soon'; it must be a number."),
        ("SANDBOX_SECONDS", "nan", "INSPECTOR_SANDBOX_SECONDS is 'nan'; it must be a finite number."),
        ("REQUIRE_TOKEN", "maybe", "INSPECTOR_REQUIRE_TOKEN is 'maybe'; it must be true or false"),
        ("ORIGINS", "a,b", "It must be JSON."),
    ],
)
def test_a_value_that_is_off_is_named_with_what_is_allowed(variable: str, text: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(told)) as caught:
        MoreSettings.from_environment({f"INSPECTOR_{variable}": text})
    assert caught.value.field == (None if variable == "ORIGINS" else variable.lower())


@pytest.mark.parametrize("name", ["WORKERS", "REPOSITORY", "TLS_CERTIFICATE", "TOKEN", "REQUIRE_TOKEN"])
def test_an_empty_variable_is_refused(name: str) -> None:
    """A secret that was not filled in must not open the server."""
    with pytest.raises(InvalidInputError, match=f"INSPECTOR_{name} is ''"):
        MoreSettings.from_environment({f"INSPECTOR_{name}": ""})


def test_an_empty_text_is_one() -> None:
    assert Settings.from_environment({"INSPECTOR_LOAD": ""}).load == ""


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("INSPECTOR_WORKER", "INSPECTOR_WORKERS"),
        ("INSPECTOR_MAX_MODEL", "INSPECTOR_MAX_MODELS"),
        ("INSPECTOR_workers", "INSPECTOR_WORKERS"),
        ("INSPECTOR_TOKENS", "INSPECTOR_TOKEN"),
        ("INSPECTOR_", "INSPECTOR_"),
    ],
)
def test_a_variable_that_nothing_reads_is_refused_with_the_nearest(variable: str, nearest: str) -> None:
    with pytest.raises(InvalidInputError, match=f"no setting {variable}; the nearest is {nearest}") as caught:
        MoreSettings.from_environment({variable: "s3cret"})
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "variable",
    [
        *sorted(OTHERS),
        "INSPECTOR_SERVICE_HOST",
        "INSPECTOR_SERVICE_PORT_GRPC",
        "INSPECTOR_PORT",
        "INSPECTOR_PORT_50051_TCP_ADDR",
        "INSPECTOR_GPU_SERVICE_PORT",
    ],
)
def test_variables_of_other_parts_and_of_the_platform_are_no_mistake(variable: str) -> None:
    assert Settings.from_environment({variable: "tcp://10.0.0.1:50051"}) == Settings()


def test_every_variable_that_the_package_reads_is_known() -> None:
    known = OTHERS | {f"INSPECTOR_{field.name.upper()}" for field in fields(Settings)}
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r'"(INSPECTOR_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8"))
    }
    assert {"INSPECTOR_THREADS", "INSPECTOR_SPINNING"} <= read <= known


def test_what_is_given_wins_over_the_variables() -> None:
    environment = {"INSPECTOR_WORKERS": "many", "INSPECTOR_DEVICE": "cuda", "INSPECTOR_MAX_IMAGES": "5"}
    found = Settings.from_environment(environment, workers=3, device="cpu")
    assert (found.workers, found.device, found.max_images) == (3, "cpu", 5)


def test_what_is_given_is_checked_under_its_own_name() -> None:
    with pytest.raises(InvalidInputError, match="^workers is 0; it must be larger than 0"):
        Settings.from_environment({"INSPECTOR_WORKERS": "4"}, workers=0)


@pytest.mark.parametrize("given", [{"workers": 0}, {"max_images": -1}, {"drain_seconds": -0.5}])
def test_what_must_be_positive_is(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Settings(**given)


@pytest.mark.parametrize("given", [{"workers": "4"}, {"repository": "models"}, {"address": None}])
def test_what_is_made_by_hand_has_its_types(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(InvalidInputError, match=f"^{name} is "):
        Settings(**given)


def test_no_queue_and_no_drain_are_allowed() -> None:
    assert Settings(waiting_per_model=0, drain_seconds=0).waiting_per_model == 0


@pytest.mark.parametrize("module", ["inspector", "inspector.client", "inspector.cli.serve"])
def test_only_a_server_pays_for_its_settings(module: str) -> None:
    costly = "{'inspector.service', 'pydantic_settings'}"
    program = f"import sys, {module}; sys.exit(not {costly}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
