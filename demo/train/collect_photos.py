"""Fill demo/photos from the images that scikit-image and scikit-learn ship inside their wheels."""

from __future__ import annotations

import argparse
from importlib import resources
from pathlib import Path

from PIL import Image

from demo.train.photographs import PHOTOGRAPHS

PHOTOS = Path(__file__).resolve().parent.parent / "photos"


def collect(folder: Path, *, long_side: int, quality: int) -> None:
    """Write every photograph as `<name>.jpg`, shrunk (never enlarged) to `long_side` pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for photograph in PHOTOGRAPHS:
        package, file_name = photograph.source
        with resources.files(package).joinpath(file_name).open("rb") as stream:
            image = Image.open(stream).convert("RGB")
        image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
        image.save(folder / f"{photograph.name}.jpg", quality=quality, optimize=True)


def main() -> None:
    """Parse the command line and collect the photographs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="folder to write to")
    parser.add_argument("--long-side", type=int, default=600, help="largest width or height, in pixels")
    parser.add_argument("--quality", type=int, default=90, help="JPEG quality")
    arguments = parser.parse_args()
    collect(arguments.photos, long_side=arguments.long_side, quality=arguments.quality)


if __name__ == "__main__":
    main()
