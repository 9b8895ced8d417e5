"""Where the frozen program begins: the box, or one Python program of the box's own, walled in."""

import gc
import sys

SCRIPT = "--run-script"  # as renderio_box/bundle.py says it, which must not be loaded for it


def run_script(path: str, *words: str) -> None:
    """Run a Python program with Python's own library, as an installed Python would."""
    import runpy  # noqa: PLC0415 - the box itself has no need of it

    sys.argv = [path, *words]
    runpy.run_path(path, run_name="__main__")


def main() -> None:
    """Do what the arguments say."""
    if sys.argv[1:2] == [SCRIPT]:
        run_script(*sys.argv[2:])
        return
    gc.disable()  # nothing that is loaded goes away: looking for it takes a tenth of the time
    from renderio_box.cli.main import main as run_box  # noqa: PLC0415 - only the box needs it

    gc.enable()
    run_box()


if __name__ == "__main__":
    main()
