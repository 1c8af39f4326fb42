"""The report as a page of HTML."""

from econnet.report.web.country import as_html

__all__ = ["as_html"]
