"""Serve the tools over standard input, from the models of a folder and small data.

The process of `test_server.py`: `python tests/agents/served.py FOLDER`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from econnet.cli.agents.answers import Answers
from econnet.cli.agents.server import make_server
from econnet.core.workspace import Workspace
from econnet.forecast.stored_answers import StoredAnswers
from tests.agents.small import small_data
from tests.light import light_forecaster

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    stored = StoredAnswers(Workspace(folder, folder), small_data())
    with light_forecaster():
        make_server(Answers(stored)).run()
