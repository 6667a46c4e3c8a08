"""python -m inspector: the command line."""

from __future__ import annotations

from inspector.cli.main import main

if __name__ == "__main__":
    main()
