"""Input that cannot be used: each case has a message that names what is wrong."""

import gzip
import os
import struct

import numpy as np

from support import FAILED, CommandTest, main


class BadInput(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = np.random.default_rng(1).standard_normal((40, 6))
        self.save("good.npy", self.data)

    def refuse_pca(self, pattern, *arguments):
        """The fit fails, and leaves no directory behind."""
        message = self.refuse(FAILED, pattern, "pca", *arguments, "--out", "out")
        self.assertNotIn("out", self.names())
        return message

    def write(self, name, content):
        (self.directory / name).write_bytes(content)
        return name


class Files(BadInput):
    def test_missing(self):
        self.refuse_pca("none.npy.*: No such file", "none.npy")
        self.refuse_pca("none.npy.*: No such file", "good.npy", "none.npy")

    def test_directory(self):
        os.mkdir(self.directory / "folder")
        self.refuse_pca("folder", "folder")

    def test_empty(self):
        self.refuse_pca("empty.npy.*empty", self.write("empty.npy", b""))

    def test_neither_format(self):
        self.refuse_pca("text.npy", self.write("text.npy", b"no numbers\nin this\nfile\n"))

    def test_truncated(self):
        whole = (self.directory / "good.npy").read_bytes()
        self.refuse_pca("cut.npy", self.write("cut.npy", whole[:-8]))
        packed = gzip.compress(whole)
        for length in (len(packed) // 2, len(packed) - 4, 12):
            self.refuse_pca("cut.npy.gz", self.write("cut.npy.gz", packed[:length]))

    def test_lying_header(self):
        header = struct.pack(">BBBBII", 0, 0, 8, 2, 2**31, 2**31)
        self.refuse_pca("huge", self.write("huge", header + bytes(100)))

    def test_columns_differ_between_files(self):
        self.save("wider.npy", np.ones((40, 7)))
        self.refuse_pca("wider.npy.*7.*6|6.*7", "good.npy", "wider.npy")

    def test_complex_numbers(self):
        self.refuse_pca("complex", self.save("complex.npy", self.data.astype(complex)))


class Data(BadInput):
    def test_not_finite_names_the_row(self):
        for bad in (np.nan, np.inf, -np.inf):
            for method in ("auto", "covariance", "randomized", "exact", "dual"):
                with self.subTest(value=bad, method=method):
                    data = self.data.copy()
                    data[29, 3] = bad
                    data[33, 0] = bad
                    self.save("bad.npy", data)
                    self.refuse_pca(r"\b29\b", "bad.npy", "-k", 2, "--method", method)

    def test_too_many_components(self):
        self.refuse_pca(r"\b7\b.*\b6\b", "good.npy", "-k", 7)
        self.save("short.npy", self.data[:3])
        self.refuse_pca(r"\b4\b.*\b3\b", "short.npy", "-k", 4)

    def test_one_row(self):
        self.refuse_pca("row", self.save("one.npy", self.data[:1]))

    def test_no_rows_or_columns(self):
        self.refuse_pca("row", self.save("none.npy", self.data[:0]))
        self.refuse_pca("column", self.save("narrow.npy", self.data[:, :0]))


class Devices(BadInput):
    def test_gpu_that_is_not_there(self):
        message = self.refuse_pca("cuda", "good.npy", "--device", "cuda:99")
        self.assertGreater(len(message), len("ritz: cuda:99\n"))


class Labels(BadInput):
    def labels(self, *values):
        return self.save("labels.npy", np.array(values))

    def test_number_differs(self):
        for count in (39, 41, 0):
            self.refuse_pca(f"{count} labels for 40 rows", "good.npy", "--labels",
                            self.save("labels.npy", np.zeros(count, dtype=int)))

    def test_numbers_of_files_add_up(self):
        self.save("first.npy", np.zeros(30, dtype=int))
        self.refuse_pca("60 labels for 40 rows", "good.npy", "--labels", "first.npy", "--labels",
                        "first.npy")

    def test_not_whole(self):
        for bad in (0.5, np.nan, np.inf):
            self.refuse_pca("labels.npy: label 2", "good.npy", "--labels",
                            self.labels(1.0, 2.0, bad))

    def test_not_a_vector(self):
        self.refuse_pca("labels.npy is 2 x 2", "good.npy", "--labels",
                        self.labels([1, 2], [3, 4]))

    def test_missing(self):
        self.refuse_pca("none.npy.*: No such file", "good.npy", "--labels", "none.npy")


if __name__ == "__main__":
    main()
