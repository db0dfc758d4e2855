/* Eigenvalues by bisection, eigenvectors by inverse iteration.
 *
 * The number of eigenvalues of T below x is the number of negative pivots of T - x (Sylvester's law
 * of inertia). The pivots are a chain of divisions, each waiting for the one before, so LANES
 * eigenvalues are bisected side by side, and the threads share the groups.
 *
 * Where an element beside the diagonal is negligible the matrix splits into blocks, and each
 * eigenvalue belongs to one: inverse iteration needs to know which.
 *
 * Sources: Barth, Martin and Wilkinson, "Calculation of the eigenvalues of a symmetric tridiagonal
 * matrix by the method of bisection", Numerische Mathematik 9, 1967; Demmel, Dhillon and Ren, "On
 * the correctness of some bisection-like parallel eigenvalue algorithms in floating point
 * arithmetic", ETNA 3, 1995; inverse iteration: LAPACK's dstein.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/tridiagonal.h"

#include <float.h>
#include <math.h>

#include "cpu/lapack.h"

enum { LANES = 8 };

/* One block of T, from row `start`. */
struct block {
    const double *d, *e2; /* e2[i]: square of the element between rows i and i + 1 */
    int n;
    double pivmin;    /* a pivot that is nearer to 0 counts as -pivmin */
    double low, high; /* all eigenvalues lie between them */
    double tolerance;
};

/* below[l] = number of eigenvalues of the block that are less than x[l]. */
static void count_below(const struct block *t, const double x[LANES], int64_t below[LANES])
{
    double pivot[LANES];
    int64_t count[LANES];
    for (int l = 0; l < LANES; l++) {
        pivot[l] = t->d[0] - x[l];
        pivot[l] = fabs(pivot[l]) < t->pivmin ? -t->pivmin : pivot[l];
        count[l] = pivot[l] < 0;
    }
    for (int i = 1; i < t->n; i++) {
        const double d = t->d[i], e2 = t->e2[i - 1], pivmin = t->pivmin;
        for (int l = 0; l < LANES; l++) {
            const double p = d - x[l] - e2 / pivot[l];
            pivot[l] = fabs(p) < pivmin ? -pivmin : p;
            count[l] += pivot[l] < 0;
        }
    }
    memcpy(below, count, sizeof count);
}

/* The eigenvalues number first .. first+count-1 of the block, count <= LANES. */
static void bisect(const struct block *t, int first, int count, double *w)
{
    double low[LANES], high[LANES], middle[LANES];
    int64_t below[LANES];
    for (int l = 0; l < LANES; l++) {
        low[l] = t->low;
        high[l] = t->high;
    }
    for (;;) {
        int open = 0;
        for (int l = 0; l < LANES; l++) {
            middle[l] = low[l] + 0.5 * (high[l] - low[l]);
            const double largest = fmax(fabs(low[l]), fabs(high[l]));
            open |= high[l] - low[l] > t->tolerance + 2 * DBL_EPSILON * largest;
        }
        if (!open) break;
        count_below(t, middle, below);
        for (int l = 0; l < LANES; l++) {
            const int64_t wanted = first + (l < count ? l : count - 1);
            if (below[l] <= wanted)
                low[l] = middle[l];
            else
                high[l] = middle[l];
        }
    }
    memcpy(w, middle, (size_t)count * sizeof *w);
}

struct bisection {
    const struct block *block;
    int first, count;
    double *w;
};

static void bisect_group(void *context, int64_t i, int thread)
{
    (void)thread;
    const struct bisection *b = context;
    const int skip = (int)i * LANES, left = b->count - skip;
    bisect(b->block, b->first + skip, left < LANES ? left : LANES, b->w + skip);
}

static void bisect_range(const struct cpu_compute *c, const struct block *t, int first, int count,
                         double *w)
{
    struct bisection b = {t, first, count, w};
    if (t->n == 1 && count == 1) { /* exact, also where it is 0 */
        w[0] = t->d[0];
        return;
    }
    ritz_parallel_for(c, (count + LANES - 1) / LANES, bisect_group, &b);
    for (int i = 1; i < count; i++) w[i] = fmax(w[i], w[i - 1]);
}

static struct block block_at(const double *d, const double *e2, int start, int end)
{
    struct block t = {.d = d + start, .e2 = e2 + start, .n = end - start};
    double largest = 1.0;
    t.low = t.high = t.d[0];
    for (int i = 0; i < t.n; i++) {
        const double radius = (i > 0 ? sqrt(t.e2[i - 1]) : 0) + (i + 1 < t.n ? sqrt(t.e2[i]) : 0);
        t.low = fmin(t.low, t.d[i] - radius);
        t.high = fmax(t.high, t.d[i] + radius);
        if (i + 1 < t.n) largest = fmax(largest, t.e2[i]);
    }
    const double norm = fmax(fabs(t.low), fabs(t.high));
    t.pivmin = DBL_MIN * largest;
    t.tolerance = DBL_EPSILON * norm + t.pivmin;
    const double margin = 2 * t.n * DBL_EPSILON * norm + 2 * t.pivmin;
    t.low -= margin;
    t.high += margin;
    return t;
}

