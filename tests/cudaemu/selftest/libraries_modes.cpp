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

ABORTS(pointer_array_on_the_stack, "host-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    Addresses<double> pa(A), pc(C);
    double *pb[] = {B.item(0), B.item(1)}, one = 1, zero = 0;
    FINE(call_pointers(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, &one, pa.p, A, pb, B, &zero, pc.p, C));
}

ABORTS(pointer_array_changed_on_another_stream, "race")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2);
    Trsm t = {CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT};
    prepare(t, &A);
    B.up();
    Addresses<double> pa(A), pb(B);
    double one = 1;
    cudaStream_t other = new_stream();
    FINE(call_trsm_batched(blas.h, t, &one, pa.p, A, pb.p, B));
    OK(cudaMemsetAsync(pa.p, 0, 2 * sizeof(double *), other));
    OK(cudaDeviceSynchronize());
}

ABORTS(items_of_a_batch_overlap, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    A.up();
    B.up();
    C.up();
    Addresses<double> pa(A), pb(B), pc(C);
    pc.v[1] = pc.v[0] + 1;
    pc.up();
    double one = 1, zero = 0;
    FINE(
        call_pointers(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, &one, pa.p, A, pb.p, B, &zero, pc.p, C));
    OK(cudaStreamSynchronize(blas.stream));
}

ABORTS(stride_of_the_output_too_small, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    double one = 1, zero = 0;
    FINE(cublasDgemmStridedBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, A.p, A.ld,
                                      A.stride, B.p, B.ld, B.stride, &zero, C.p, C.ld, C.ld, 2));
}

ABORTS(gemm_output_is_an_input, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2), B(2, 2);
    double one = 1, zero = 0;
    FINE(call_gemm(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, B, &zero, A, 2));
}

ABORTS(geam_transposed_in_place, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2);
    double one = 1, zero = 0;
    FINE(cublasDgeam_64(blas.h, CUBLAS_OP_T, CUBLAS_OP_N, 2, 2, &one, A.p, A.ld, &zero, nullptr, 2,
                        A.p, A.ld));
}

ABORTS(fast_math_misaligned, "alignment")
{
    Blas blas;
    Matrix<float> A(4, 4, 1, 0), B(4, 4, 1, 0), C(4, 4, 1, 0);
    A.up();
    B.up();
    C.up();
    Addresses<float> pa(A), pb(B), pc(C);
    pa.v[0] += 1;
    pa.up();
    float one = 1, zero = 0;
    FINE(cublasSetMathMode(blas.h, CUBLAS_TF32_TENSOR_OP_MATH));
    FINE(cublasSgemmBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 3, 4, 4, &one, pa.p, 4, pb.p, 4,
                               &zero, pc.p, 4, 1));
    OK(cudaStreamSynchronize(blas.stream));
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
