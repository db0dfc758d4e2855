# cmake --install: headers, libraries, CMake package, pkg-config file, man pages. The command
# installs itself in tools/.
include(CMakePackageConfigHelpers)

set(RITZ_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/Ritz")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/ritz" "${PROJECT_BINARY_DIR}/include/ritz"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(FILES "${PROJECT_SOURCE_DIR}/docs/man/ritz.1" "${PROJECT_SOURCE_DIR}/docs/man/ritz-lstsq.1"
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")

# Two export sets: a user of the shared library needs none of the dependencies' development
# packages, a user of the static one needs them all.
install(TARGETS ritz EXPORT RitzShared LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(TARGETS ritz_static EXPORT RitzStatic ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT RitzShared NAMESPACE Ritz:: DESTINATION "${RITZ_PACKAGE_DIR}")
install(EXPORT RitzStatic NAMESPACE Ritz:: DESTINATION "${RITZ_PACKAGE_DIR}")

set(RITZ_CUDA_PACKAGE "")
if(RITZ_CUDA_MODE STREQUAL "static")
    set(RITZ_CUDA_PACKAGE CUDAToolkit)
endif()
configure_package_config_file(cmake/RitzConfig.cmake.in "${PROJECT_BINARY_DIR}/RitzConfig.cmake"
    INSTALL_DESTINATION "${RITZ_PACKAGE_DIR}"
    NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor release may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/RitzConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/RitzConfig.cmake"
    "${PROJECT_BINARY_DIR}/RitzConfigVersion.cmake"
    cmake/FindOpenBLAS.cmake
    cmake/FindLAPACKE.cmake
    DESTINATION "${RITZ_PACKAGE_DIR}")

# ritz.pc. Its prefix is relative to the file, so that the installed tree can be moved.
set(RITZ_PC_DIR "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH RITZ_PC_TO_PREFIX "/${RITZ_PC_DIR}" "/")
string(REGEX REPLACE "/$" "" RITZ_PC_TO_PREFIX "${RITZ_PC_TO_PREFIX}")
set(RITZ_PC_PRIVATE "")
if(NOT LAPACKE_LIBRARY STREQUAL OpenBLAS_LIBRARY)
    string(APPEND RITZ_PC_PRIVATE " ${LAPACKE_LIBRARY}")
endif()
if(OpenBLAS_RUNTIME_DIR)
    string(APPEND RITZ_PC_PRIVATE
        " -L${OpenBLAS_RUNTIME_DIR} -Wl,-rpath,${OpenBLAS_RUNTIME_DIR}")
endif()
get_filename_component(openblas_name "${OpenBLAS_LIBRARY}" NAME_WE)
string(REGEX REPLACE "^lib" "" openblas_name "${openblas_name}")
foreach(name IN LISTS openblas_name RITZ_OPENMP_LIBRARY)
    string(APPEND RITZ_PC_PRIVATE " -l${name}")
endforeach()
if(RITZ_CUDA_MODE STREQUAL "static")
    string(APPEND RITZ_PC_PRIVATE " -L${CUDAToolkit_LIBRARY_DIR} -Wl,-rpath,${CUDAToolkit_LIBRARY_DIR}"
        " -lcusolver -lcublas -lcudart_static -lrt")
endif()
string(APPEND RITZ_PC_PRIVATE " -lz -lpthread -ldl -lm")
configure_file(cmake/ritz.pc.in "${PROJECT_BINARY_DIR}/ritz.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/ritz.pc" DESTINATION "${RITZ_PC_DIR}")
