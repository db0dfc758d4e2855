# The CUDA backend: what of the toolkit is here, and how RITZ_CUDA is honoured. Nothing is built in
# this file.
#
#   RITZ_CUDA_MODE         off, plugin or static
# RITZ_CUDA_INCLUDE_DIR NVIDIA's headers, if they are here; with them the emulation can be built
# (tests/cudaemu)
#   RITZ_CUDA_MISSING      why CUDA tests are skipped, else empty
#   RITZ_CUDA_LIBRARIES    what the backend is linked to
#   RITZ_PTX_TARGETS       the architectures that ritz_compile_ptx writes PTX for
#   ritz_cuda_host_code(target STATIC 0|1), ritz_compile_kernels(objects directory [file...]),
#   ritz_compile_ptx(objects directory [file...])
set(RITZ_CUDA_LEAST 13.0)

find_package(CUDAToolkit ${RITZ_CUDA_LEAST} QUIET)
if(CUDAToolkit_FOUND AND CUDAToolkit_NVCC_EXECUTABLE
   AND TARGET CUDA::cudart_static AND TARGET CUDA::cublas AND TARGET CUDA::cusolver)
    set(toolkit TRUE)
else()
    set(toolkit FALSE)
endif()

if(RITZ_CUDA STREQUAL "auto")
    if(toolkit)
        set(RITZ_CUDA_MODE plugin)
    else()
        set(RITZ_CUDA_MODE off)
        message(STATUS
            "No CUDA backend: no CUDA toolkit ${RITZ_CUDA_LEAST} or newer was found "
            "(nvcc with cuBLAS and cuSOLVER).")
    endif()
else()
    set(RITZ_CUDA_MODE ${RITZ_CUDA})
    if(NOT RITZ_CUDA STREQUAL "off" AND NOT toolkit)
        message(FATAL_ERROR
            "RITZ_CUDA=${RITZ_CUDA}: no CUDA toolkit ${RITZ_CUDA_LEAST} or newer was found (nvcc with "
            "cuBLAS and cuSOLVER). Set CUDAToolkit_ROOT to where it is, or configure with "
            "-DRITZ_CUDA=off.")
    endif()
endif()

set(RITZ_CUDA_MISSING "")
if(NOT RITZ_CUDA_MODE STREQUAL "off")
    message(STATUS "CUDA backend: ${RITZ_CUDA_MODE}, CUDA ${CUDAToolkit_VERSION}, "
        "architectures ${RITZ_CUDA_ARCHITECTURES}")
elseif(RITZ_CUDA STREQUAL "off")
    set(RITZ_CUDA_MISSING "the build was configured with -DRITZ_CUDA=off")
else()
    set(RITZ_CUDA_MISSING "the CUDA toolkit is not installed")
endif()

# The runtime's own copy: nothing to miss when the plugin is loaded, and no cuda* symbol leaves it.
set(RITZ_CUDA_LIBRARIES CUDA::cublas CUDA::cusolver CUDA::cudart_static rt)

