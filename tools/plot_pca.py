#!/usr/bin/python3
"""Draws the picture of `ritz pca --plot`: variances, scores, components.

Reads the files that `ritz pca --out` writes. Run by ritz, and usable by hand:

    plot_pca.py --results DIR --output pca.png [--labels labels.npy] [--image 28x28]
    plot_pca.py --check     # succeeds if everything is installed
"""

# SPDX-License-Identifier: Apache-2.0

import argparse
import importlib.util
import json
import math
import os
import sys
import tempfile

# Whether everything is installed is asked before each fit; importing it would take a second.
if sys.argv[1:] == ["--check"]:
    sys.exit(not all(map(importlib.util.find_spec, ("numpy", "matplotlib"))))

import matplotlib  # noqa: E402

matplotlib.use("Agg")

import numpy as np  # noqa: E402  (after the choice of the backend)
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import MaxNLocator, PercentFormatter  # noqa: E402

INK = "#22303c"
BLUE = "#2c6fbb"
ORANGE = "#d9772b"
IMAGES_MOST = 10        # components drawn as images
IMAGE_PIXELS_LEAST = 16  # a square of fewer pixels is no image
CLASSES_MOST = 20       # more distinct labels get a colour scale instead of a legend
TITLE_MOST = 60         # characters of a file name


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True, help="directory that ritz pca --out wrote")
    parser.add_argument("--output", required=True, help="the picture: .png, .pdf or .svg")
    parser.add_argument("--labels", help=".npy file with a whole number for each row")
    parser.add_argument("--image", help="shape of a component as an image, such as 28x28")
    return parser.parse_args()


class Results:
    """The files of one run; scores only if this run wrote them."""

    def __init__(self, directory, labels):
        with open(os.path.join(directory, "report.json"), encoding="utf-8") as file:
            self.report = json.load(file)
        self.components = np.load(os.path.join(directory, "components.npy"), mmap_mode="r")
        self.scores = None
        if "scores.npy" in self.files(directory):
            self.scores = np.load(os.path.join(directory, "scores.npy"), mmap_mode="r")
        self.labels = None if labels is None else np.load(labels).ravel().astype(np.int64)

    def files(self, directory):
        written = self.report["output"]["files"]
        return written if written else os.listdir(directory)


def grouped(number):
    """Digits in groups of three, from five digits on."""
    return f"{number:,}".replace(",", "\u202f") if number >= 10000 else str(number)


def image_shape(text, pixels):
    """Rows and columns of a component as an image, or None."""
    if text:
        rows, cols = text.split("x")
        return int(rows), int(cols)
    side = math.isqrt(pixels)
    if side * side == pixels and pixels >= IMAGE_PIXELS_LEAST:
        return side, side
    return None


def draw_scree(axes, report):
    ratios = np.array(report["explained_variance_ratio"])
    index = np.arange(1, len(ratios) + 1)
    if len(ratios) <= 60:
        axes.bar(index, ratios, width=0.8, color=BLUE)
    else:
        axes.fill_between(index, ratios, step="mid", color=BLUE)
    axes.set_title("Explained variance, by component")
    axes.set_ylim(bottom=0)
    axes.tick_params(labelbottom=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if ratios[0] > 0.1 else None))


