"""One module per issue; each has PROMISES, a list of Promise."""
