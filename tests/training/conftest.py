from compiled import graphs_run_as_they_are, really_compiled  # noqa: F401
