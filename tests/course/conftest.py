from small import small  # noqa: F401
