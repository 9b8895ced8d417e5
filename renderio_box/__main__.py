"""``python -m renderio_box`` is ``renderio-box``."""

from renderio_box.cli.main import main

main()