def draw_cumulative(axes, report):
    cumulative = np.array(report["cumulative_ratio"])
    index = np.arange(1, len(cumulative) + 1)
    few = len(cumulative) <= 60
    axes.plot(index, cumulative, color=ORANGE, marker="o" if few else None, markersize=3.5)
    axes.annotate(f"{cumulative[-1]:.1%}", (index[-1], cumulative[-1]), (-4, -6),
                  textcoords="offset points", ha="right", va="top", color=INK)
    axes.set_title("Cumulative")
    axes.set_xlabel("component")
    axes.set_ylim(0, 1.04)
    axes.set_xlim(0.4, len(index) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def scatter_style(count):
    """Points get smaller and fainter as there are more of them."""
    return {"s": float(np.clip(60000 / count, 3, 30)),
            "alpha": float(np.clip(6000 / count, 0.3, 0.85)),
            "linewidths": 0, "rasterized": count > 2000}


def draw_classes(axes, x, y, labels, classes):
    """One colour a class. In a random order, so that no class hides the others."""
    colours = plt.get_cmap("tab10" if len(classes) <= 10 else "tab20").colors
    position = np.searchsorted(classes, labels)
    order = np.random.default_rng(0).permutation(len(x))
    axes.scatter(x[order], y[order], c=np.array(colours)[position[order]], **scatter_style(len(x)))
    handles = [axes.scatter([], [], s=36, color=colours[i], label=str(value))
               for i, value in enumerate(classes)]
    axes.legend(handles=handles, title="label", loc="center left", bbox_to_anchor=(1.0, 0.5),
                frameon=False, handletextpad=0.1)


def draw_scores(figure, axes, results):
    report = results.report
    ratios = report["explained_variance_ratio"]
    x = np.array(results.scores[:, 0], dtype=float)
    second = results.scores.shape[1] > 1
    y = np.array(results.scores[:, 1], dtype=float) if second else np.zeros_like(x)
    labels = results.labels
    classes = np.unique(labels) if labels is not None else []

    if labels is None:
        axes.scatter(x, y, color=BLUE, **scatter_style(len(x)))
    elif len(classes) <= CLASSES_MOST:
        draw_classes(axes, x, y, labels, classes)
    else:
        points = axes.scatter(x, y, c=labels, cmap="viridis", **scatter_style(len(x)))
        bar = figure.colorbar(points, ax=axes, label="label")
        bar.solids.set_alpha(1)
    axes.set_title(f"Scores of {grouped(len(x))} rows")
    axes.set_xlabel(f"component 1 ({ratios[0]:.1%})")
    axes.set_ylabel(f"component 2 ({ratios[1]:.1%})" if second else "")
    if not second:
        axes.set_yticks([])


def draw_images(figure, components, shape):
    count = min(len(components), IMAGES_MOST)
    strip = figure.subplots(1, IMAGES_MOST, squeeze=False)[0]
    for i, axes in enumerate(strip):
        if i >= count:
            axes.axis("off")
            continue
        image = np.array(components[i], dtype=float).reshape(shape)
        limit = np.abs(image).max() or 1.0
        axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        axes.set_title(str(i + 1), fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
    figure.suptitle("Components as images (red positive, blue negative)", fontsize=10.5,
                    color=INK)


def title(report):
    files = report["data"]["files"]
    name = os.path.basename(files[0] or "")
    if len(name) > TITLE_MOST:
        name = name[:TITLE_MOST] + "…"
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    data = report["data"]
    return (f"{name}{more}: {grouped(data['rows'])} × {grouped(data['columns'])}, "
            f"{report['components']} components, {report['method']['name']}")


def draw(results, shape):
    plt.rcParams.update({
        "font.size": 9.5, "axes.titlesize": 10.5, "axes.edgecolor": "#8794a0",
        "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "axes.axisbelow": True, "grid.color": "#e3e7ea", "grid.linewidth": 0.7,
        "svg.hashsalt": "ritz",
    })
    height = 5.4 + (1.7 if shape else 0)
    figure = plt.figure(figsize=(11.5, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    figure.suptitle(title(results.report), fontsize=12.5, color=INK)
    parts = figure.subfigures(2, 1, height_ratios=[5.4, 1.7], hspace=0.03) if shape else [
        figure.subfigures(1, 1)]

    if results.scores is not None:
        left, right = parts[0].subfigures(1, 2, width_ratios=[1, 1.45])
        draw_scores(right, right.subplots(), results)
    else:
        left = parts[0]
    scree, cumulative = left.subplots(2, 1, sharex=True)
    draw_scree(scree, results.report)
    draw_cumulative(cumulative, results.report)
    if shape:
        draw_images(parts[1], results.components, shape)
    return figure


def save(figure, path):
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


def main():
    arguments = parse_arguments()
    results = Results(arguments.results, arguments.labels)
    shape = image_shape(arguments.image, results.report["data"]["columns"])
    try:
        save(draw(results, shape), arguments.output)
    except OSError as error:
        sys.exit(f"ritz: {error}")


if __name__ == "__main__":
    main()
