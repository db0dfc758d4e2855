/* Two devices at once, on the emulation: every operation on both, interleaved and from two threads;
 * the caller's current device stays; what belongs to one device is refused by the other; each keeps
 * its own account of memory and may be closed alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"
#include "unit/support.h"

enum { DEVICES = 2, SMALL_M = 30, SMALL_N = 20, LARGE_M = 140, LARGE_N = 110 };
static const char *const names[DEVICES] = {"cuda:0", "cuda:1"};
static const double TOLERANCE = 1e-9;

/* ---- helpers --------------------------------------------------------------------------------- */

static void set_current(int device)
{
    assert_int_equal(cudaSetDevice(device), cudaSuccess);
}

static void expect_current(int device, const char *after)
{
    int now = -1;
    assert_int_equal(cudaGetDevice(&now), cudaSuccess);
    if (now != device) fail_msg("after %s device %d is current instead of %d", after, now, device);
}

static struct outcome answer_of_cpu(const struct operation *op, int64_t m, int64_t n)
{
    struct world w;
    open_world(&w, "cpu", m, n);
    load_world(&w, op);
    must(op->call(&w));
    must(ritz_stream_sync(w.s));
    const struct outcome o = outcome_of(&w, op);
    close_world(&w);
    return o;
}

static bool is_right(struct world *w, const struct operation *op, const struct outcome *right)
{
    struct outcome o = outcome_of(w, op);
    const double apart = difference(w, &o, right);
    free(o.values);
    if (apart <= (op->tolerance > 0 ? op->tolerance : TOLERANCE)) return true;
    printf("%s %s, n = %lld: difference %g\n", op->name, op->variant, (long long)w->n, apart);
    return false;
}

static const struct operation *operation_called(const char *name, const char *variant)
{
    for (size_t i = 0; i < operation_count; i++)
        if (strcmp(operations[i].name, name) == 0 && strcmp(operations[i].variant, variant) == 0)
            return &operations[i];
    fail_msg("there is no operation %s %s", name, variant);
    return NULL;
}

static void open_both(struct world *w, int64_t m, int64_t n)
{
    for (int d = 0; d < DEVICES; d++) open_world(&w[d], names[d], m, n);
}

static void close_both(struct world *w)
{
    for (int d = 0; d < DEVICES; d++) close_world(&w[d]);
    assert_int_equal(emu_check_idle(), 0);
    emu_reset(1);
}

/* ---- interleaved ----------------------------------------------------------------------------- */

/* The operation is enqueued on both devices before either is waited for. */
static void run_on_both(struct world *w, const struct operation *op, int current)
{
    const struct outcome right = answer_of_cpu(op, w->m, w->n);
    for (int d = 0; d < DEVICES; d++) load_world(&w[d], op);
    expect_current(current, "loading");
    for (int d = 0; d < DEVICES; d++) {
        must(op->call(&w[d]));
        expect_current(current, op->name);
    }
    for (int d = 0; d < DEVICES; d++) {
        must(ritz_stream_sync(w[d].s));
        expect_current(current, "ritz_stream_sync");
        assert_true(is_right(&w[d], op, &right));
    }
    for (int d = 0; d < DEVICES; d++) drop_made(&w[d]);
    expect_current(current, "destroying");
    free(right.values);
}

static void run_everything(int current, enum emu_mode_kind mode)
{
    struct world w[DEVICES];
    emu_mode(mode);
    set_current(current);
    open_both(w, SMALL_M, SMALL_N);
    expect_current(current, "opening");
    for (size_t i = 0; i < operation_count; i++) run_on_both(w, &operations[i], current);
    for (int d = 0; d < DEVICES; d++) close_world(&w[d]);
    expect_current(current, "closing");
    assert_int_equal(emu_check_idle(), 0);
    emu_reset(1);
    emu_mode(EMU_LATE);
}

static void all_operations_with_the_first_current(void **state)
{
    (void)state;
    run_everything(0, EMU_LATE);
}

static void all_operations_with_the_second_current(void **state)
{
    (void)state;
    run_everything(1, EMU_RANDOM_MODE);
}

