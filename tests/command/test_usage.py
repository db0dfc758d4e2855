"""The command line: help, version, and what is refused before any work is done."""

from support import FAILED, USAGE, CommandTest, main

import numpy as np


class Help(CommandTest):
    def test_help_has_examples(self):
        for command in ([], ["pca"], ["svd"], ["cur"], ["lstsq"], ["info"]):
            for option in ("--help", "-h"):
                text = self.succeed(*command, option)
                self.assertTrue(text.startswith("usage: ritz"), text)
                self.assertIn("\nexamples:\n  ritz", text)

    def test_help_needs_no_file_and_wins_over_what_follows(self):
        self.assertIn("usage: ritz pca", self.succeed("pca", "--help", "--no-such-option"))

    def test_version(self):
        for option in ("--version", "-V"):
            self.assertRegex(self.succeed(option), r"\Aritz \d+\.\d+\.\d+\n\Z")


class Usage(CommandTest):
    """Everything here is refused although there is no file: nothing was read."""

    def test_without_command(self):
        self.refuse(USAGE, "a command is missing: pca, svd, cur, lstsq or info")

    def test_unknown_command(self):
        self.refuse(USAGE, "unknown command pac; the commands are pca, svd, cur, lstsq and info",
                    "pac")

    def test_unknown_option_without_command(self):
        self.refuse(USAGE, "unknown option --json", "--json")

    def test_unknown_options(self):
        for command in ("pca", "svd", "cur", "lstsq", "info"):
            hint = f"see ritz {command} --help"
            self.refuse(USAGE, f"option --bogus; {hint}", command, "--bogus")
            self.refuse(USAGE, f"unknown option -x; {hint}", command, "-x")

    def test_ambiguous_option(self):
        self.refuse(USAGE, "ambiguous option --p;", "pca", "x.npy", "--p", "3")

    def test_argument_missing(self):
        self.refuse(USAGE, "-k needs an argument", "pca", "x.npy", "-k")
        self.refuse(USAGE, "--seed needs an argument", "svd", "x.npy", "--seed")

    def test_argument_not_wanted(self):
        self.refuse(USAGE, "--json=yes", "pca", "x.npy", "--json=yes")

    def test_file_missing(self):
        for command in ("pca", "svd", "cur"):
            self.refuse(USAGE, f"a file is missing; see ritz {command} --help", command)
        self.refuse(USAGE, "takes no file", "info", "a.npy")

    def test_numbers(self):
        for command in ("pca", "svd"):
            for option in ("-k", "--components", "--threads", "-t", "--oversampling"):
                for text in ("0", "-1", "x", "1x", "", "1.5", "99999999999999999999"):
                    self.refuse(USAGE, "needs a whole number", command, "x.npy", option, text)
            for option in ("--seed", "--power-iterations"):
                for text in ("-1", "x", "0x10", ""):
                    self.refuse(USAGE, f"{option} needs a whole number", command, "x.npy", option,
                                text)

    def test_fractions(self):
        for text in ("0", "1", "-0.5", "1.5", "nan", "x", "0.5x", ""):
            self.refuse(USAGE, "--variance needs a fraction", "pca", "x.npy", "--variance", text)
            for command in ("pca", "svd", "cur"):
                self.refuse(USAGE, "--tolerance needs a fraction", command, "x.npy",
                            f"--tol={text}")

    def test_choices_are_listed(self):
        self.refuse(USAGE, "auto, covariance, exact, randomized, dual, incremental", "pca", "x.npy",
                    "--method", "magic")
        self.refuse(USAGE, "auto, exact, randomized, krylov, streamed", "svd", "x.npy", "--method",
                    "dual")
        for command in ("pca", "svd"):
            self.refuse(USAGE, "float32, float64", command, "x.npy", "--dtype", "float16")
            for device in ("gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", ""):
                self.refuse(USAGE, "auto, cpu, cuda, cuda:N", command, "x.npy", "-d", device)

    def test_components_or_variance(self):
        choices = ("-k", "2"), ("--variance", "0.5"), ("--tolerance", "0.1")
        for first, second in ((0, 1), (0, 2), (1, 2)):
            self.refuse(USAGE, "give one of them", "pca", "x.npy", *choices[first],
                        *choices[second])

    def test_how_many_is_needed(self):
        for method in ("randomized", "streamed"):
            self.refuse(USAGE, f"--method {method} needs --components or --tolerance", "svd",
                        "x.npy", "--method", method)
        self.refuse(USAGE, "--method krylov needs --components:", "svd", "x.npy", "-m", "krylov")
        self.refuse(USAGE, "--method krylov takes no --tolerance", "svd", "x.npy", "-m", "krylov",
                    "--tol", "0.1")
        self.refuse(USAGE, "needs --components or --tolerance", "cur", "x.npy")

    def test_sizes_of_memory(self):
        for command in ("pca", "svd", "cur"):
            for text in ("0", "-1", "x", "1X", "1KB", "", "nan", "inf"):
                self.refuse(USAGE, "--memory needs a size", command, "x.npy", f"--memory={text}")

    def test_checkpoints(self):
        for text in ("0", "-1", "x", "", "nan", "inf"):
            self.refuse(USAGE, "needs a number of seconds above 0", "pca", "x.npy", "--checkpoint",
                        "state", f"--checkpoint-seconds={text}")
        self.refuse(USAGE, "--checkpoint-seconds needs --checkpoint", "pca", "x.npy",
                    "--checkpoint-seconds", "5")

    def test_picture_formats(self):
        for name in ("x.gif", "png", ".png", "x"):
            self.refuse(USAGE, r"\.png, \.pdf or \.svg", "pca", "x.npy", "--plot", name)

    def test_image_shapes(self):
        for shape in ("28", "28x", "x28", "0x28", "28x28x", "-1x2", "2 8"):
            self.refuse(USAGE, "--image needs a shape", "pca", "x.npy", "--image", shape)

    def test_empty_directory_name(self):
        self.refuse(USAGE, "--out needs the name", "pca", "x.npy", "--out", "")


class Output(CommandTest):
    def test_options_may_follow_files_and_be_abbreviated(self):
        self.save("x.npy", np.random.default_rng(1).standard_normal((20, 5)))
        first = self.report("pca", "x.npy", "--comp", "2", "--meth", "exact")
        second = self.report("pca", "-k2", "-mexact", "x.npy")
        self.assertEqual(first["explained_variance"], second["explained_variance"])

    def test_quiet_prints_nothing(self):
        self.save("x.npy", np.random.default_rng(1).standard_normal((20, 5)))
        for command in ("pca", "svd"):
            for option in ("--quiet", "-q"):
                self.assertEqual(self.succeed(command, "x.npy", option), "")
            self.assertEqual(self.report(command, "x.npy", "-q")["command"], command)

    def test_full_standard_output(self):
        self.save("x.npy", np.random.default_rng(1).standard_normal((20, 5)))
        # Also where a tolerance is not met: the answer is lost.
        for arguments in (["pca", "x.npy"], ["cur", "x.npy", "-k", 1, "--tol", "0.01"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = self.run_ritz(*arguments, stdout=full)
            self.assertEqual(done.returncode, FAILED)
            self.assertRegex(done.stderr, "ritz: cannot write to standard output: No space left")



if __name__ == "__main__":
    main()
