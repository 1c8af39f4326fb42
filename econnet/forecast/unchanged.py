"""The state of data, software and day in which something was computed.

While it stays the same, computing again would give the same bits, so what is on disk
can be used. Nothing is used if plugins are installed, since their code may change
without their version.
"""

from dataclasses import dataclass, fields
from datetime import date

from econnet.core import plugins
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data import load
from econnet.data.sources.observations import Dataset
from econnet.forecast import provenance


@dataclass(frozen=True)
class State:
    """What an answer to a request depends on, besides models and the forecast log.

    Parameters
    ----------
    data, software
        Digests of store and snapshot, and of versions, code and processor.
    until
        The first day on which other values of the same data may be used, `None` if that
        day never comes.
    """

    request: TaskRequest
    data: str
    software: str
    made_on: date
    until: date | None

    @classmethod
    def of(
        cls, request: TaskRequest, known: Dataset, until: date | None
    ) -> "State | None":
        """Return the state now; `None` if answers to the request are not kept.

        They are kept only from econnet's own data as they are now: no dataset that was
        changed after reading, no user's file and no past `as_of`.
        """
        if not known.digest or not is_kept(request):
            return None
        software = provenance.software()
        return cls(plain(request), known.digest, software, date.today(), until)

    def fits(self, request: TaskRequest, workspace: Workspace) -> bool:
        """Return whether computing the answer now would give it again."""
        return (
            is_kept(request)
            and self.request == plain(request)
            and self.made_on <= date.today() < (self.until or date.max)
            and self.software == provenance.software()
            and self.data == load.digest(workspace)
        )


def is_kept(request: TaskRequest) -> bool:
    """Return whether answers to a request are kept at all."""
    return request.as_of is None and not plugins.versions()


def plain(request: TaskRequest) -> TaskRequest:
    """Return the request without the options of the command line.

    A request with a frequency leaves nothing open: what it does not name has defaults.
    """
    if request.frequency is not None:
        request = request.at_frequency(request.frequency)
    return TaskRequest(
        **{f.name: getattr(request, f.name) for f in fields(TaskRequest)}
    )
