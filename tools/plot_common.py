"""What the plotting scripts share: the look, the title, how a picture is written."""

# SPDX-License-Identifier: Apache-2.0

import argparse
import importlib.util
import json
import os
import sys
import tempfile

# Whether everything is installed is asked before each fit; importing it would take a second.
if sys.argv[1:] == ["--check"]:
    sys.exit(not all(map(importlib.util.find_spec, ("numpy", "matplotlib"))))

import matplotlib  # noqa: E402

matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402  (after the choice of the backend)

INK = "#22303c"
BLUE = "#2c6fbb"
ORANGE = "#d9772b"
GREY = "#8794a0"
TITLE_MOST = 60         # characters of a file name


def argument_parser(description):
    """The arguments of every script."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--results", required=True, help="directory that ritz --out wrote")
    parser.add_argument("--output", required=True, help="the picture: .png, .pdf or .svg")
    return parser


def load_report(directory):
    with open(os.path.join(directory, "report.json"), encoding="utf-8") as file:
        return json.load(file)


def written_files(report, directory):
    """The files of this run; a directory may hold others, of an earlier one."""
    return report["output"]["files"] or os.listdir(directory)


def grouped(number):
    """Digits in groups of three, from five digits on."""
    return f"{number:,}".replace(",", "\u202f") if number >= 10000 else str(number)


def short_name(path):
    name = os.path.basename(path or "")
    return name if len(name) <= TITLE_MOST else name[:TITLE_MOST] + "…"


def scatter_style(count):
    """Points get smaller and fainter as there are more of them."""
    size = min(max(60000 / max(count, 1), 3), 30)
    alpha = min(max(6000 / max(count, 1), 0.3), 0.85)
    return {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": count > 2000}


def new_figure(height, title):
    plt.rcParams.update({
        "font.size": 9.5, "axes.titlesize": 10.5, "axes.edgecolor": GREY,
        "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "axes.axisbelow": True, "grid.color": "#e3e7ea", "grid.linewidth": 0.7,
        "svg.hashsalt": "ritz",
    })
    figure = plt.figure(figsize=(11.5, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    figure.suptitle(title, fontsize=12.5, color=INK)
    return figure


def write_whole(figure, path):
    """The picture appears whole or not at all."""
    suffix = os.path.splitext(path)[1]
    handle, partial = tempfile.mkstemp(suffix=suffix, prefix=".ritz-",
                                       dir=os.path.dirname(path) or ".")
    os.close(handle)
    try:
        figure.savefig(partial, format=suffix[1:].lower(), dpi=150)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(partial, 0o666 & ~umask)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def save(figure, path):
    try:
        write_whole(figure, path)
    except OSError as error:
        sys.exit(f"ritz: {error}")
