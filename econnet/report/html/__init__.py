"""The report as a page of HTML, from the figures, wording and tables of the report."""

from econnet.report.html.country import as_html

__all__ = ["as_html"]
