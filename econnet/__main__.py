"""Lets `python -m econnet` do what `econnet` does."""

from econnet.cli import main

if __name__ == "__main__":
    main()
