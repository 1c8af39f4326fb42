"""`econnet train`: replay history, train, write model and report."""

from econnet.cli import show, stream
from econnet.cli.jobs import jobs
from econnet.cli.options import TaskOptions, flat


@flat
def train(task: TaskOptions) -> None:
    """Replay history, train, and write model and report.

    A pattern (--data 'panel/*.parquet'), a folder or a Parquet file of a million rows
    is streamed, and may be larger than memory.

    Example: econnet train --country DEU --country "United Kingdom"
    """
    from econnet.report import document

    if stream.is_asked(task):
        stream.show(stream.answer(task, retrain=True), task)
        return
    for one in jobs(task):
        made = one.forecast(retrain=True)
        with show.working("Writing the report"):
            written = document.write(made, one.report_folder)
        show.verdict(made)
        show.answer(f"Report: {written[0]}")
