"""Machines whose driver or GPUs are of no use, played by the CUDA emulation."""

import json

from plugin_test import PluginTest, main
from support import OK


class Machines(PluginTest):
    def check_machine(self, profile, reason):
        self.check_absent(reason, RITZ_PLUGIN_PATH=self.path("RITZ_EMULATED"), EMU_PROFILE=profile)

    def test_no_driver(self):
        self.check_machine("no-driver", "there is no NVIDIA driver")

    def test_old_driver(self):
        self.check_machine("old-driver", r"the NVIDIA driver is too old: it supports CUDA \d+\.\d "
                           r"and Ritz was built with CUDA \d+\.\d; update the driver")

    def test_stub_driver(self):
        self.check_machine("stub", "the CUDA toolkit's stub stands in for the driver")

    def test_no_gpu(self):
        self.check_machine("none", "the driver finds no GPU")

    def test_all_unusable(self):
        environment = {"RITZ_PLUGIN_PATH": self.path("RITZ_EMULATED"), "EMU_PROFILE": "unusable"}
        self.check_absent(r"\(cuda\w+\)", **environment)
        # Every GPU was tried, and each has its sentence.
        _, lines = self.devices(environment)
        self.assertLessEqual({"cuda:0", "cuda:1", "cpu"}, set(lines))

    def test_two_gpus(self):
        environment = {"RITZ_PLUGIN_PATH": self.path("RITZ_EMULATED"), "EMU_DEVICES": "2"}
        default, lines = self.devices(environment)
        self.assertEqual(default, "cuda:0")
        self.assertEqual(lines["cuda:0"], "available")
        report = self.report("info", environment=environment)
        self.assertEqual([device["kind"] for device in report["devices"]], ["cpu", "cuda", "cuda"])
        self.assertEqual([device["index"] for device in report["devices"]], [0, 0, 1])
        done = self.run_ritz("info", "--json", environment={**environment, "RITZ_DEVICE": "cuda:2"})
        self.assertEqual(done.returncode, OK)
        self.assertIsNone(json.loads(done.stdout)["default_device"])


if __name__ == "__main__":
    main()
