"""Where the work of a command runs, and what of it survives an interruption."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from econnet.cli import show
from econnet.settings import Settings


@contextmanager
def place(cluster: str | None, *, long: bool) -> Iterator[None]:
    """Let the work run on a cluster, if one is named, else on this machine's cores.

    Of long work, and of work on a cluster, every part that is finished is kept in the
    data folder until the whole is; the same command then goes on from there.
    """
    from econnet import compute
    from econnet.runtime.cluster import Cluster
    from econnet.runtime.ledger import Ledger

    ledger = None
    if long or cluster:
        ledger = Ledger(Settings.from_environment().data_folder / "unfinished")
        if kept := ledger.count():
            show.note(f"going on with what was interrupted: {kept:,} parts are done")
    connected = Cluster.connect(cluster) if cluster else nullcontext()
    with connected as where, compute.using(where, ledger):
        yield
    if ledger:
        ledger.forget()
