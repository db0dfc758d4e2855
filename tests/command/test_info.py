"""ritz info: devices, libraries, operations."""

import os

from support import CommandTest, main


class Info(CommandTest):
    def cpu(self, report):
        return next(device for device in report["devices"] if device["kind"] == "cpu")

    def test_text(self):
        text = self.succeed("info", environment={"RITZ_DEVICE": "cpu"})
        self.assertRegex(text, r"\Aritz \d+\.\d+\.\d+\n\ncpu \(the default\)\n")
        for label in ("processor", "library", "threads", "memory"):
            self.assertRegex(text, rf"(?m)^  {label} +\S")
        self.assertRegex(text, r"\navailability\n  \S")

    def test_library_is_named_with_flavour(self):
        self.assertRegex(self.cpu(self.report("info"))["library"], r"(?i)openblas.*\d+\.\d+")

    def test_memory_is_that_of_the_machine(self):
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory = self.cpu(self.report("info"))["memory_bytes"]
        self.assertGreater(memory, 0)
        self.assertLessEqual(memory, machine)

    def test_threads_follow_the_environment(self):
        for count in (1, 2):
            report = self.report("info", environment={"OMP_NUM_THREADS": str(count)})
            self.assertLessEqual(self.cpu(report)["threads"], count)

    def test_every_kind_of_device_is_explained(self):
        lines = "\n".join(self.report("info")["availability"]).lower()
        for kind in ("cpu", "cuda"):
            self.assertIn(kind, lines)

    def test_operations(self):
        self.assertNotIn("operations", self.report("info"))
        report = self.report("info", "--ops")
        routes = report["operations"]["cpu"]
        self.assertEqual(routes["gemm"], "native")
        self.assertLessEqual(set(routes.values()), {"native", "composite", "refused"})
        text = self.succeed("info", "--ops")
        for operation, route in routes.items():
            self.assertRegex(text, rf"(?m)^{operation} +{route}")

    def test_works_without_the_default_device(self):
        report = self.report("info", environment={"RITZ_DEVICE": "cuda:999"})
        self.assertIsNone(report["default_device"])
        self.assertTrue(self.cpu(report))
        self.assertIn("no default device", self.succeed("info",
                                                        environment={"RITZ_DEVICE": "cuda:999"}))


if __name__ == "__main__":
    main()
