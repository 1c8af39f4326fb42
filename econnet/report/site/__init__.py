"""The public site: forecasts, the record that cannot be rewritten, and its scores.

It reads forecasts, the forecast log and its own record, and writes one folder that any
web server can serve. It imports the packages below `report` and the pages of `report`.
"""
