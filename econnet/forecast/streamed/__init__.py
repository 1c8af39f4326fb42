"""Panels larger than memory: Parquet files, trained on block by block.

In the order of the work: `parquet_panel`, `features`, `feature_blocks`, `survey` and
`scaling`, `training`, `holdout` and `scores`; `forecast` is the use case. It imports
everything below `forecast/`, and nothing of `report/` and `cli/`.
"""
