"""Sources that answer from memory."""

import io
from collections.abc import Sequence

import requests
from requests.adapters import BaseAdapter


class Canned(BaseAdapter):
    """Answers requests from memory, with the last answer again and again."""

    def __init__(self, bodies: Sequence[bytes], content_type: str) -> None:
        super().__init__()
        self.bodies, self.content_type, self.asked = bodies, content_type, 0

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        """Return the next answer, and break off where too many are asked for."""
        if self.asked == MOST_ANSWERS:
            raise requests.ConnectionError
        response = requests.Response()
        response.status_code, response.url = 200, str(request.url)
        response.headers["Content-Type"] = self.content_type
        response.request, response.raw = request, io.BytesIO()
        response._content = self.bodies[min(self.asked, len(self.bodies) - 1)]  # noqa: SLF001 - as its own tests do
        self.asked += 1
        return response

    def close(self) -> None:
        """Close nothing."""


MOST_ANSWERS = 20
