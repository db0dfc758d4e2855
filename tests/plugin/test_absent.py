"""Files that are not the CUDA plugin of this build: each has a sentence of its own."""

from plugin_test import PluginTest, main


class Absent(PluginTest):
    def test_no_plugin(self):
        (self.directory / "empty").mkdir()
        self.check_absent(r"there is no CUDA plugin at \S*empty/libritz_cuda\.so; "
                          "build Ritz with -DRITZ_CUDA=plugin, or set RITZ_PLUGIN_PATH",
                          RITZ_PLUGIN_PATH=str(self.directory / "empty"))

    def test_not_a_library(self):
        (self.directory / "libritz_cuda.so").write_text("not a library\n")
        self.check_absent(r"the CUDA plugin cannot be loaded: .*libritz_cuda\.so",
                          RITZ_PLUGIN_PATH=str(self.directory))

    def test_not_a_plugin(self):
        self.check_absent(r"no_plugin\.so is not a plugin of Ritz: it has no ritz_backend_open",
                          RITZ_PLUGIN_PATH=self.path("RITZ_FAKES", "no_plugin.so"))

    def test_of_another_build(self):
        self.check_absent(r"the CUDA plugin is of another build: its interface is 00000001 "
                          r"\(24 bytes\), this library's [0-9a-f]{8} \(\d+ bytes\)",
                          RITZ_PLUGIN_PATH=self.path("RITZ_FAKES", "other_build.so"))

    def test_refuses(self):
        self.check_absent("this plugin opens for nobody",
                          RITZ_PLUGIN_PATH=self.path("RITZ_FAKES", "refusing.so"))

    def test_library_missing(self):
        self.check_absent(r"the CUDA plugin cannot be loaded: .*libritz_test_absent\.so",
                          RITZ_PLUGIN_PATH=self.path("RITZ_FAKES", "needy.so"))


if __name__ == "__main__":
    main()
