# Compiler and linker flags of everything that is built here. Nothing in this file reaches a
# project that uses Ritz.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)

add_compile_definitions(_GNU_SOURCE)
if(RITZ_THREADS STREQUAL "openmp")
    add_compile_definitions(RITZ_THREADS_OPENMP=1)
else()
    add_compile_definitions(RITZ_THREADS_OPENMP=0)
endif()
add_compile_options(-Wall -Wextra -Wshadow
    "$<$<COMPILE_LANGUAGE:C>:-Wpedantic;-Wconversion;-Wstrict-prototypes;-Wmissing-prototypes;-Wwrite-strings;-Wundef>")
if(RITZ_WERROR)
    add_compile_options(-Werror)
endif()

if(RITZ_SANITIZE)
    set(RITZ_SANITIZE_FLAGS -fsanitize=${RITZ_SANITIZE} -fno-omit-frame-pointer)
    add_compile_options(${RITZ_SANITIZE_FLAGS} -fno-sanitize-recover=all)
    add_link_options(${RITZ_SANITIZE_FLAGS})
endif()
if(RITZ_COVERAGE STREQUAL "all")
    # Atomic counters, because the worker streams run the instrumented code on threads of their own.
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
