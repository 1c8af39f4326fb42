"""The report as a page of HTML."""

from econnet.report.html.country import as_html

__all__ = ["as_html"]