/* Several rounds without a wait, so that work of both devices lies in the queues together. */
static void several_operations_in_turn(void **state)
{
    static const char *const order[][2] = {
        {"ritz_gemm", ""}, {"ritz_cholesky", ""}, {"ritz_svd", "U"}};
    const struct operation *fit = operation_called("ritz_pca_fit", "covariance");
    struct world w[DEVICES];
    (void)state;
    emu_mode(EMU_RANDOM_MODE);
    open_both(w, LARGE_M, LARGE_N);
    for (size_t i = 0; i < COUNT(order); i++)
        run_on_both(w, operation_called(order[i][0], order[i][1]), 0);
    /* A fit waits for its own device and leaves the other's work queued. */
    const struct operation *gemm = operation_called("ritz_gemm", "");
    const struct outcome product = answer_of_cpu(gemm, LARGE_M, LARGE_N);
    const struct outcome model = answer_of_cpu(fit, LARGE_M, LARGE_N);
    emu_mode(EMU_LATE);
    load_world(&w[0], gemm);
    load_world(&w[1], fit);
    must(gemm->call(&w[0]));
    must(fit->call(&w[1]));
    int idle = 1;
    must(ritz_stream_query(w[0].s, &idle));
    assert_false(idle);
    assert_true(is_right(&w[1], fit, &model));
    must(ritz_stream_sync(w[0].s));
    assert_true(is_right(&w[0], gemm, &product));
    free(product.values);
    free(model.values);
    close_both(w);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Whatever fails on the first device, the caller's stays current; only if the very call that brings
 * it back fails is there nothing left to try. */
static void failures_restore_the_current_device(void **state)
{
    const struct operation *op = operation_called("ritz_gemm", "");
    int failures = 0;
    (void)state;
    for (bool fired = true; fired;) {
        struct world w;
        open_world(&w, names[0], SMALL_M, SMALL_N);
        load_world(&w, op);
        set_current(1);
        emu_fail_clear();
        emu_fail_at(failures + 1);
        ritz_status status = op->call(&w);
        if (status == RITZ_OK) status = ritz_stream_sync(w.s);
        fired = emu_failed_call()[0] != '\0';
        const bool at_return = strcmp(emu_failed_call(), "cudaSetDevice") == 0 && status == RITZ_OK;
        emu_fail_clear();
        if (!at_return) expect_current(1, op->name);
        assert_true(at_return || !fired || status != RITZ_OK);
        must(ritz_stream_sync(w.s));
        failures += fired;
        close_world(&w);
        assert_int_equal(emu_check_idle(), 0);
        emu_reset(1);
    }
    assert_true(failures > 10);
}

/* The first call after a crash switches devices, although it returns the error. */
static void a_crash_restores_the_current_device(void **state)
{
    enum { CUDA_ILLEGAL_ADDRESS = 700 };
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A = RITZ_NO_MAT;
    (void)state;
    emu_mode(EMU_EARLY);
    set_current(1);
    must(ritz_device_open(names[0], &dev));
    must(ritz_stream_create(dev, &s));
    must(ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, 4, 4, &A));
    emu_fail_clear();
    emu_fail_async(1, CUDA_ILLEGAL_ADDRESS);
    must(ritz_fill(s, 1, A));
    expect_current(1, "the crash");
    expect_error(ritz_fill(s, 2, A), RITZ_ERR_DEVICE_LOST, "cudaErrorIllegalAddress");
    expect_current(1, "the message");
    expect_error(ritz_fill(s, 3, A), RITZ_ERR_DEVICE_LOST, "failed earlier");
    expect_current(1, "the refusal");
    emu_fail_clear();
    must(ritz_dmat_destroy(s, &A));
    assert_int_equal(ritz_stream_destroy(&s), RITZ_ERR_DEVICE_LOST);
    must(ritz_device_close(&dev));
    expect_current(1, "closing");
    assert_int_equal(emu_check_idle(), 0);
    emu_reset(1);
    emu_mode(EMU_LATE);
}

/* ---- what belongs to one device -------------------------------------------------------------- */

static void refused(ritz_status status, const char *text)
{
    expect_error(status, RITZ_ERR_DEVICE, text);
}

