# The CUDA backend: how RITZ_CUDA is honoured.
if(NOT RITZ_CUDA STREQUAL "off")
    message(FATAL_ERROR
        "RITZ_CUDA=${RITZ_CUDA}: Ritz ${PROJECT_VERSION} has no CUDA backend; "
        "configure with -DRITZ_CUDA=off.")
endif()
