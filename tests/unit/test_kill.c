/* A fit that is killed again and again, at any moment, goes on from its checkpoint and gives the
 * same bits as one that nobody disturbs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ritz/ritz.h"

enum { N = 1600, COLS = 24, K = 5, BLOCK = 16, KILLS = 100, METHODS = 4 };

static double data[N * COLS];
static char path[64];

static void fill(void)
{
    uint64_t x = 1;
    for (int i = 0; i < N * COLS; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        data[i] = (double)(x >> 40) / (1 + i % COLS);
    }
}

struct model {
    double components[K * COLS], variance[K];
};

/* Everything in one process that has not used Ritz before: worker threads do not survive a fork. */
static ritz_status fit(ritz_pca_method method, int checkpointed, struct model *m,
                       ritz_pca_report *r)
{
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_pca *pca = NULL;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    const ritz_rows rows =
        ritz_rows_hmat(ritz_hmat_wrap_const(data, RITZ_F64, N, COLS, RITZ_ROW_MAJOR));
    opts.method = method;
    opts.components = K;
    opts.block_rows = BLOCK;
    opts.power_iterations = 1;
    if (method == RITZ_PCA_RANDOMIZED) opts.memory = 100000; /* a block, and not N x l */
    if (checkpointed) {
        opts.checkpoint = path;
        opts.checkpoint_seconds = 1e-9;
    }
    ritz_status status = ritz_device_open("cpu", &dev);
    if (status == RITZ_OK) status = ritz_stream_create_inline(dev, &s);
    if (status == RITZ_OK) status = ritz_pca_fit(s, rows, &opts, &pca, r);
    if (status == RITZ_OK)
        status = ritz_download(s, ritz_pca_components(pca),
                               ritz_hmat_wrap(m->components, RITZ_F64, K, COLS, RITZ_ROW_MAJOR));
    if (status == RITZ_OK)
        status = ritz_download(s, ritz_pca_explained_variance(pca),
                               ritz_hmat_wrap(m->variance, RITZ_F64, K, 1, RITZ_COL_MAJOR));
    if (status == RITZ_OK) status = ritz_stream_sync(s);
    if (s) (void)ritz_pca_destroy(s, &pca);
    (void)ritz_stream_destroy(&s);
    (void)ritz_device_close(&dev);
    return status;
}

/* The child writes its model to the pipe. Returns 1 if it came through, 0 if it was killed. */
static int run_child(ritz_pca_method method, int checkpointed, long kill_after_ns, struct model *m,
                     ritz_pca_report *r)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        *r = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
        if (fit(method, checkpointed, m, r) != RITZ_OK) {
            (void)fprintf(stderr, "%s\n", ritz_last_error());
            _exit(1);
        }
        const int ok = write(ends[1], m, sizeof *m) == (ssize_t)sizeof *m &&
                       write(ends[1], r, sizeof *r) == (ssize_t)sizeof *r;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(close(ends[1]), 0);
    if (kill_after_ns > 0) {
        const struct timespec t = {kill_after_ns / 1000000000, kill_after_ns % 1000000000};
        (void)nanosleep(&t, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
    }
    const int whole = read(ends[0], m, sizeof *m) == (ssize_t)sizeof *m &&
                      read(ends[0], r, sizeof *r) == (ssize_t)sizeof *r;
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return 0;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return whole;
}

/* What processes that were killed while they saved have left. */
static void remove_temporaries(void)
{
    char command[160];
    (void)snprintf(command, sizeof command, "rm -f -- %s.ritz-*.tmp", path);
    assert_int_equal(system(command), 0);
}

static int64_t nanoseconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void kill_at_random(ritz_pca_method method, int kills)
{
    struct model undisturbed, m;
    ritz_pca_report r;
    uint64_t x = 7 + (uint64_t)method;
    int killed = 0;
    int64_t resumed = 0;
    (void)snprintf(path, sizeof path, "kill-%d-%ld.checkpoint", (int)method, (long)getpid());
    (void)unlink(path);
    assert_int_equal(run_child(method, 0, 0, &undisturbed, &r), 1);
    const int64_t start = nanoseconds();
    assert_int_equal(run_child(method, 1, 0, &m, &r), 1);
    const int64_t duration = nanoseconds() - start; /* on this machine, now */
    assert_memory_equal(&m, &undisturbed, sizeof m);
    assert_int_equal(r.checkpoints, r.passes * (N / BLOCK));
    for (int i = 0; i < kills; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const long after = (long)((int64_t)(x >> 24) % duration) + 1;
        if (run_child(method, 1, after, &m, &r)) {
            assert_memory_equal(&m, &undisturbed, sizeof m);
            resumed += r.resumed > 0;
        } else {
            killed++;
        }
    }
    assert_int_equal(run_child(method, 1, 0, &m, &r), 1);
    assert_memory_equal(&m, &undisturbed, sizeof m);
    resumed += r.resumed > 0;
    assert_true(killed >= kills / 4);
    assert_true(resumed > 0);
    assert_int_equal(access(path, F_OK), -1);
    remove_temporaries();
}

static void test_covariance(void **state)
{
    (void)state;
    kill_at_random(RITZ_PCA_COVARIANCE, KILLS / METHODS);
}

static void test_exact(void **state)
{
    (void)state;
    kill_at_random(RITZ_PCA_EXACT, KILLS / METHODS);
}

static void test_incremental(void **state)
{
    (void)state;
    kill_at_random(RITZ_PCA_INCREMENTAL, KILLS / METHODS);
}

static void test_randomized(void **state)
{
    (void)state;
    kill_at_random(RITZ_PCA_RANDOMIZED, KILLS / METHODS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_covariance),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_incremental),
        cmocka_unit_test(test_randomized),
    };
    fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
