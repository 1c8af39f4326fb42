"""`econnet forecast`: the answer in a few lines, or as one JSON document."""

from econnet.cli import show, stream
from econnet.cli.jobs import jobs
from econnet.cli.options import Assumptions, Json, TaskOptions, flat
from econnet.errors import UsageError


@flat
def forecast(
    task: TaskOptions, assumptions: Assumptions = None, json: Json = False
) -> None:
    """Say how likely a contraction is, and how far to trust that.

    Trains first where no model fits, and says so.

    Example: econnet forecast --country DEU --horizon 2 --json

    Example: econnet forecast --country USA --set unemployment=+1.0
    """
    from econnet import whatif
    from econnet.report import record

    supposed = [whatif.parse(text) for text in assumptions or []]
    if stream.is_asked(task):
        if supposed:
            raise UsageError("--set is not for a panel that is streamed: leave it out")
        streamed = stream.answer(task)
        if json:
            show.as_json(stream.as_json(streamed, task))
        else:
            stream.show(streamed, task)
        return
    asked = jobs(task)
    if len(asked) > 1:
        names = ", ".join(job.country.name for job in asked[:8])
        raise UsageError(
            f"forecast answers for one country, and these are {len(asked)}: give "
            f"--country once ({names})"
        )
    made = asked[0].forecast(assumptions=supposed, outlook=False)
    if json:
        show.as_json(record.to_dict(made))
    else:
        show.verdict(made)
