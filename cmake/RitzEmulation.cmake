# Whether the CUDA emulation (tests/cudaemu) is built. It needs NVIDIA's headers and nothing else of
# the toolkit.
#
#   RITZ_EMULATION          TRUE or FALSE
#   RITZ_EMULATION_MISSING  why not
#   RITZ_PTX                TRUE or FALSE: also with the PTX that nvcc makes, for which nvcc is needed
#   RITZ_PTX_MISSING        why not
include(CheckLanguage)

set(RITZ_EMULATION FALSE)
set(RITZ_EMULATION_MISSING "")
check_language(CXX)
if(NOT RITZ_BUILD_EMULATION)
    set(RITZ_EMULATION_MISSING "the build was configured with -DRITZ_BUILD_EMULATION=OFF")
elseif(RITZ_COVERAGE STREQUAL "all")
    set(RITZ_EMULATION_MISSING "the emulation is built for coverage with -DRITZ_COVERAGE=cuda only")
elseif(RITZ_SANITIZE MATCHES "thread|memory")
    set(RITZ_EMULATION_MISSING "the emulation is built with the address and undefined-behaviour sanitizers only")
elseif(NOT RITZ_CUDA_INCLUDE_DIR)
    set(RITZ_EMULATION_MISSING "the CUDA toolkit's headers are not installed")
elseif(NOT CMAKE_CXX_COMPILER)
    set(RITZ_EMULATION_MISSING "there is no C++ compiler")
else()
    set(RITZ_EMULATION TRUE)
endif()

set(RITZ_PTX FALSE)
set(RITZ_PTX_MISSING "${RITZ_EMULATION_MISSING}")
if(RITZ_EMULATION)
    if(RITZ_COVERAGE)
        set(RITZ_PTX_MISSING "coverage is of the kernels as the host's compiler translates them")
    elseif(CUDAToolkit_NVCC_EXECUTABLE)
        set(RITZ_PTX TRUE)
    else()
        set(RITZ_PTX_MISSING "the CUDA toolkit's compiler is not installed")
    endif()
endif()
