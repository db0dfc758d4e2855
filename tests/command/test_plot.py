"""ritz pca --plot: the picture, and what is said when it cannot be drawn."""

import importlib.util
import os
import stat
import unittest

import numpy as np

from support import FAILED, OK, CommandTest, main

MAGIC = {"png": b"\x89PNG\r\n", "pdf": b"%PDF-", "svg": b"<?xml"}


class PlotTest(CommandTest):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(1)
        self.data = generator.standard_normal((150, 36)) * 0.8 ** np.arange(36)
        self.save("data.npy", self.data)
        self.save("labels.npy", np.arange(150) % 3)


@unittest.skipUnless(importlib.util.find_spec("matplotlib"),
                     "matplotlib is not installed (Debian package python3-matplotlib)")
class Drawn(PlotTest):
    def draw(self, *arguments, name="plot.png"):
        self.succeed("pca", "data.npy", "-q", "--plot", name, *arguments)
        return (self.directory / name).read_bytes()

    def pixels(self, *arguments):
        from matplotlib import image
        self.draw(*arguments)
        return image.imread(self.directory / "plot.png")[..., :3]

    def test_formats(self):
        for suffix, magic in MAGIC.items():
            self.assertTrue(self.draw(name=f"plot.{suffix}").startswith(magic))
        self.assertEqual(self.names(), ["data.npy", "labels.npy", "plot.pdf", "plot.png",
                                        "plot.svg"])

    def test_has_all_parts(self):
        text = self.draw("--labels", "labels.npy", name="plot.svg").decode()
        # Matplotlib keeps the text of each label in a comment.
        for label in ("Explained variance, by component", "Cumulative", "Scores of 150 rows",
                      "Components as images"):
            self.assertIn(label, text)
        for label in "012":
            self.assertIn(f"<!-- {label} -->", text)

    def test_labels_colour_the_points(self):
        def colours(*arguments):
            picture = (255 * self.pixels(*arguments)).astype(int)
            return sum((abs(picture - colour).max(axis=2) < 40).any()
                       for colour in ((31, 119, 180), (255, 127, 14), (44, 160, 44)))
        self.save("one.npy", np.zeros(150, dtype=int))
        self.assertEqual(colours("--labels", "labels.npy", "--image", "1x36"), 3)
        self.assertLess(colours("--labels", "one.npy", "--image", "1x36"), 3)

    def test_many_labels(self):
        self.save("many.npy", np.arange(150))
        self.draw("--labels", "many.npy")

    def test_labels_in_parts_and_formats(self):
        self.save("first.npy", np.zeros(100, dtype=np.uint8))
        np.savetxt(self.directory / "second.csv", np.ones(50), fmt="%d")
        self.draw("--labels", "first.npy", "--labels", "second.csv")

    def test_without_scores(self):
        text = self.draw("--no-scores", name="plot.svg").decode()
        self.assertNotIn("Scores of", text)
        self.assertIn("Cumulative", text)

    def test_scores_of_an_earlier_run_are_not_drawn(self):
        self.draw("--out", "out")
        text = self.draw("--out", "out", "--no-scores", name="plot.svg").decode()
        self.assertNotIn("Scores of", text)

    def test_image_shapes(self):
        square = self.pixels().shape
        self.assertEqual(self.pixels("--image", "4x9").shape, square)
        self.save("data.npy", self.data[:, :35])
        self.assertLess(self.pixels().shape[0], square[0])
        self.assertEqual(self.pixels("--image", "5x7").shape, square)

    def test_one_component(self):
        self.draw("-k", 1)

    def test_many_components(self):
        self.save("data.npy", np.random.default_rng(2).standard_normal((150, 100)))
        self.draw("-k", 80)

    def test_report_names_the_picture(self):
        report = self.report("pca", "data.npy", "--plot", "plot.png", "--out", "out")
        self.assertEqual(report["output"]["plot"], "plot.png")
        self.assertIn("Picture     plot.png", self.succeed("pca", "data.npy", "--plot", "plot.png"))

    def test_temporary_files_are_removed(self):
        os.mkdir(self.directory / "tmp")
        self.succeed("pca", "data.npy", "-q", "--plot", "plot.png", "--labels", "labels.npy",
                     environment={"TMPDIR": str(self.directory / "tmp")})
        self.assertEqual(self.names("tmp"), [])


class Refused(PlotTest):
    """Found before the fit: no directory is made, nothing is written."""

    def refuse_plot(self, pattern, *arguments, **keywords):
        before = self.names()
        self.refuse(FAILED, pattern, "pca", "data.npy", "--out", "out", *arguments, **keywords)
        self.assertEqual(self.names(), before)

    def test_matplotlib_is_missing(self):
        python = self.directory / "python-without-matplotlib"
        python.write_text("#!/bin/sh\necho No module named matplotlib >&2\nexit 1\n",
                          encoding="ascii")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        for interpreter in (python, self.directory / "no-such-python"):
            self.refuse_plot("install the Debian package python3-matplotlib", "--plot", "plot.png",
                             environment={"RITZ_PYTHON": str(interpreter)})

    def test_directory_is_missing(self):
        self.refuse_plot("none/plot.png: the directory none: No such file", "--plot",
                         "none/plot.png")

    def test_image_does_not_fit(self):
        self.refuse_plot("--image 5x7 has 35 pixels, but the data has 36 columns", "--plot",
                         "plot.png", "--image", "5x7")

    def test_results_survive_a_picture_that_fails(self):
        python = self.directory / "python-that-fails"
        python.write_text('#!/bin/sh\n[ "$2" = --check ]\n', encoding="ascii")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        done = self.run_ritz("pca", "data.npy", "--out", "out", "--plot", "plot.png",
                             environment={"RITZ_PYTHON": str(python)})
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("ritz: the picture plot.png could not be drawn", done.stderr)
        self.assertIn("scores.npy", self.names("out"))
        self.assertIn("Explained", done.stdout)

    def test_labels_without_a_picture_are_checked_only(self):
        done = self.run_ritz("pca", "data.npy", "-q", "--labels", "labels.npy")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (OK, "", ""))


if __name__ == "__main__":
    main()
