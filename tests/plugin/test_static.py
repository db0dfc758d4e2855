"""A build with the CUDA backend inside the library: no plugin, the same explained fallback."""

import os
import pathlib
import subprocess
import unittest

from plugin_test import PluginTest, driver_is_there, main


class Static(PluginTest):
    def library(self):
        return self.path("RITZ_LIBRARIES", "libritz.so")

    def test_no_plugin_is_built(self):
        self.assertEqual(list(pathlib.Path(os.environ["RITZ_LIBRARIES"]).glob("*cuda*")), [])

    def test_library_needs_cuda(self):
        done = subprocess.run(["ldd", self.library()], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"libcublas\.so\.\d+ => /")
        self.assertRegex(done.stdout, r"libcusolver\.so\.\d+ => /")

    def test_exports_nothing_of_cuda(self):
        done = subprocess.run(["nm", "-D", "--defined-only", self.library()], capture_output=True,
                              text=True, check=True)
        names = [line.split()[-1] for line in done.stdout.splitlines()]
        self.assertIn("ritz_gemm", names)
        self.assertEqual([name for name in names if "cuda" in name or "backend" in name], [])

    @unittest.skipIf(driver_is_there(), "this machine has an NVIDIA driver")
    def test_without_driver(self):
        self.check_absent("there is no NVIDIA driver")


if __name__ == "__main__":
    main()
