# libritz_cuda.so, the CUDA backend as a plugin beside libritz. It is linked against no part of
# libritz, whose functions it
# receives when it is opened; its one export is ritz_backend_open.

if(RITZ_CUDA_INCLUDE_DIR)
    ritz_cuda_host_code(ritz_cuda_objects STATIC 0)
endif()

if(RITZ_CUDA_MODE STREQUAL "plugin")
    ritz_compile_kernels(kernel_objects cuda)
    add_library(ritz_cuda MODULE
        $<TARGET_OBJECTS:ritz_cuda_objects> ${kernel_objects})
    set_target_properties(ritz_cuda PROPERTIES
        LINKER_LANGUAGE C
        INSTALL_RPATH "${CUDAToolkit_LIBRARY_DIR}")
    target_link_libraries(ritz_cuda PRIVATE
        ${RITZ_CUDA_LIBRARIES} Threads::Threads ${CMAKE_DL_LIBS} m)
    target_link_options(ritz_cuda PRIVATE LINKER:--exclude-libs,ALL)
    if(NOT (RITZ_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES "Clang"))
        target_link_options(ritz_cuda PRIVATE LINKER:-z,defs)
    endif()
    install(TARGETS ritz_cuda LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
