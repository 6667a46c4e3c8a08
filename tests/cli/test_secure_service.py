"""A server that wants to know who calls, from the shell: how it starts, and how it is spoken to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_USAGE
from tests.support.certificates import Authority
from tests.support.command import Command, serving
from tests.support.toys import toy_cnn


def test_with_tls_certificates_and_tokens(
    inspector: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, "authority")
    own, mine = authority.issue("server"), authority.issue("client")
    callers, model = tmp_path / "callers", tmp_path / "toy.onnx"
    model.write_bytes(toy_cnn())
    token = inspector("token", "new", "ann", "--role", "inspect", "--file", callers).out.strip()
    (tmp_path / "token").write_text(token)
    files = {
        "TLS_CERTIFICATE": own.certificate,
        "TLS_PRIVATE_KEY": own.key,
        "TLS_CLIENT_CA": authority.root,
        "TOKENS_FILE": callers,
    }
    for name, path in files.items():
        monkeypatch.setenv(f"INSPECTOR_{name}", str(path))
    with serving(tmp_path / "models", "--address", "0.0.0.0:0") as (process, line):
        assert line.startswith("serving on "), process.stderr and process.stderr.read()
        port = line.strip().rpartition(":")[2]
        reach = (
            "--server",
            f"localhost:{port}",
            "--root-certificates",
            authority.root,
            "--server-name",
            "127.0.0.1",
        )
        shown = ("--client-certificate", mine.certificate, "--client-key", mine.key)
        assert inspector("upload", model, *reach, *shown, "--token", token).code == 0
        listed = inspector("models", *reach, *shown, "--token-file", tmp_path / "token")
        assert "toy" in listed.out, listed.err
        refused = inspector("models", *reach, *shown)
        assert refused.code == EXIT_USAGE
        assert "wants to know who calls" in refused.err
        # The probe of a container knows its server by the certificate itself, and tells no secret.
        probe = [sys.executable, "-m", "inspector.client.health", f"localhost:{port}"]
        certificates = (*shown, "--root-certificates", own.certificate, "--server-name", "127.0.0.1")
        told = subprocess.run(
            [*probe, *map(str, certificates)], capture_output=True, text=True, timeout=60, check=False
        )
        assert (told.returncode, told.stdout) == (0, "SERVING\n"), told.stderr
        inspector("token", "revoke", "ann", "--file", callers)
        gone = inspector("models", *reach, *shown, "--token", token)
        assert gone.code == EXIT_USAGE
        assert "(TOKEN_UNKNOWN)" in gone.err


def test_without_them_it_does_not_leave_the_loopback(inspector: Command, tmp_path: Path) -> None:
    found = inspector("serve", "--repository", tmp_path / "models", "--address", "0.0.0.0:0")
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert found.err.count("\n") == 1
    assert "(INSECURE_ADDRESS)" in found.err
    assert not (tmp_path / "models").exists()
    options = ("--address", "0.0.0.0:0", "--insecure")
    with serving(tmp_path / "models", *options) as (_, line):
        assert line.startswith("serving on 0.0.0.0:")
