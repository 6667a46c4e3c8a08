"""python -m demo: start a service, ask it for everything, and write one page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.photographs import read_photographs
from demo.server import running_server
from demo.tour import tour
from inspector.client import Client
from inspector.errors import InspectorError

HERE = Path(__file__).parent


def main() -> int:
    """Run the demo; 0 when the page is written, 2 where the model or the images are not usable."""
    options = _options()
    try:
        photographs = read_photographs(options.images)
        with running_server() as (address, repository), Client(address) as client:
            print(f"the service listens on {address}", flush=True)
            written = tour(client, options.model, photographs, repository=repository)
    except InspectorError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(written.html, encoding="utf-8")
    for sentence in written.missing:
        print(sentence)
    print(f"\nThe page is at {options.output.resolve()}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=HERE / "model" / "demo.onnx", help="an .onnx file, or a folder with one"
    )
    parser.add_argument("--images", type=Path, default=HERE / "photos", help="a folder of photographs")
    parser.add_argument("--output", type=Path, default=Path("out/demo/index.html"), help="the page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
