"""`python -m d2lite`: the command `d2lite`, where its script is not on the path."""

from d2lite.cli import main

main()