static void matrices_are_refused_by_the_other(void **state)
{
    struct world w[DEVICES];
    (void)state;
    open_both(w, SMALL_M, SMALL_N);
    load_world(&w[1], operation_called("ritz_pca_transform", ""));
    const ritz_dmat here = w[0].mat[MATRIX_C], there = w[1].mat[MATRIX_C];
    const char *another = "is on another device than the stream";
    emu_fail_clear();
    refused(ritz_fill(w[0].s, 1, there), another);
    refused(ritz_copy(w[0].s, there, here), another);
    refused(ritz_copy(w[0].s, here, there), another);
    refused(ritz_gemm(w[0].s, 1, here, there, 0, w[0].mat[MATRIX_S]), another);
    refused(ritz_cholesky(w[0].s, RITZ_LOWER, there, RITZ_NO_MAT), another);
    refused(ritz_upload(w[0].s, w[0].pinned, w[1].mat[MATRIX_A]), another);
    refused(ritz_download(w[0].s, w[1].mat[MATRIX_A], w[0].pinned), another);
    refused(ritz_pca_transform(w[0].s, w[1].pca, w[0].mat[MATRIX_A],
                               ritz_cols(w[0].mat[MATRIX_X], 0, w[0].k), NULL),
            "another device");
    refused(ritz_dmat_destroy(w[0].s, &w[1].mat[MATRIX_A]), "not on the stream's device");
    assert_int_equal(emu_calls(), 0);
    close_both(w);
}

/* Page-locked memory serves every device. */
static void page_locked_memory_is_shared(void **state)
{
    const struct operation *op = operation_called("ritz_download", "pinned");
    struct world w[DEVICES];
    (void)state;
    open_both(w, SMALL_M, SMALL_N);
    load_world(&w[1], op);
    memset(w[0].pinned.data, 0, SMALL_M * SMALL_N * sizeof(double));
    must(ritz_download(w[1].s, w[1].mat[MATRIX_A], w[0].pinned));
    must(ritz_stream_sync(w[1].s));
    assert_memory_equal(w[0].pinned.data, w[1].initial[MATRIX_A],
                        SMALL_M * SMALL_N * sizeof(double));
    close_both(w);
}

static void events_are_of_one_device(void **state)
{
    const char *another = "the event is of another device than the stream";
    struct world w[DEVICES];
    (void)state;
    open_both(w, SMALL_M, SMALL_N);
    must(ritz_event_create(w[0].dev, &w[0].event));
    must(ritz_event_record(w[0].event, w[0].s));
    refused(ritz_stream_wait(w[1].s, w[0].event), another);
    refused(ritz_event_record(w[0].event, w[1].s), another);
    /* What orders the devices instead: the host waits. */
    must(ritz_event_sync(w[0].event));
    must(ritz_stream_sync(w[1].s));
    close_both(w);
}

static void native_streams_are_of_one_device(void **state)
{
    struct world w[DEVICES];
    cudaStream_t native = NULL;
    ritz_stream *s = NULL;
    (void)state;
    open_both(w, SMALL_M, SMALL_N);
    set_current(1);
    assert_int_equal(cudaStreamCreateWithFlags(&native, cudaStreamNonBlocking), cudaSuccess);
    refused(ritz_stream_wrap_native(w[0].dev, native, &s),
            "the native stream is of GPU 1, the device is GPU 0");
    assert_null(s);
    must(ritz_stream_wrap_native(w[1].dev, native, &s));
    must(ritz_fill(s, 1, w[1].mat[MATRIX_X]));
    must(ritz_stream_destroy(&s));
    assert_int_equal(cudaStreamDestroy(native), cudaSuccess);
    set_current(0);
    close_both(w);
}

/* ---- accounts and closing -------------------------------------------------------------------- */

static ritz_memory_info held(ritz_device *dev)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    must(ritz_device_memory(dev, &memory));
    return memory;
}

static void memory_is_counted_by_device(void **state)
{
    struct world w[DEVICES];
    ritz_dmat more = RITZ_NO_MAT;
    (void)state;
    open_both(w, SMALL_M, SMALL_N);
    const ritz_memory_info before = held(w[1].dev);
    assert_int_equal(before.matrices, MATRICES);
    must(ritz_dmat_create(w[0].s, RITZ_F32, RITZ_ROW_MAJOR, 3, 5, &more));
    must(ritz_stream_reserve(w[0].s, 3 << 20));
    const ritz_memory_info first = held(w[0].dev), second = held(w[1].dev);
    assert_int_equal(first.matrices, MATRICES + 1);
    assert_int_equal(first.matrix_bytes, before.matrix_bytes + 60);
    assert_int_equal(first.workspace_bytes, 3 << 20);
    assert_memory_equal(&second, &before, sizeof before);
    must(ritz_dmat_destroy(w[0].s, &more));
    assert_int_equal(held(w[0].dev).matrices, MATRICES);
    close_both(w);
}

