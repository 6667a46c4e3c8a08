"""The judge of the attacks, with planted faults: what it does not see, no probe would find."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.attacks import server as server_module
from benchmarks.attacks.probe import Finding, Probe, Scene, load_probes
from benchmarks.attacks.report import markdown, put_into
from benchmarks.attacks.running import run
from benchmarks.attacks.wire import Answer
from benchmarks.load.soak import Look, grown


def planted(act: Callable[[Scene], None]) -> Probe:
    return Probe(
        name="planted",
        kind="planted",
        does="what the test says",
        run=act,
        settings={},
        environment={},
        descriptors=None,
        memory=2 << 30,
        slow=1_000,
        ends=False,
    )


@pytest.mark.slow
def test_a_probe_that_does_nothing_passes() -> None:
    finding = run(planted(lambda scene: scene.tell("nothing was done")))
    assert finding.failures == []
    assert finding.meanwhile is not None
    assert finding.meanwhile.calls > 10
    assert finding.peak > 0


@pytest.mark.slow
def test_a_server_that_ends_is_seen() -> None:
    finding = run(planted(lambda scene: os.kill(scene.server.process.pid, signal.SIGKILL)))
    assert any("the server ended" in words for words in finding.failures)
    assert any("a bystander's call failed" in words for words in finding.failures)


@pytest.mark.slow
def test_a_server_that_answers_nobody_for_a_while_is_seen() -> None:
    def stop(scene: Scene) -> None:
        os.kill(scene.server.process.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(scene.server.process.pid, signal.SIGCONT)

    finding = run(planted(stop))
    assert any("a bystander's call took" in words for words in finding.failures)


@pytest.mark.slow
def test_a_server_that_takes_too_much_memory_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def grow(scene: Scene) -> None:
        monkeypatch.setattr(server_module, "MOST_BYTES", 10 << 20)
        time.sleep(1)

    finding = run(planted(grow))
    assert any("killed here" in words for words in finding.failures)


def test_a_probe_that_breaks_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no server")

    monkeypatch.setattr("benchmarks.attacks.running.ServerProcess", refuse)
    assert run(planted(lambda scene: None)).failures == ["no server"]


@pytest.mark.parametrize(
    ("answer", "fails"),
    [
        (Answer("INVALID_ARGUMENT", "INVALID_INPUT", "x", "", 0.1), False),
        (Answer("OK", "", "", "", 0.1), True),
        (Answer("INTERNAL", "BUG", "", "", 0.1), True),
        (Answer("INVALID_ARGUMENT", "BUG", "", "", 0.1), True),
        (Answer("INVALID_ARGUMENT", "INVALID_INPUT", "", "", 9), True),
    ],
)
def test_an_answer_is_judged(answer: Answer, *, fails: bool) -> None:
    finding = Finding("planted", "planted", "")
    scene = Scene(server=None, finding=finding)  # type: ignore[arg-type]
    scene.refused("a call", answer, within=5)
    assert bool(finding.failures) is fails


def test_memory_and_descriptors_that_grow_are_seen() -> None:
    flat = [Look(minute, 1000, 50, 9) for minute in range(40)]
    leaking = [Look(minute, 1000 + 10 * minute, 50 + minute, 9) for minute in range(40)]
    assert grown(flat) == (0, 0)
    memory, descriptors = grown(leaking)
    assert memory > 0.05
    assert descriptors == 10


def test_the_table_has_every_finding_and_its_failures(tmp_path: Path) -> None:
    findings = [
        Finding("a", "kind", "does | this", answers=["OK"]),
        Finding("b", "kind", "that", failures=["why"]),
    ]
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- attacks: begin -->\nold\n<!-- attacks: end -->\nafter\n")
    put_into(page, findings)
    put_into(page, findings)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert markdown(findings) in text
    assert "does \\| this" in text
    assert "**b**: why" in text
    assert "old" not in text


def test_every_probe_says_what_it_does() -> None:
    probes = load_probes()
    assert len(probes) > 25
    assert all(probe.does and probe.kind for probe in probes.values())
