"""The commands of `d2lite`, a file each; d2lite/cli.py puts them together."""
