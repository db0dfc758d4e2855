#!/usr/bin/python3
"""Draws the picture of `ritz pca --plot`: variances, scores, components.

Reads the files that `ritz pca --out` writes. Run by ritz, and usable by hand:

    plot_pca.py --results DIR --output pca.png [--labels labels.npy] [--image 28x28]
    plot_pca.py --check     # succeeds if everything is installed
"""

# SPDX-License-Identifier: Apache-2.0

import math
import os
import sys

sys.dont_write_bytecode = True  # the directory of the scripts may belong to the user

from plot_common import (BLUE, INK, ORANGE, argument_parser, grouped, load_report,  # noqa: E402
                         new_figure, save, scatter_style, short_name, written_files)

import numpy as np  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import MaxNLocator, PercentFormatter  # noqa: E402

IMAGES_MOST = 10        # components drawn as images
IMAGE_PIXELS_LEAST = 16  # a square of fewer pixels is no image
CLASSES_MOST = 20       # more distinct labels get a colour scale instead of a legend


def parse_arguments():
    parser = argument_parser(__doc__.splitlines()[0])
    parser.add_argument("--labels", help=".npy file with a whole number for each row")
    parser.add_argument("--image", help="shape of a component as an image, such as 28x28")
    return parser.parse_args()


class Results:
    """The files of one run; scores only if this run wrote them."""

    def __init__(self, directory, labels):
        self.report = load_report(directory)
        self.components = np.load(os.path.join(directory, "components.npy"), mmap_mode="r")
        self.scores = None
        if "scores.npy" in written_files(self.report, directory):
            self.scores = np.load(os.path.join(directory, "scores.npy"), mmap_mode="r")
        self.labels = None if labels is None else np.load(labels).ravel().astype(np.int64)


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
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    data = report["data"]
    return (f"{short_name(files[0])}{more}: {grouped(data['rows'])} × {grouped(data['columns'])}, "
            f"{report['components']} components, {report['method']['name']}")


def draw(results, shape):
    figure = new_figure(5.4 + (1.7 if shape else 0), title(results.report))
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


def main():
    arguments = parse_arguments()
    results = Results(arguments.results, arguments.labels)
    shape = image_shape(arguments.image, results.report["data"]["columns"])
    save(draw(results, shape), arguments.output)


if __name__ == "__main__":
    main()
