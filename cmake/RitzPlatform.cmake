# The platforms that Ritz is written for and tested on.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux"
   OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|aarch64|arm64)$"
   OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    message(FATAL_ERROR
        "Ritz supports 64-bit Linux on x86-64 and aarch64, not ${CMAKE_SYSTEM_NAME} on "
        "${CMAKE_SYSTEM_PROCESSOR}.")
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set(RITZ_ARCH "x86_64")
else()
    set(RITZ_ARCH "aarch64")
endif()
