"""`econnet duel`: the network against Keras, PyTorch and scikit-learn."""

from typing import Annotated

from econnet.cli import output
from econnet.cli.jobs import workspace
from econnet.cli.numeric_options import whole_number_option
from econnet.cli.options import Json


def duel(
    updates: Annotated[
        int,
        whole_number_option("Gradient descent steps per framework.", 1),
    ] = 10_000,
    batch_size: Annotated[
        int | None,
        whole_number_option("Rows per batch (default: all 900).", 1),
    ] = None,
    json: Json = False,
) -> None:
    """Compare the network with Keras, PyTorch and scikit-learn.

    The data are two moons. Only installed frameworks are compared; `pip install
    'econnet[duel]'` installs all of them.

    Example: econnet duel --updates 1000
    """
    from econnet.evaluation import duel

    folder = workspace().duel_folder
    with output.working("Training"):
        result = duel.run_duel(
            duel.Work(updates, batch_size),
            progress=lambda name: output.note(f"training {name}"),
        )
    folder.mkdir(parents=True, exist_ok=True)
    duel.draw_duel(result, folder / "duel.png")
    table = result.table()
    if json:
        output.print_json(table.to_dict("records"))
        return
    output.table(
        f"Two moons, {updates:,} updates",
        tuple(map(str, table)),
        [
            tuple(f"{cell:.3g}" if isinstance(cell, float) else cell for cell in row)
            for row in table.itertuples(index=False)
        ],
    )
    output.print_answer(f"Picture: {folder / 'duel.png'}")
