"""`python -m pipeline` is `union-pipeline`."""

from pipeline.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
