"""Another caller, in a process of its own: a cheap prediction and a health check, again and again, with their times."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attacks.wire import Stubs, attempt, image
from benchmarks.quantiles import quantile
from inspector.v1.inspection_service_pb2 import PredictRequest

ROOT = Path(__file__).parents[2]
MODEL = "bystander"
_PAUSE = 0.02
_PATIENCE = 20.0


@dataclass(frozen=True)
class Seen:
    """What the bystander saw since it was last asked; milliseconds."""

    calls: int
    failed: int
    why: str
    """The first failure, in words."""
    p50: float
    p99: float
    slowest: float
    health_p50: float
    health_slowest: float


class Bystander:
    """The process, and how it is asked."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.attacks.bystander", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def look(self) -> Seen:
        """Return what it saw since it was last asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Seen(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()


class _Caller:
    def __init__(self, address: str) -> None:
        self._lock = threading.Lock()
        self._address = address
        self._request = PredictRequest(
            model=f"models/{MODEL}", images=[image(np.ones((1, 3, 8, 8), np.float32))]
        )
        self._running: dict[str, float] = {}
        self._forget()
        for ask in (self._predict, self._check):
            threading.Thread(target=self._again, args=(ask,), daemon=True).start()

    def _forget(self) -> None:
        self._times: list[float] = []
        self._health: list[float] = []
        self._failures: list[str] = []

    def _again(self, ask: Any) -> None:
        with Stubs(self._address) as stubs:
            while True:
                self._running[ask.__name__] = time.perf_counter()
                ask(stubs)
                time.sleep(_PAUSE)

    def _predict(self, stubs: Stubs) -> None:
        answer = attempt(stubs.inspection.Predict, self._request, timeout=_PATIENCE)
        with self._lock:
            self._times.append(answer.seconds * 1e3)
            if answer.code != "OK":
                self._failures.append(f"{answer}: {answer.message[:100]}")

    def _check(self, stubs: Stubs) -> None:
        began = time.perf_counter()
        serving = stubs.serving(timeout=_PATIENCE)
        with self._lock:
            self._health.append((time.perf_counter() - began) * 1e3)
            if not serving:
                self._failures.append("health is not SERVING")

    def seen(self) -> dict[str, Any]:
        """Return the figures since the last time."""
        with self._lock:
            now = time.perf_counter()
            late = {name: (now - since) * 1e3 for name, since in self._running.items() if now - since > 1}
            # A call that has not come back is as slow as it is by now.
            times = [*self._times, *[late[name] for name in ("_predict",) if name in late]]
            health = [*self._health, *[late[name] for name in ("_check",) if name in late]]
            failures = self._failures
            self._forget()
        return {
            "calls": len(times) + len(health),
            "failed": len(failures),
            "why": failures[0] if failures else "",
            "p50": quantile(times, 0.5),
            "p99": quantile(times, 0.99),
            "slowest": quantile(times, 1),
            "health_p50": quantile(health, 0.5),
            "health_slowest": quantile(health, 1),
        }


def main() -> None:
    """Call until standard input ends; one line there asks for what was seen."""
    caller = _Caller(sys.argv[1])
    for _ in sys.stdin:
        print(json.dumps(caller.seen()), flush=True)


if __name__ == "__main__":
    main()