set(RITZ_CUDA_INCLUDE_DIR "")
if(CUDAToolkit_FOUND)
    find_path(RITZ_CUBLAS_HEADER_DIR NAMES cublas_v2.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
    mark_as_advanced(RITZ_CUBLAS_HEADER_DIR)
    if(RITZ_CUBLAS_HEADER_DIR)
        list(GET CUDAToolkit_INCLUDE_DIRS 0 RITZ_CUDA_INCLUDE_DIR)
    endif()
endif()

# The oldest architecture, one between and the newest generation: nvcc writes each in its own way.
set(RITZ_PTX_TARGETS 75 90 120)

set(RITZ_CUDA_ALL_ARCHITECTURES 75 80 86 87 88 89 90 100 103 110 120 121)

# Machine code for each architecture, and PTX of the newest for those to come.
function(ritz_gencode result)
    if(RITZ_CUDA_ARCHITECTURES STREQUAL "all")
        set(architectures ${RITZ_CUDA_ALL_ARCHITECTURES})
    else()
        set(architectures ${RITZ_CUDA_ARCHITECTURES})
        list(SORT architectures COMPARE NATURAL)
    endif()
    list(GET architectures -1 newest)
    set(flags "")
    foreach(arch IN LISTS architectures)
        if(NOT arch IN_LIST RITZ_CUDA_ALL_ARCHITECTURES)
            list(JOIN RITZ_CUDA_ALL_ARCHITECTURES ", " known)
            message(FATAL_ERROR
                "RITZ_CUDA_ARCHITECTURES has \"${arch}\"; it must be all, or some of: ${known}.")
        endif()
        list(APPEND flags -gencode arch=compute_${arch},code=sm_${arch})
    endforeach()
    list(APPEND flags -gencode arch=compute_${newest},code=compute_${newest})
    set(${result} ${flags} PARENT_SCOPE)
endfunction()

# ritz_nvcc_objects(objects FLAGS flag... INTO directory [file...]): these files, or else
# src/cuda/*.cu, by nvcc, with these flags among others, into build/<preset>/directory/; objects
# receives the files. What nvcc and its tools say of each is kept beside the object in FILE.ptxas.
function(ritz_nvcc_objects result)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FLAGS;INTO")
    list(POP_FRONT arg_INTO directory)
    set(kernels ${arg_INTO})
    if(NOT kernels)
        file(GLOB kernels CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cuda/*.cu")
    endif()
    set(flags -std=c++17 -O3 -lineinfo
        -Xcompiler -fPIC,-fno-exceptions,-fno-rtti,-fno-threadsafe-statics,-fvisibility=hidden
        -Xcompiler -Wall,-Wextra ${arg_FLAGS})
    if(RITZ_WERROR)
        list(APPEND flags -Werror all-warnings)
    endif()
    if(CMAKE_CUDA_HOST_COMPILER)
        list(APPEND flags -ccbin "${CMAKE_CUDA_HOST_COMPILER}")
    endif()
    set(directory "${PROJECT_BINARY_DIR}/${directory}")
    file(CONFIGURE OUTPUT "${directory}/toolkit" CONTENT "${CUDAToolkit_VERSION}\n")
    set(objects "")
    foreach(kernel IN LISTS kernels)
        get_filename_component(name "${kernel}" NAME_WE)
        set(object "${directory}/${name}.o")
        add_custom_command(
            OUTPUT "${object}"
            COMMAND sh "${PROJECT_SOURCE_DIR}/cmake/nvcc.sh" "${directory}/${name}.ptxas"
                "${CUDAToolkit_NVCC_EXECUTABLE}" ${flags}
                -I "${PROJECT_SOURCE_DIR}/src" -I "${PROJECT_SOURCE_DIR}/include"
                -I "${PROJECT_BINARY_DIR}/include"
                -MD -MF "${object}.d" -MT "${object}" -c "${kernel}" -o "${object}"
            # Not as MAIN_DEPENDENCY: tests/cudaemu compiles the same file with another compiler.
            DEPENDS "${kernel}" "${PROJECT_SOURCE_DIR}/cmake/nvcc.sh"
            DEPFILE "${object}.d"
            BYPRODUCTS "${directory}/${name}.ptxas"
            COMMENT "nvcc ${name}.cu"
            VERBATIM)
        list(APPEND objects "${object}")
    endforeach()
    set(${result} ${objects} PARENT_SCOPE)
endfunction()

# ritz_compile_kernels(objects directory [file...]): machine code. ptxas tells of each kernel its
# registers, spills and shared memory.
function(ritz_compile_kernels result)
    ritz_gencode(gencode)
    ritz_nvcc_objects(objects FLAGS -Xptxas -v,-warn-spills,-warn-lmem-usage ${gencode}
        INTO ${ARGN})
    set(${result} ${objects} PARENT_SCOPE)
endfunction()

# ritz_compile_ptx(objects directory [file...]): nothing but PTX, as plain text. For the emulation
# (tests/cudaemu), which executes it.
function(ritz_compile_ptx result)
    set(flags --no-compress)
    foreach(arch IN LISTS RITZ_PTX_TARGETS)
        list(APPEND flags -gencode arch=compute_${arch},code=compute_${arch})
    endforeach()
    ritz_nvcc_objects(objects FLAGS ${flags} INTO ${ARGN})
    set(${result} ${objects} PARENT_SCOPE)
endfunction()

# ritz_cuda_host_code(target STATIC 0|1): a target that compiles src/cuda/*.c. Checked calls are
# statement expressions, an
# extension of GNU C.
function(ritz_cuda_host_code target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "STATIC" "")
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cuda/*.c")
    if(arg_STATIC)
        list(FILTER sources EXCLUDE REGEX "/core\\.c$")
    endif()
    add_library(${target} OBJECT ${sources})
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
