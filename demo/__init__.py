"""The guided run of `make demo`."""
