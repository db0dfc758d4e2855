# libritz.so and libritz.a, from one set of objects.
configure_file(cmake/version.h.in "${PROJECT_BINARY_DIR}/include/ritz/version.h" @ONLY)

file(GLOB RITZ_SOURCES CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/src/core/*.c"
    "${PROJECT_SOURCE_DIR}/src/algo/*.c"
    "${PROJECT_SOURCE_DIR}/src/cpu/*.c"
    "${PROJECT_SOURCE_DIR}/src/cpu/lane/*.c"
    "${PROJECT_SOURCE_DIR}/src/io/*.c")

# The interface between core and a plugin has a number, made from the headers that define it, so
# that two
# builds that do not fit together refuse each other.
file(GLOB interface CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/core/*.h"
    "${PROJECT_SOURCE_DIR}/src/core/ops.def" "${PROJECT_SOURCE_DIR}/include/ritz/*.h")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${interface})
set(hashes "")
foreach(header IN LISTS interface)
    file(SHA256 "${header}" hash)
    string(APPEND hashes "${hash}")
endforeach()
string(SHA256 hashes "${hashes}")
string(SUBSTRING "${hashes}" 0 8 hashes)
set(RITZ_BACKEND_ABI "0x${hashes}u")

add_library(ritz_objects OBJECT ${RITZ_SOURCES})
set_target_properties(ritz_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden)
target_include_directories(ritz_objects
    PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/include"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(ritz_objects
    PRIVATE LAPACKE::LAPACKE OpenBLAS::OpenBLAS ZLIB::ZLIB Threads::Threads)
if(RITZ_THREADS STREQUAL "openmp")
    separate_arguments(openmp_flags UNIX_COMMAND "${OpenMP_C_FLAGS}")
    target_compile_options(ritz_objects PRIVATE ${openmp_flags})
endif()

# Per-file flags. The CPU kernels never read errno or the floating-point exception flags, and
# nothing is compiled with -ffast-math: results must not depend on reassociation, and the finite
# checks must see NaN and Inf. Code for one instruction set lives in a file of its own, named for
# it, and is called only after a check at run time; only that file is built for that set. The
# lane kernels (src/cpu/lane) fuse products and sums where the set can.
file(GLOB cpu_sources CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/src/cpu/*.c" "${PROJECT_SOURCE_DIR}/src/cpu/lane/*.c")
foreach(source IN LISTS cpu_sources)
    set(flags -fno-math-errno -fno-trapping-math)
    if(source MATCHES "/lane/")
        list(APPEND flags -ffp-contract=fast)
    endif()
    if(RITZ_ARCH STREQUAL "x86_64")
        if(source MATCHES "_avx2\\.c$")
            list(APPEND flags -mavx2 -mfma)
        elseif(source MATCHES "_avx512\\.c$")
            list(APPEND flags -mavx2 -mfma -mavx512f -mavx512dq -mavx512vl -mavx512bw)
        endif()
    endif()
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "${flags}")
endforeach()

# The CUDA backend inside the library, for embedding. (The plugin: RitzPlugin.cmake.)
set(static_cuda 0)
set(cuda_objects "")
set(cuda_libraries "")
if(RITZ_CUDA_MODE STREQUAL "static")
    set(static_cuda 1)
    ritz_cuda_host_code(ritz_cuda_in_library STATIC 1)
    ritz_compile_kernels(kernel_objects cuda)
    add_custom_target(ritz_kernels DEPENDS ${kernel_objects})
    set(cuda_objects $<TARGET_OBJECTS:ritz_cuda_in_library> ${kernel_objects})
    set(cuda_libraries ${RITZ_CUDA_LIBRARIES})
endif()

set_property(SOURCE src/core/plugin.c src/core/services.c APPEND PROPERTY
    COMPILE_DEFINITIONS RITZ_BACKEND_ABI=${RITZ_BACKEND_ABI} RITZ_CUDA_STATIC=${static_cuda})

add_library(ritz SHARED $<TARGET_OBJECTS:ritz_objects> ${cuda_objects})
set_target_properties(ritz PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    LINKER_LANGUAGE C)
# The code of liblapacke.a inside libritz.so is nobody else's business.
target_link_options(ritz PRIVATE LINKER:--exclude-libs,ALL)
# Clang leaves the sanitizers' symbols in a shared library to the executable.
if(NOT (RITZ_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES "Clang"))
    target_link_options(ritz PRIVATE LINKER:-z,defs)
endif()

add_library(ritz_static STATIC $<TARGET_OBJECTS:ritz_objects> ${cuda_objects})
set_target_properties(ritz_static PROPERTIES OUTPUT_NAME ritz LINKER_LANGUAGE C)

foreach(library IN ITEMS ritz ritz_static)
    target_include_directories(${library} INTERFACE
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    target_link_libraries(${library} PRIVATE
        LAPACKE::LAPACKE OpenBLAS::OpenBLAS ZLIB::ZLIB Threads::Threads ${cuda_libraries}
        ${RITZ_OPENMP_LIBRARY} ${CMAKE_DL_LIBS} m)
    if(static_cuda)
        add_dependencies(${library} ritz_kernels)
    endif()
endforeach()
add_library(Ritz::ritz ALIAS ritz)
add_library(Ritz::ritz_static ALIAS ritz_static)

# An OpenBLAS flavour outside the loader's default directories must be the one that is loaded:
# Debian's alternatives would otherwise put another flavour in its place. (The build tree's run
# path already holds the directory.)
set(rpath "${OpenBLAS_RUNTIME_DIR}")
if(static_cuda)
    list(APPEND rpath "${CUDAToolkit_LIBRARY_DIR}")
endif()
set_target_properties(ritz PROPERTIES INSTALL_RPATH "${rpath}")
