# Finds LAPACKE, the C interface of LAPACK, so that its Fortran routines come from OpenBLAS.
# Needs FindOpenBLAS to have run. Set LAPACKE_ROOT, or LAPACKE_LIBRARY and LAPACKE_INCLUDE_DIR,
# to choose.
#
#   LAPACKE::LAPACKE    imported target
#   LAPACKE_IN_OPENBLAS whether OpenBLAS brings LAPACKE itself
#
# Debian's liblapacke.so depends on liblapack.so.3 and libblas.so.3, which its alternatives may
# point to another flavour of OpenBLAS: a second copy in the process, with threads of its own.
# liblapacke.a has no such ties; its undefined symbols are resolved by the OpenBLAS chosen here.
find_path(LAPACKE_INCLUDE_DIR NAMES lapacke.h HINTS "${OpenBLAS_INCLUDE_DIR}"
    PATH_SUFFIXES lapacke openblas)

include(CMakePushCheckState)
include(CheckCSourceCompiles)

set(LAPACKE_probe "
    int LAPACKE_dgeqrf_work(int, int, int, double *, int, double *, double *, int);
    int probe(void);
    int probe(void) { double a = 1, t, w; return LAPACKE_dgeqrf_work(102, 1, 1, &a, 1, &t, &w, 1); }")

# The probe is linked as libritz.so is: shared, position-independent, nothing left undefined.
macro(lapacke_link_test result)
    cmake_push_check_state(RESET)
    set(CMAKE_REQUIRED_FLAGS "-fPIC")
    set(CMAKE_REQUIRED_LINK_OPTIONS -shared -Wl,-z,defs)
    set(CMAKE_REQUIRED_LIBRARIES ${ARGN} OpenBLAS::OpenBLAS)
    set(CMAKE_REQUIRED_QUIET ON)
    check_c_source_compiles("${LAPACKE_probe}" ${result})
    cmake_pop_check_state()
endmacro()

# A project that only uses an installed libritz.a need not have C enabled; then the answers that
# the build of Ritz found are taken as they are.
if(CMAKE_C_COMPILER_LOADED AND TARGET OpenBLAS::OpenBLAS AND NOT DEFINED LAPACKE_LIBRARY)
    lapacke_link_test(LAPACKE_IN_OPENBLAS)
endif()
if(LAPACKE_IN_OPENBLAS)
    set(LAPACKE_LIBRARY "${OpenBLAS_LIBRARY}" CACHE FILEPATH "LAPACKE library")
else()
    find_library(LAPACKE_LIBRARY NAMES liblapacke.a lapacke)
endif()

if(LAPACKE_LIBRARY AND CMAKE_C_COMPILER_LOADED AND TARGET OpenBLAS::OpenBLAS)
    lapacke_link_test(LAPACKE_LINKS "${LAPACKE_LIBRARY}")
else()
    set(LAPACKE_LINKS "${LAPACKE_LIBRARY}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LAPACKE
    REQUIRED_VARS LAPACKE_LIBRARY LAPACKE_INCLUDE_DIR LAPACKE_LINKS
    REASON_FAILURE_MESSAGE "\n   On Debian: apt-get install liblapacke-dev")
mark_as_advanced(LAPACKE_LIBRARY LAPACKE_INCLUDE_DIR)

if(LAPACKE_FOUND AND NOT TARGET LAPACKE::LAPACKE)
    if(LAPACKE_LIBRARY STREQUAL OpenBLAS_LIBRARY)
        add_library(LAPACKE::LAPACKE INTERFACE IMPORTED)
    else()
        add_library(LAPACKE::LAPACKE UNKNOWN IMPORTED)
        set_target_properties(LAPACKE::LAPACKE PROPERTIES
            IMPORTED_LOCATION "${LAPACKE_LIBRARY}")
    endif()
    # The archive comes before the library that resolves it.
    set_target_properties(LAPACKE::LAPACKE PROPERTIES
        INTERFACE_LINK_LIBRARIES OpenBLAS::OpenBLAS
        INTERFACE_INCLUDE_DIRECTORIES "${LAPACKE_INCLUDE_DIR}")
endif()
