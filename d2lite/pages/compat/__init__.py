"""Names that the frameworks have given up since many lessons were written, lent to one process.

This is the one place where d2lite puts something into somebody else's module. It does so only in
the kernel of a page that is run with `--compat`, or where `d2lite.compat()` was called: since the
user asked for it. `table.TABLE` has every name, since when it is gone, and what to write today.
"""
