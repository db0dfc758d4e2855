/* The emulated cuBLAS: workspace, scalars, pointer arrays, overlaps, and what a test may wish.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "blas_fixture.h"

using namespace fixture;

/* ---- modes, workspace, wishes of the test ---------------------------------------------------- */

PASSES(default_workspace_is_counted)
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    CHECK(emu_default_workspace_calls() == 0);
    FINE(cublasSetStream(blas.h, blas.stream));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    CHECK(emu_default_workspace_calls() == 1);
    C.down(blas.stream);
}

ABORTS(workspace_dropped_by_set_stream, "workspace")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    emu_forbid_default_workspace(1);
    FINE(cublasSetStream(blas.h, blas.stream));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
}

ABORTS(workspace_misaligned, "alignment")
{
    Blas blas;
    FINE(cublasSetWorkspace(blas.h, blas.workspace.p + 128, BLAS_WORKSPACE - 128));
}

ABORTS(workspace_too_small, "workspace")
{
    Blas blas;
    double one = 1;
    Matrix<double> A(1, 1);
    A.up();
    FINE(cublasSetWorkspace(blas.h, nullptr, 0));
    FINE(cublasDtrsm_64(blas.h, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, 1, 1, &one, A.p, 1, A.p, 1));
}

ABORTS(workspace_shared_by_two_streams, "race")
{
    Blas first, second;
    FINE(cublasSetWorkspace(second.h, first.workspace.p, BLAS_WORKSPACE));
    Matrix<double> A(2, 2), C(2, 2), D(2, 2);
    A.up();
    C.up();
    D.up();
    double one = 1, zero = 0;
    FINE(call_syrk(first.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    FINE(call_syrk(second.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, D));
    OK(cudaDeviceSynchronize());
}

ABORTS(device_scalar_in_host_mode, "device-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    Array<double> scalars(2);
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, scalars.p, A, scalars.p + 1, C));
}

ABORTS(host_scalar_in_device_mode, "host-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    double one = 1, zero = 0;
    FINE(cublasSetPointerMode(blas.h, CUBLAS_POINTER_MODE_DEVICE));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
}

namespace
{

/* Two systems of order 2 by arrays of pointers. */
struct TwoSystems {
    Trsm t = {CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT};
    Blas blas;
    Matrix<double> A{2, 2, 2}, B{2, 2, 2};
    Addresses<double> pa, pb;

    TwoSystems() : pa(A), pb(B)
    {
        prepare(t, &A);
        B.up();
    }
    void solve(double *const *items_of_b)
    {
        double one = 1;
        FINE(call_trsm_batched(blas.h, t, &one, pa.p, A, items_of_b, B));
    }
};

} // namespace

PASSES(pointer_array_on_the_device)
{
    TwoSystems s;
    s.solve(s.pb.p);
    OK(cudaStreamSynchronize(s.blas.stream));
}

ABORTS(pointer_array_on_the_stack, "host-pointer")
{
    TwoSystems s;
    double *on_stack[] = {s.B.item(0), s.B.item(1)};
    s.solve(on_stack);
}

ABORTS(pointer_array_changed_on_another_stream, "race")
{
    TwoSystems s;
    cudaStream_t other = new_stream();
    s.solve(s.pb.p);
    OK(cudaMemsetAsync(s.pb.p, 0, 2 * sizeof(double *), other));
    OK(cudaDeviceSynchronize());
}

ABORTS(items_of_a_batch_overlap, "overlap")
{
    TwoSystems s;
    s.pb.v[1] = s.pb.v[0] + 1;
    s.pb.up();
    s.solve(s.pb.p);
    OK(cudaStreamSynchronize(s.blas.stream));
}

ABORTS(stride_of_the_output_too_small, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    double one = 1, zero = 0;
    FINE(call_strided(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, A.stride, B, &zero, C, C.ld, 2));
}

ABORTS(gemm_output_is_an_input, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2), B(2, 2);
    double one = 1, zero = 0;
    FINE(call_gemm(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, B, &zero, A, 2));
}

ABORTS(types_mixed, "enum")
{
    Blas blas;
    Array<float> x(4);
    float one = 1, zero = 0;
    FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, x.p, CUDA_R_16F, 1,
                         x.p + 1, CUDA_R_16BF, 1, &zero, x.p + 2, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                         CUBLAS_GEMM_DEFAULT));
}

ABORTS(unwritten_input, "uninitialised")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    double one = 1, zero = 0;
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    OK(cudaStreamSynchronize(blas.stream));
}

ABORTS(inputs_not_ordered_before, "race")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    double one = 1, zero = 0;
    cudaStream_t other = new_stream();
    OK(cudaMemsetAsync(A.p, 0, 4 * sizeof(double), other));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    OK(cudaDeviceSynchronize());
}

PASSES(wished_failures)
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    emu_fail_call("cublasDsyrk_v2_64", 1, CUBLAS_STATUS_ARCH_MISMATCH);
    emu_poison_output("cublasDsyrk_v2_64", 2);
    STATUS(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C),
           CUBLAS_STATUS_ARCH_MISMATCH);
    C.down(blas.stream);
    CHECK(C.kept(0, 0));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    C.down(blas.stream);
    CHECK(std::isnan(C.at(1, 0)) && C.kept(0, 1));
    emu_fail_call("cublasCreate_v2", 2, CUBLAS_STATUS_NOT_INITIALIZED);
    cublasHandle_t h = nullptr;
    STATUS(cublasCreate(&h), CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK(h == nullptr);
}

PASSES(without_a_driver)
{
    emu_set_devices(2, EMU_NO_DRIVER);
    cublasHandle_t h = nullptr;
    STATUS(cublasCreate(&h), CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK(h == nullptr);
    int version = 0;
    FINE(cublasGetVersion(nullptr, &version));
    CHECK(version == CUBLAS_VERSION);
    CHECK(strcmp(cublasGetStatusName(CUBLAS_STATUS_NOT_SUPPORTED), "CUBLAS_STATUS_NOT_SUPPORTED") ==
          0);
    CHECK(strlen(cublasGetStatusString(CUBLAS_STATUS_ALLOC_FAILED)) > 0);
}
