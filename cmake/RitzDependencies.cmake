# What the library needs. The command and the tests find their own dependencies.
find_package(OpenBLAS REQUIRED)
find_package(LAPACKE REQUIRED)

find_package(ZLIB QUIET)
if(NOT ZLIB_FOUND)
    message(FATAL_ERROR "zlib was not found. On Debian: apt-get install zlib1g-dev")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Named as a plain library ("gomp", "omp"), so that an installed libritz.a can be linked by a
# compiler other than the one that built it.
set(RITZ_OPENMP_LIBRARY "")
if(RITZ_THREADS STREQUAL "openmp")
    find_package(OpenMP QUIET COMPONENTS C)
    if(NOT OpenMP_C_FOUND)
        message(FATAL_ERROR
            "${CMAKE_C_COMPILER} has no OpenMP. On Debian: apt-get install gcc (libgomp comes "
            "with it) or libomp-dev (for clang); or configure with -DRITZ_THREADS=pthreads")
    endif()
    set(RITZ_OPENMP_LIBRARY ${OpenMP_C_LIB_NAMES})
    list(REMOVE_ITEM RITZ_OPENMP_LIBRARY pthread)

    if(OpenBLAS_THREADING AND NOT OpenBLAS_THREADING STREQUAL "openmp")
        message(WARNING
            "${OpenBLAS_LIBRARY} is the ${OpenBLAS_THREADING} flavour of OpenBLAS. Ritz works with "
            "it, but is faster with the OpenMP flavour, which shares its threads with Ritz. "
            "On Debian: apt-get install libopenblas-openmp-dev")
    endif()
endif()
