#!/usr/bin/python3
"""Draws the picture of `ritz lstsq --plot`: the path of penalties, the residuals.

Reads the files that `ritz lstsq --out` writes. Run by ritz, and usable by hand:

    plot_lstsq.py --results DIR --output lstsq.png
    plot_lstsq.py --check     # succeeds if everything is installed
"""

# SPDX-License-Identifier: Apache-2.0

import os
import sys

sys.dont_write_bytecode = True  # the directory of the scripts may belong to the user

from plot_common import (BLUE, GREY, INK, ORANGE, argument_parser, grouped,  # noqa: E402
                         load_report, new_figure, save, scatter_style, short_name, written_files)

import numpy as np  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402

LINES_MOST = 200     # coefficients drawn along the path: the largest
POINTS_MOST = 20000  # residuals drawn as points
CRITERIA = {"gcv": "generalized cross-validation", "loo": "leave-one-out"}


class Results:
    """The files of one run; what this run did not write is None."""

    def __init__(self, directory):
        self.report = load_report(directory)
        files = written_files(self.report, directory)
        self.path, self.fitted, self.residuals = (
            np.load(os.path.join(directory, name), mmap_mode="r") if name in files else None
            for name in ("path_coefficients.npy", "fitted.npy", "residuals.npy"))


def mark_choice(axes, report):
    axes.axvline(report["penalty"]["lambda"], color=ORANGE, linestyle="--", linewidth=1.2)


def name_choice(axes, report):
    """The penalty beside its line, over whatever is drawn there."""
    chosen, penalties = report["penalty"]["lambda"], report["path"]["lambda"]
    right = chosen * chosen > penalties[0] * penalties[-1]
    axes.annotate(f"λ = {chosen:.3g}", (chosen, 0.96), (-5 if right else 5, 0),
                  xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
                  ha="right" if right else "left", color=INK,
                  bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5})


def draw_path(axes, results):
    """Each coefficient along the penalties."""
    penalties = np.array(results.report["path"]["lambda"])
    lines = np.array(results.path, dtype=float)
    count = lines.shape[1]
    if count > LINES_MOST:
        largest = np.argsort(-np.abs(lines).max(axis=0))[:LINES_MOST]
        lines = lines[:, np.sort(largest)]
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.92, lines.shape[1]))
    for line, colour in zip(lines.T, colours):
        axes.plot(penalties, line, color=colour, linewidth=1.1,
                  alpha=1.0 if lines.shape[1] <= 30 else 0.6)
    axes.axhline(0, color=GREY, linewidth=0.8)
    mark_choice(axes, results.report)
    name_choice(axes, results.report)
    axes.set_xscale("log")
    axes.set_title("Coefficients along the penalties" +
                   (f", {LINES_MOST} largest of {grouped(count)}" if count > LINES_MOST else ""))
    axes.tick_params(labelbottom=False)


def draw_scores(axes, report):
    """The figure that the penalty was chosen by, and the degrees of freedom of the model."""
    path = report["path"]
    criterion = report["penalty"]["criterion"]
    score = np.array([np.nan if value is None else value for value in path[criterion]])
    best = np.nanargmin(score)
    axes.plot(path["lambda"], score, color=BLUE)
    axes.plot(path["lambda"][best], score[best], "o", color=ORANGE)
    mark_choice(axes, report)
    axes.set_xscale("log")
    positive = score[np.isfinite(score) & (score > 0)]
    if len(positive) and positive.max() > 20 * positive.min():
        axes.set_yscale("log")
    axes.set_title(f"{CRITERIA[criterion].capitalize()} (left, blue), "
                   "degrees of freedom (right, grey)")
    axes.set_xlabel("penalty λ")
    right = axes.twinx()
    right.plot(path["lambda"], path["dof"], color=GREY, linewidth=1.1)
    right.set_ylim(bottom=0)
    right.grid(False)


def sample(count):
    """Which points are drawn: all, or as many as a picture can show."""
    if count <= POINTS_MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, POINTS_MOST, replace=False))


def draw_residuals(axes, results):
    fitted, residuals = results.fitted, results.residuals
    rows = sample(len(fitted))
    targets = fitted.shape[1]
    colours = [BLUE] if targets == 1 else plt.get_cmap("tab10").colors
    for j in range(targets):
        axes.scatter(np.array(fitted[rows, j], dtype=float),
                     np.array(residuals[rows, j], dtype=float),
                     color=colours[j % len(colours)], **scatter_style(len(rows) * targets))
    axes.axhline(0, color=INK, linewidth=0.9)
    all_drawn = len(rows) == len(fitted)
    axes.set_title("Residuals against fitted values" +
                   ("" if all_drawn else f" ({grouped(len(rows))} of {grouped(len(fitted))} rows)"))
    axes.set_xlabel("fitted value")
    axes.set_ylabel("residual")


def draw_distribution(axes, results):
    """A histogram of all residuals, with the normal density of the same mean and variance."""
    values = np.array(results.residuals, dtype=float).ravel()
    spread = values.std()
    bins = int(np.clip(np.sqrt(len(values)), 10, 80))
    axes.hist(values, bins=bins, density=spread > 0, color=BLUE, alpha=0.75)
    if spread > 0:
        x = np.linspace(values.min(), values.max(), 200)
        density = np.exp(-0.5 * ((x - values.mean()) / spread) ** 2) / spread / np.sqrt(2 * np.pi)
        axes.plot(x, density, color=ORANGE)
    axes.set_title("Distribution of the residuals, and a normal one (orange)")
    axes.set_xlabel("residual")
    axes.set_yticks([])


def title(report):
    data = report["data"]
    names = " and ".join(short_name(name) for name in data["files"])
    penalty = report["penalty"]["lambda"]
    figures = [f"{grouped(data['rows'])} × {grouped(data['columns'])}", report["method"]["name"]]
    if penalty > 0:
        figures.append(f"λ = {penalty:.3g}")
    if report["r_squared"] is not None:
        figures.append(f"R² = {report['r_squared']:.4g}")
    return (f"{names}: " if names else "") + ", ".join(figures)


def draw(results):
    columns = [part for part, present in (("path", results.path is not None),
                                          ("residuals", results.residuals is not None)) if present]
    figure = new_figure(5.8, title(results.report))
    parts = dict(zip(columns, figure.subfigures(1, len(columns), squeeze=False)[0]))
    if "path" in parts:
        upper, lower = parts["path"].subplots(2, 1, sharex=True,
                                              gridspec_kw={"height_ratios": [1.5, 1]})
        draw_path(upper, results)
        draw_scores(lower, results.report)
    if "residuals" in parts:
        upper, lower = parts["residuals"].subplots(2, 1, gridspec_kw={"height_ratios": [1.5, 1]})
        draw_residuals(upper, results)
        draw_distribution(lower, results)
    return figure


def main():
    arguments = argument_parser(__doc__.splitlines()[0]).parse_args()
    save(draw(Results(arguments.results)), arguments.output)


if __name__ == "__main__":
    main()
