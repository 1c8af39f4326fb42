"""Exit codes beside those of `EconnetError`: 128 and the number of the signal."""

INTERRUPTED, CLOSED_PIPE, TERMINATED = 130, 141, 143
