"""More data than memory: a long panel in Parquet, learned from as a stream.

Read in this order: `files`, `recipe`, `survey`, `training`, `judging`, `scores`;
`answer` is the use case.
"""
