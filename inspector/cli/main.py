"""`inspector`: one verb per file; this one joins them and turns errors into exit codes."""

from __future__ import annotations

import sys
import traceback

from inspector.errors import CancelledError, InspectorError, InvalidModelError, LimitExceededError, UserError
from inspector.extras import engine_required

with engine_required():
    import typer

    from inspector.cli.attribute import attribute
    from inspector.cli.features import features
    from inspector.cli.layers import layers
    from inspector.cli.methods import methods
    from inspector.cli.neighbors import neighbors
    from inspector.cli.occlude import occlude
    from inspector.cli.output import complain
    from inspector.cli.pca import pca
    from inspector.cli.predict import predict
    from inspector.cli.rectifiers import rectifiers
    from inspector.cli.serve import serve

EXIT_USAGE = 2  # as the option parser's own
EXIT_MODEL = 3
EXIT_INTERNAL = 4
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="inspector",
    help="Look inside exported CNNs. Exit codes: 0 done, 2 wrong usage or input, 3 the model cannot be loaded, "
    "4 the service cannot be reached or an internal error, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (serve, layers, rectifiers, methods, predict, attribute, occlude, features, neighbors, pca):
    app.command()(verb)


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except InspectorError as error:
        complain(error)
        sys.exit(_exit_code(error))
    except Exception:  # noqa: BLE001 — a bug of ours; a script learns of it by the exit code
        traceback.print_exc()
        sys.exit(EXIT_INTERNAL)


def _exit_code(error: InspectorError) -> int:
    if isinstance(error, InvalidModelError | LimitExceededError) or error.reason == "MODEL_NOT_FOUND":
        return EXIT_MODEL
    if isinstance(error, CancelledError):
        return EXIT_INTERRUPTED
    return EXIT_USAGE if isinstance(error, UserError) else EXIT_INTERNAL


if __name__ == "__main__":
    main()
