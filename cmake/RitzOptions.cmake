# Every option of the build, in one place.

# A cache variable with a fixed list of values; any other value stops with one sentence.
function(ritz_choice name default help)
    set(${name} "${default}" CACHE STRING "${help}")
    set_property(CACHE ${name} PROPERTY STRINGS ${ARGN})
    if(NOT "${${name}}" IN_LIST ARGN)
        list(JOIN ARGN ", " allowed)
        message(FATAL_ERROR "${name} is \"${${name}}\"; it must be one of: ${allowed}.")
    endif()
endfunction()

ritz_choice(RITZ_CUDA auto "CUDA backend: off, plugin, static, or auto (a plugin, if the toolkit is there)"
    off plugin static auto)
set(RITZ_CUDA_ARCHITECTURES "90" CACHE STRING
    "Compute capabilities that the CUDA backend is built for (for example 80;90), or all")
ritz_choice(RITZ_THREADS openmp "Threads of Ritz's own parallel loops: openmp or pthreads"
    openmp pthreads)

option(RITZ_BUILD_TOOLS "Build the ritz command" ${PROJECT_IS_TOP_LEVEL})
option(RITZ_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(RITZ_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(RITZ_BENCH_PEERS "Benchmarks: also beside Eigen (slow to compile) and libxsmm, if installed" OFF)
option(RITZ_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})

option(RITZ_BUILD_EMULATION "Test the CUDA backend on an emulation, if NVIDIA's headers are here" ON)

option(RITZ_WERROR "Treat compiler warnings as errors" OFF)
ritz_choice(RITZ_COVERAGE off
    "What is instrumented for coverage: off, all (without the CUDA emulation), or cuda (src/cuda alone, on it)"
    off all cuda)
set(RITZ_SANITIZE "" CACHE STRING
    "Sanitizers, as given to -fsanitize= (for example address,undefined); empty for none")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
