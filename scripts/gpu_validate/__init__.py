"""What scripts/gpu-validate is made of: Ritz on the GPU of this machine, checked, probed and
timed within a few minutes, without a network and with Python's standard library alone."""
