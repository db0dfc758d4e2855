# Finds OpenBLAS, the OpenMP flavour first: one pool of threads then serves both OpenBLAS and
# Ritz's own loops. Set OpenBLAS_ROOT, or OpenBLAS_LIBRARY and OpenBLAS_INCLUDE_DIR, to choose.
#
#   OpenBLAS::OpenBLAS     imported target
#   OpenBLAS_RUNTIME_DIR   directory to put in the run path; empty if the loader looks there anyway
#   OpenBLAS_THREADING     openmp, pthreads or none; empty if it could not be asked

# Debian keeps each flavour in a directory of its own and points libopenblas.so, through its
# alternatives, to any of them. Fedora calls the OpenMP flavour libopenblaso.
find_library(OpenBLAS_LIBRARY NAMES openblaso openblas PATH_SUFFIXES openblas-openmp)
find_path(OpenBLAS_INCLUDE_DIR NAMES cblas.h openblas/cblas.h
    PATH_SUFFIXES openblas-openmp openblas)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS
    REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "\n   On Debian: apt-get install libopenblas-openmp-dev")
mark_as_advanced(OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR)

if(OpenBLAS_FOUND)
    get_filename_component(OpenBLAS_RUNTIME_DIR "${OpenBLAS_LIBRARY}" DIRECTORY)
    foreach(dir IN ITEMS /lib /lib64 /usr/lib /usr/lib64 /usr/local/lib
            /lib/${CMAKE_LIBRARY_ARCHITECTURE} /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
        if(OpenBLAS_RUNTIME_DIR STREQUAL dir)
            set(OpenBLAS_RUNTIME_DIR "")
        endif()
    endforeach()

    if(NOT TARGET OpenBLAS::OpenBLAS)
        add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
        set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
            IMPORTED_LOCATION "${OpenBLAS_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${OpenBLAS_INCLUDE_DIR}")
    endif()

    if(CMAKE_C_COMPILER_LOADED AND NOT CMAKE_CROSSCOMPILING AND NOT DEFINED OpenBLAS_THREADING)
        include(CMakePushCheckState)
        include(CheckCSourceRuns)
        set(OpenBLAS_THREADING "" CACHE INTERNAL "threading of ${OpenBLAS_LIBRARY}")
        cmake_push_check_state(RESET)
        set(CMAKE_REQUIRED_LIBRARIES OpenBLAS::OpenBLAS)
        set(CMAKE_REQUIRED_QUIET ON)
        set(OpenBLAS_parallel_none 0)
        set(OpenBLAS_parallel_pthreads 1)
        set(OpenBLAS_parallel_openmp 2)
        foreach(kind IN ITEMS openmp pthreads none)
            check_c_source_runs("
                int openblas_get_parallel(void);
                int main(void) { return openblas_get_parallel() != ${OpenBLAS_parallel_${kind}}; }"
                OpenBLAS_IS_${kind})
            if(OpenBLAS_IS_${kind})
                set(OpenBLAS_THREADING ${kind} CACHE INTERNAL "threading of ${OpenBLAS_LIBRARY}")
                break()
            endif()
        endforeach()
        cmake_pop_check_state()
        message(STATUS "OpenBLAS threading: ${OpenBLAS_THREADING}")
    endif()
endif()
