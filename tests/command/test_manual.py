"""The man pages say what the command does: the same options, the same JSON keys."""

import re

import numpy as np

from support import SOURCE, CommandTest, main

PAGE = "".join((SOURCE / "docs/man" / name).read_text(encoding="utf-8")
               for name in ("ritz.1", "ritz-lstsq.1"))


def section(heading):
    """The text of a subsection of one of the pages."""
    match = re.search(rf'^\.Ss {heading}$(.*?)(?=^\.S[sh] )', PAGE, re.MULTILINE | re.DOTALL)
    assert match, heading
    return match.group(1)


def documented_keys(command):
    return set(re.findall(r"^\.It Va (\S+)", section(f"JSON of {command}"), re.MULTILINE))


def documented_options(*headings):
    text = "".join(map(section, headings)).replace("\\-", "-")
    items = re.findall(r"^\.It Fl (.*)$", text, re.MULTILINE)
    return {word for item in items for word in re.findall(r"(?:^|, Fl )(-?[\w-]+)", item)}


def helped_options(text):
    """The options that --help lists: names without the first dash, as in the page."""
    return set(re.findall(r"(?:^  |, |^      )-(-[a-z][a-z-]+|[a-zA-Z])\b", text, re.MULTILINE))


def paths(value, prefix=""):
    """The keys of an object as dotted paths; an array of objects gives `name[]`."""
    for key, item in value.items():
        path = f"{prefix}{key}"
        if isinstance(item, dict) and path != "operations":
            yield from paths(item, f"{path}.")
            continue
        yield path
        if isinstance(item, list) and item and isinstance(item[0], dict):
            for element in item:
                yield from paths(element, f"{path}[].")


class Keys(CommandTest):
    def setUp(self):
        super().setUp()
        self.save("data.npy", np.random.default_rng(1).standard_normal((50, 12)))

    def test_pca(self):
        for options in ([], ["--no-scores"], ["--out", "out"], ["--method", "randomized"]):
            report = self.report("pca", "data.npy", "-k", 2, *options)
            self.assertEqual(set(paths(report)), documented_keys("pca"))

    def test_svd(self):
        for options in ([], ["--out", "out"], ["-k", "2"]):
            report = self.report("svd", "data.npy", *options)
            self.assertEqual(set(paths(report)), documented_keys("svd"))

    def test_cur(self):
        for options in ([], ["--out", "out"]):
            report = self.report("cur", "data.npy", "-k", 3, *options)
            self.assertEqual(set(paths(report)), documented_keys("cur"))

    def test_lstsq(self):
        self.save("y.npy", np.arange(50.0))
        for options in ([], ["--no-intercept"], ["--ridge-path"], ["--method", "tsqr"]):
            report = self.report("lstsq", "data.npy", "y.npy", *options)
            self.assertEqual(set(paths(report)), documented_keys("lstsq"))

    def test_info(self):
        self.assertEqual(set(paths(self.report("info", "--ops"))), documented_keys("info"))


class Options(CommandTest):
    def test_pca(self):
        self.assertEqual(helped_options(self.succeed("pca", "--help")),
                         documented_options("Options of pca, svd and cur", "Options of pca and svd",
                                            "Options of pca"))

    def test_svd(self):
        self.assertEqual(helped_options(self.succeed("svd", "--help")),
                         documented_options("Options of pca, svd and cur",
                                            "Options of pca and svd"))

    def test_cur(self):
        self.assertEqual(helped_options(self.succeed("cur", "--help")),
                         documented_options("Options of pca, svd and cur"))

    def test_lstsq(self):
        self.assertEqual(helped_options(self.succeed("lstsq", "--help")),
                         documented_options("Options of lstsq"))

    def test_info(self):
        self.assertEqual(helped_options(self.succeed("info", "--help")),
                         documented_options("Options of info"))

    def test_files_are_documented(self):
        self.save("data.npy", np.random.default_rng(1).standard_normal((50, 12)))
        for command in ("pca", "svd", "cur"):
            self.succeed(command, "data.npy", "-k", 4, "-q", "--out", command)
            for name in self.names(command):
                self.assertIn(f".It Pa {name}\n", PAGE)
        self.succeed("lstsq", "data.npy", "data.npy", "-q", "--out", "lstsq", "--residuals",
                     "--predict", "data.npy", "--ridge-path")
        for name in self.names("lstsq"):
            self.assertRegex(PAGE, rf"(?m)^\.It Pa ([a-z_.]+ , )*{re.escape(name)}( ,|$)")


if __name__ == "__main__":
    main()
