"""What the tests of the CUDA plugin share."""

import ctypes
import os
import pathlib

import numpy as np

from support import FAILED, CommandTest, main

__all__ = ["PluginTest", "driver_is_there", "main"]


def driver_is_there():
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


class PluginTest(CommandTest):
    def devices(self, environment):
        """What `ritz info` says: the default device, and the sentence on each device."""
        report = self.report("info", environment=environment)
        return report["default_device"], dict(line.split(": ", 1)
                                              for line in report["availability"])

    def check_absent(self, reason, **environment):
        """No GPU, for this reason; "auto" takes the CPU and "cuda" fails with the same reason."""
        default, lines = self.devices(environment)
        self.assertEqual(default, "cpu")
        self.assertRegex(next(text for device, text in lines.items() if device.startswith("cuda")),
                         reason)
        self.assertEqual(lines["cpu"], "available")

        data = np.random.default_rng(1).standard_normal((30, 5))
        self.save("data.npy", data)
        report = self.report("pca", "data.npy", "-k", "2", environment=environment)
        self.assertEqual(report["device"]["kind"], "cpu")
        self.refuse(FAILED, reason, "pca", "data.npy", "-k", "2", "--device", "cuda",
                    environment=environment)

    def path(self, variable, *parts):
        return str(pathlib.Path(os.environ[variable], *parts))
