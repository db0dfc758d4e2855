# libritz_cuda.so, the CUDA backend as a plugin beside libritz. It is linked against no part of
# libritz, whose functions it
# receives when it is opened; its one export is ritz_backend_open.

# ritz_cuda_host_code(target STATIC 0|1): a target that compiles src/cuda/*.c. Checked calls are
# statement expressions, an
# extension of GNU C.
function(ritz_cuda_host_code target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "STATIC" "")
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cuda/*.c")
    if(arg_STATIC)
        list(FILTER sources EXCLUDE REGEX "/core\\.c$")
    endif()
    add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
    set_target_properties(${target} PROPERTIES
        POSITION_INDEPENDENT_CODE ON
        C_EXTENSIONS ON
        C_VISIBILITY_PRESET hidden)
    target_include_directories(${target}
        PRIVATE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/include"
            "${PROJECT_SOURCE_DIR}/src")
    target_include_directories(${target} SYSTEM PRIVATE "${RITZ_CUDA_INCLUDE_DIR}")
    target_compile_options(${target} PRIVATE -Wno-pedantic)
    target_compile_definitions(${target} PRIVATE
        RITZ_BACKEND_ABI=${RITZ_BACKEND_ABI} RITZ_CUDA_STATIC=${arg_STATIC})
endfunction()

# Where the toolkit's libraries are, if the loader does not look there anyway.
set(RITZ_CUDA_RUNTIME_DIR "${CUDAToolkit_LIBRARY_DIR}")

if(RITZ_CUDA_INCLUDE_DIR)
    ritz_cuda_host_code(ritz_cuda_objects STATIC 0)
endif()

if(RITZ_CUDA_MODE STREQUAL "plugin")
    ritz_compile_kernels(kernel_objects)
    add_library(ritz_cuda MODULE EXCLUDE_FROM_ALL
        $<TARGET_OBJECTS:ritz_cuda_objects> ${kernel_objects})
    set_target_properties(ritz_cuda PROPERTIES
        LINKER_LANGUAGE C
        INSTALL_RPATH "\$ORIGIN;${RITZ_CUDA_RUNTIME_DIR}")
    # The runtime's own copy: a plugin has nothing to miss then, and exports no cuda* symbol.
    target_link_libraries(ritz_cuda PRIVATE
        CUDA::cublas CUDA::cusolver CUDA::cudart_static Threads::Threads ${CMAKE_DL_LIBS} rt m)
    target_link_options(ritz_cuda PRIVATE LINKER:--exclude-libs,ALL)
    if(NOT (RITZ_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES "Clang"))
        target_link_options(ritz_cuda PRIVATE LINKER:-z,defs)
    endif()
endif()
