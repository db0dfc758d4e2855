"""The plugin as nvcc built it, on a machine without a driver: found, loaded, explained."""

import os
import subprocess
import unittest

from plugin_test import PluginTest, driver_is_there, main


class Plugin(PluginTest):
    def test_exports_one_function(self):
        done = subprocess.run(["nm", "-D", "--defined-only", self.path("RITZ_LIBRARIES",
                                                                       "libritz_cuda.so")],
                              capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[-1] for line in done.stdout.splitlines()],
                         ["ritz_backend_open"])

    def test_needs_no_cxx_runtime(self):
        done = subprocess.run(["ldd", self.path("RITZ_LIBRARIES", "libritz_cuda.so")],
                              capture_output=True, text=True, check=True)
        self.assertNotIn("not found", done.stdout)
        direct = subprocess.run(["readelf", "-d", self.path("RITZ_LIBRARIES", "libritz_cuda.so")],
                                capture_output=True, text=True, check=True).stdout
        needed = [line.split("[")[1].rstrip("]") for line in direct.splitlines()
                  if "(NEEDED)" in line]
        self.assertTrue(any(name.startswith("libcublas.so.") for name in needed), needed)
        for name in needed:
            self.assertNotRegex(name, "stdc|cudart|ritz")


@unittest.skipIf(driver_is_there(), "this machine has an NVIDIA driver")
class WithoutDriver(PluginTest):
    def test_not_loaded_in_vain(self):
        """Beside libritz, the plugin is not even opened where there is no driver."""
        self.assertTrue(os.path.exists(self.path("RITZ_LIBRARIES", "libritz_cuda.so")))
        self.check_absent(r"there is no NVIDIA driver \(libcuda\.so\.1 cannot be loaded\)")

    def test_loads(self):
        """Named, it is opened with all CUDA libraries, and its own probe answers."""
        self.check_absent(r"there is no NVIDIA driver(?! \(libcuda)",
                          RITZ_PLUGIN_PATH=self.path("RITZ_LIBRARIES"))


if __name__ == "__main__":
    main()
