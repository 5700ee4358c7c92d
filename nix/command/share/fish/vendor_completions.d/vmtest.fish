# Read by fish at the first completion of `vmtest`.
vmtest completion fish 2>/dev/null | source
