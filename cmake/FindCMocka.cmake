# Finds CMocka (unit tests), for the tests only: imported target CMocka::CMocka.
find_path(CMocka_INCLUDE_DIR NAMES cmocka.h)
find_library(CMocka_LIBRARY NAMES cmocka)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CMocka
    REQUIRED_VARS CMocka_LIBRARY CMocka_INCLUDE_DIR
    REASON_FAILURE_MESSAGE
    "\n   On Debian: apt-get install libcmocka-dev\n   Without the tests: -DRITZ_BUILD_TESTS=OFF")
mark_as_advanced(CMocka_LIBRARY CMocka_INCLUDE_DIR)

if(CMocka_FOUND AND NOT TARGET CMocka::CMocka)
    add_library(CMocka::CMocka UNKNOWN IMPORTED)
    set_target_properties(CMocka::CMocka PROPERTIES
        IMPORTED_LOCATION "${CMocka_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CMocka_INCLUDE_DIR}")
endif()
