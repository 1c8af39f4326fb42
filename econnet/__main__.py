"""Makes `python -m econnet` run the command line."""

import sys
from pathlib import Path

# `python -m` puts the working folder first on the path. Its files are data: a module
# there must not replace one of Python or of a library.
if not sys.flags.safe_path and Path(sys.path[0]) != Path(__file__).parents[1]:
    del sys.path[0]

from econnet.cli import main

if __name__ == "__main__":
    main()
