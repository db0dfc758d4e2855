# Sets RITZ_TEST_LAUNCHER. The thread sanitizer of gcc 12 and clang 14 stops at once ("unexpected
# memory mapping") on kernels that randomise more address bits than it expects; there the tests run
# with randomisation off.
set(source "${CMAKE_CURRENT_BINARY_DIR}/tsan_probe.c")
file(WRITE "${source}" "int main(void) { return 0; }\n")
set(probe "${CMAKE_CURRENT_BINARY_DIR}/tsan_probe")
execute_process(
    COMMAND ${CMAKE_C_COMPILER} -fsanitize=thread "${source}" -o "${probe}"
    RESULT_VARIABLE compiled OUTPUT_QUIET ERROR_QUIET)
if(NOT compiled EQUAL 0)
    message(FATAL_ERROR "${CMAKE_C_COMPILER} has no thread sanitizer.")
endif()

# Randomisation is random: one good run proves little.
function(ritz_tsan_runs result)
    foreach(attempt RANGE 9)
        execute_process(COMMAND ${ARGN} "${probe}"
            RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
        if(NOT code EQUAL 0)
            set(${result} FALSE PARENT_SCOPE)
            return()
        endif()
    endforeach()
    set(${result} TRUE PARENT_SCOPE)
endfunction()

ritz_tsan_runs(plain)
if(NOT plain)
    ritz_tsan_runs(fixed setarch ${CMAKE_HOST_SYSTEM_PROCESSOR} -R)
    if(NOT fixed)
        message(FATAL_ERROR "Programs built with the thread sanitizer do not run on this machine.")
    endif()
    set(RITZ_TEST_LAUNCHER setarch ${CMAKE_HOST_SYSTEM_PROCESSOR} -R)
endif()
