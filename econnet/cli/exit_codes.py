"""Exit codes besides those of `EconnetError`: 128 plus the number of the signal."""

HUNG_UP, INTERRUPTED, CLOSED_PIPE, TERMINATED = 129, 130, 141, 143
