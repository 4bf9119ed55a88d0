"""The lock of a run: what its experiment resolved to, as one typed record."""
