"""Exit codes besides those of `EconnetError`: 128 plus the number of the signal."""

INTERRUPTED, CLOSED_PIPE, TERMINATED = 130, 141, 143