/* e2[i] = e[i]², or 0 where the matrix splits; ends[] receives the (0-based) end of each block. */
static int split(int n, const double *d, const double *e, double *e2, int *ends)
{
    int blocks = 0;
    for (int i = 0; i < n - 1; i++) {
        const double square = e[i] * e[i];
        const double negligible = fabs(d[i] * d[i + 1]) * DBL_EPSILON * DBL_EPSILON + DBL_MIN;
        e2[i] = square > negligible ? square : 0;
        if (e2[i] == 0) ends[blocks++] = i + 1;
    }
    ends[blocks++] = n;
    return blocks;
}

static int64_t count_one(const struct block *t, double x)
{
    double lanes[LANES];
    int64_t below[LANES];
    for (int l = 0; l < LANES; l++) lanes[l] = x;
    count_below(t, lanes, below);
    return below[0];
}

struct eigenvalues {
    double *w;
    int *block; /* of each, from 1 */
    int count;
};

/* Leave out the `excess` smallest (sign = 1) or largest (sign = -1) of them. */
static void drop(struct eigenvalues *v, int excess, double sign)
{
    for (; excess > 0; excess--) {
        int worst = 0;
        for (int i = 1; i < v->count; i++)
            if (sign * v->w[i] < sign * v->w[worst]) worst = i;
        v->count--;
        for (int i = worst; i < v->count; i++) {
            v->w[i] = v->w[i + 1];
            v->block[i] = v->block[i + 1];
        }
    }
}

/* The wanted eigenvalues block by block: those of each block in the interval that the whole
 * matrix's wanted ones span, less what lies in it beyond them (equals of the outermost ones, which
 * it cannot tell apart). */
static void values_of_blocks(const struct cpu_compute *c, const double *d, const double *e2,
                             const int *ends, int blocks, int first, int count,
                             struct eigenvalues *v)
{
    const struct block whole = block_at(d, e2, 0, ends[blocks - 1]);
    double low, high;
    bisect(&whole, first, 1, &low);
    bisect(&whole, first + count - 1, 1, &high);
    const double margin = 4 * (whole.tolerance + DBL_EPSILON * fmax(fabs(low), fabs(high)));
    int before = 0;
    v->count = 0;
    for (int b = 0; b < blocks; b++) {
        const struct block t = block_at(d, e2, b > 0 ? ends[b - 1] : 0, ends[b]);
        const int from = (int)count_one(&t, low - margin), to = (int)count_one(&t, high + margin);
        before += from;
        bisect_range(c, &t, from, to - from, v->w + v->count);
        for (int i = v->count; i < v->count + to - from; i++) v->block[i] = b + 1;
        v->count += to - from;
    }
    drop(v, first - before, 1);
    drop(v, v->count - count, -1);
}

/* Ascending order, with the vectors. */
static void sort(int n, struct eigenvalues *v, double *Z, int ldz)
{
    for (int i = 0; i + 1 < v->count; i++) {
        int least = i;
        for (int j = i + 1; j < v->count; j++)
            if (v->w[j] < v->w[least]) least = j;
        if (least == i) continue;
        const double w = v->w[i];
        v->w[i] = v->w[least];
        v->w[least] = w;
        if (Z) cblas_dswap(n, Z + (int64_t)i * ldz, 1, Z + (int64_t)least * ldz, 1);
    }
}

/* Offsets of the pieces of the scratch memory. */
struct layout {
    size_t e2, w, work;                /* double */
    size_t ends, block, iwork, failed; /* int */
    size_t bytes;
};

static struct layout lay_out(int64_t n, int64_t count)
{
    struct layout l = {.bytes = 0};
    l.e2 = cpu_piece(&l.bytes, n, sizeof(double));
    l.w = cpu_piece(&l.bytes, n, sizeof(double));
    l.work = cpu_piece(&l.bytes, 5 * n, sizeof(double));
    l.ends = cpu_piece(&l.bytes, n, sizeof(int));
    l.block = cpu_piece(&l.bytes, n, sizeof(int));
    l.iwork = cpu_piece(&l.bytes, n, sizeof(int));
    l.failed = cpu_piece(&l.bytes, count, sizeof(int));
    return l;
}

size_t cpu_tridiagonal_bytes(int64_t n, int64_t count)
{
    return lay_out(n, count).bytes;
}

int cpu_tridiagonal_range(const struct cpu_compute *c, int n, const double *d, const double *e,
                          int first, int count, double *w, double *Z, int ldz, void *scratch)
{
    const struct layout l = lay_out(n, count);
    char *base = scratch;
    double *e2 = (double *)(base + l.e2);
    int *ends = (int *)(base + l.ends);
    struct eigenvalues v = {(double *)(base + l.w), (int *)(base + l.block), count};
    const int blocks = split(n, d, e, e2, ends);
    if (blocks == 1) {
        const struct block whole = block_at(d, e2, 0, n);
        bisect_range(c, &whole, first, count, v.w);
        for (int i = 0; i < count; i++) v.block[i] = 1;
    } else {
        values_of_blocks(c, d, e2, ends, blocks, first, count, &v);
    }
    int failed = 0;
    if (Z)
        failed = LAPACKE_dstein_work(LAPACK_COL_MAJOR, n, d, e, count, v.w, v.block, ends, Z, ldz,
                                     (double *)(base + l.work), (int *)(base + l.iwork),
                                     (int *)(base + l.failed));
    sort(n, &v, Z, ldz);
    memcpy(w, v.w, (size_t)count * sizeof *w);
    return failed;
}
