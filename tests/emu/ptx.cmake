# Tests of the kernels' PTX (tests/cudaemu/ptx.h), as nvcc makes it for RITZ_PTX_TARGETS.

# ---- what the emulation finds in PTX ----
# The planted bugs and kernels of known answer of emu_selftest_kernels, compiled by nvcc.
ritz_compile_ptx(objects cuda-selftest-ptx
    "${selftest}/planted_kernels.cu" "${selftest}/sample_kernels.cu")
ritz_emu_selftest(ptx_planted "${selftest}/kernels_test.cpp" ${objects}) # compute_75
foreach(target IN ITEMS 90 120)
    add_test(NAME emu_ptx_${target}_planted COMMAND $<TARGET_FILE:test_emu_ptx_planted>)
    ritz_test_properties(emu_ptx_${target}_planted emu EMU_PTX=${target})
endforeach()

# ---- every kernel ----
set(records "${CMAKE_CURRENT_BINARY_DIR}/ptx-records")
add_test(NAME emu_ptx_begin COMMAND "${CMAKE_COMMAND}" -E rm -rf "${records}")
add_test(NAME emu_ptx_folder COMMAND "${CMAKE_COMMAND}" -E make_directory "${records}")
ritz_test_properties(emu_ptx_begin emu)
ritz_test_properties(emu_ptx_folder emu)
set_tests_properties(emu_ptx_folder PROPERTIES DEPENDS emu_ptx_begin)
set_tests_properties(emu_ptx_begin emu_ptx_folder PROPERTIES FIXTURES_SETUP ptx_folder)

# ritz_ptx_test(name number level command...): with each target in another order of blocks and
# threads; `number` says which is first.
set(records_of_tests "")
function(ritz_ptx_test name number level)
    set(orders ascending descending random)
    foreach(target IN LISTS RITZ_PTX_TARGETS)
        math(EXPR order "${number} % 3")
        math(EXPR number "${number} + 1")
        list(GET orders ${order} order)
        set(test emu_ptx_${target}_${name})
        add_test(NAME ${test} COMMAND ${ARGN})
        set(environment "RITZ_PLUGIN_PATH=${PROJECT_BINARY_DIR}/emu-ptx" EMU_MODE=late
            EMU_PTX=${target} EMU_ORDER=${order} RITZ_TEST_LEVEL=${level})
        if(target EQUAL 75)
            list(APPEND environment "EMU_PTX_COVERAGE=${records}/${name}.txt")
        endif()
        ritz_test_properties(${test} emu ${environment})
        if(target EQUAL 75)
            set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED ptx_folder
                FIXTURES_SETUP ptx_records)
        endif()
    endforeach()
    set(records_of_tests ${records_of_tests} "${records}/${name}.txt" PARENT_SCOPE)
endfunction()

foreach(program IN ITEMS test_emu_kernels conformance_emu dump_outcomes)
    add_dependencies(${program} ritz_cuda_emu_ptx)
endforeach()
ritz_ptx_test(kernels 0 full $<TARGET_FILE:test_emu_kernels>)
# Of the conformance suite what reaches kernels, or ways through them, that the above does not.
set(number 0)
foreach(group IN ITEMS transfer gemm syrk trsm gemm_grouped gemm_bias cholesky cholesky_extra
        cholesky_pivoted lu qr_pivoted sketch residual sparse random_orthogonal svd eigh norms det
        random sketching lowrank_eigh svd_rows ridge_ops primitives value_ops factor_ops
        determinism)
    math(EXPR number "${number} + 1")
    ritz_ptx_test(${group} ${number} sample $<TARGET_FILE:conformance_emu> --device cuda ${group})
endforeach()

add_test(NAME emu_ptx_coverage COMMAND "${RITZ_PYTHON}" "${PROJECT_SOURCE_DIR}/scripts/ptx-coverage"
    --list "${CMAKE_CURRENT_SOURCE_DIR}/unexecuted.txt"
    --objects "${PROJECT_BINARY_DIR}/cuda-ptx" ${records_of_tests})
ritz_test_properties(emu_ptx_coverage emu)
set_tests_properties(emu_ptx_coverage PROPERTIES FIXTURES_REQUIRED ptx_records)

# ---- the same numbers as the kernels that the host's compiler translates ----
# EMU_FUSE: with products and sums made one instruction, as ptxas may.
foreach(fuse IN ITEMS 0 1)
    add_test(NAME emu_ptx_same_${fuse} COMMAND "${RITZ_PYTHON}"
        "${CMAKE_CURRENT_SOURCE_DIR}/compare_outcomes.py" $<TARGET_FILE:dump_outcomes>
        "${PROJECT_BINARY_DIR}/emu" "${PROJECT_BINARY_DIR}/emu-ptx" EMU_FUSE=${fuse})
    ritz_test_properties(emu_ptx_same_${fuse} emu EMU_MODE=late)
endforeach()
