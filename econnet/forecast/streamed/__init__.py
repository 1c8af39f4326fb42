"""Panels larger than memory: Parquet files, trained on block by block.

In the order of the work: `files` (the panel), `recipe` (features as SQL), `preparing`
(their working files), `survey`, `scaling`, `training`, `judging` (the holdout) and
`scores`; `answer` is the use case.
"""
