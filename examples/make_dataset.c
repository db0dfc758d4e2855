/* Makes a data set of small images with labels and saves it as two .npy files.
 *
 *     make_dataset [IMAGES.npy LABELS.npy [COUNT]]
 *
 * Each image shows three blurred spots on 28 x 28 pixels. The class decides roughly where they are;
 * place, width and brightness vary from image to image. The files are read back and compared.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ritz/ritz.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, SPOTS = 3 };

/* SplitMix64 (Steele, Lea and Flood, 2014): small, and the same numbers everywhere. */
static double uniform(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double between(uint64_t *state, double low, double high)
{
    return low + (high - low) * uniform(state);
}

/* Add a Gaussian spot around (x, y). */
static void add_spot(double *image, double x, double y, double width, double brightness)
{
    double row[SIDE], col[SIDE];

    for (int i = 0; i < SIDE; i++) {
        row[i] = exp(-0.5 * (i - y) * (i - y) / (width * width));
        col[i] = exp(-0.5 * (i - x) * (i - x) / (width * width));
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) image[i * SIDE + j] += brightness * row[i] * col[j];
    }
}

static void make_image(uint8_t *pixels, int class, uint64_t *state)
{
    double image[PIXELS] = {0};
    uint64_t place = (uint64_t) class * 1000 + 1; /* the same places for the whole class */

    for (int k = 0; k < SPOTS; k++) {
        double x = between(&place, 5, SIDE - 5) + between(state, -2, 2);
        double y = between(&place, 5, SIDE - 5) + between(state, -2, 2);
        add_spot(image, x, y, between(state, 2, 5), between(state, 80, 200));
    }
    for (int p = 0; p < PIXELS; p++) {
        double value = image[p] + between(state, 0, 10);
        pixels[p] = (uint8_t)(value < 255 ? value : 255);
    }
}

/* Whether a file holds exactly the matrix. */
static int same_as_file(const char *path, ritz_hmat expected)
{
    ritz_hmat H = {0};
    int same = 0;

    if (ritz_load(path, &H)) {
        fprintf(stderr, "%s\n", ritz_last_error());
        return 0;
    }
    if (H.dtype == RITZ_U8 && H.rows == expected.rows && H.cols == expected.cols) {
        size_t bytes = (size_t)(H.rows * H.cols);
        same = memcmp(H.data, expected.data, bytes) == 0;
    }
    if (!same) fprintf(stderr, "%s does not hold what was saved\n", path);
    ritz_hmat_destroy(&H);
    return same;
}

int main(int argc, char **argv)
{
    const char *image_path = argc > 2 ? argv[1] : "images.npy";
    const char *label_path = argc > 2 ? argv[2] : "labels.npy";
    int64_t count = argc > 3 ? strtoll(argv[3], NULL, 10) : 1000;
    ritz_hmat images = {0}, labels = {0};
    uint64_t state = 42;
    int rc = 1;

    if (argc == 2 || argc > 4 || count < 1) {
        fprintf(stderr, "usage: %s [IMAGES.npy LABELS.npy [COUNT]]\n", argv[0]);
        return 2;
    }
    if (ritz_hmat_create(RITZ_U8, RITZ_ROW_MAJOR, count, PIXELS, &images) ||
        ritz_hmat_create(RITZ_U8, RITZ_ROW_MAJOR, count, 1, &labels))
        goto out;

    for (int64_t i = 0; i < count; i++) {
        int class = (int)(uniform(&state) * CLASSES);
        ((uint8_t *)labels.data)[i] = (uint8_t) class;
        make_image((uint8_t *)images.data + i * PIXELS, class, &state);
    }
    if (ritz_save_npy(image_path, images) || ritz_save_npy(label_path, labels)) goto out;
    if (!same_as_file(image_path, images) || !same_as_file(label_path, labels)) {
        rc = 3;
        goto out;
    }

    printf("%lld images of %d x %d pixels in %d classes: %s, %s\n", (long long)count, SIDE, SIDE,
           CLASSES, image_path, label_path);
    rc = 0;
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_hmat_destroy(&images);
    ritz_hmat_destroy(&labels);
    return rc;
}