static void closing_one_leaves_the_other(void **state)
{
    const struct operation *op = operation_called("ritz_cholesky", "");
    const struct outcome right = answer_of_cpu(op, LARGE_M, LARGE_N);
    (void)state;
    for (int gone = 0; gone < DEVICES; gone++) {
        struct world w[DEVICES];
        struct world *stays = &w[1 - gone];
        open_both(w, LARGE_M, LARGE_N);
        for (int d = 0; d < DEVICES; d++) load_world(&w[d], op);
        for (int d = 0; d < DEVICES; d++) must(op->call(&w[d]));
        close_world(&w[gone]);
        must(ritz_stream_sync(stays->s));
        assert_true(is_right(stays, op, &right));
        open_world(&w[gone], names[gone], LARGE_M, LARGE_N);
        load_world(&w[gone], op);
        must(op->call(&w[gone]));
        must(ritz_stream_sync(w[gone].s));
        assert_true(is_right(&w[gone], op, &right));
        close_both(w);
    }
    free(right.values);
}

/* ---- two threads ----------------------------------------------------------------------------- */

struct worker {
    int device, current;
    struct outcome *right; /* by operation */
    int wrong;
};

/* Everything on a device, from the opening to the closing, with the other one current. */
static void *work(void *argument)
{
    struct worker *me = argument;
    struct world w;
    int now = -1;
    if (cudaSetDevice(me->current) != cudaSuccess) me->wrong++;
    open_world(&w, names[me->device], SMALL_M, SMALL_N);
    for (size_t i = 0; i < operation_count; i++) {
        load_world(&w, &operations[i]);
        must(operations[i].call(&w));
        must(ritz_stream_sync(w.s));
        if (!is_right(&w, &operations[i], &me->right[i])) me->wrong++;
        drop_made(&w);
        if (cudaGetDevice(&now) != cudaSuccess || now != me->current) me->wrong++;
    }
    close_world(&w);
    return NULL;
}

static void a_thread_for_each_device(void **state)
{
    struct outcome *right = calloc(operation_count, sizeof *right);
    struct worker workers[DEVICES];
    pthread_t threads[DEVICES];
    (void)state;
    assert_non_null(right);
    for (size_t i = 0; i < operation_count; i++)
        right[i] = answer_of_cpu(&operations[i], SMALL_M, SMALL_N);
    for (int d = 0; d < DEVICES; d++) {
        workers[d] = (struct worker){.device = d, .current = 1 - d, .right = right};
        assert_int_equal(pthread_create(&threads[d], NULL, work, &workers[d]), 0);
    }
    for (int d = 0; d < DEVICES; d++) {
        assert_int_equal(pthread_join(threads[d], NULL), 0);
        assert_int_equal(workers[d].wrong, 0);
    }
    assert_int_equal(emu_check_idle(), 0);
    emu_reset(1);
    for (size_t i = 0; i < operation_count; i++) free(right[i].values);
    free(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_operations_with_the_first_current),
        cmocka_unit_test(all_operations_with_the_second_current),
        cmocka_unit_test(several_operations_in_turn),
        cmocka_unit_test(failures_restore_the_current_device),
        cmocka_unit_test(a_crash_restores_the_current_device),
        cmocka_unit_test(matrices_are_refused_by_the_other),
        cmocka_unit_test(page_locked_memory_is_shared),
        cmocka_unit_test(events_are_of_one_device),
        cmocka_unit_test(native_streams_are_of_one_device),
        cmocka_unit_test(memory_is_counted_by_device),
        cmocka_unit_test(closing_one_leaves_the_other),
        cmocka_unit_test(a_thread_for_each_device),
    };
    return cmocka_run_group_tests_name("emu: two devices", tests, NULL, NULL);
}
