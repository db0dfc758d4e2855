#!/bin/sh
# plugin.sh RITZ LIBRARY_DIRECTORY
# The installed plugin is found beside the installed library, and everything that it needs is found too.
set -eu
ritz=$1
plugin=$2/libritz_cuda.so

explanation=$("$ritz" info)
if echo "$explanation" | grep -q 'there is no CUDA plugin'; then
    echo "$explanation"
    exit 1
fi
if ldd "$plugin" | grep 'not found'; then
    exit 1
fi
RITZ_PLUGIN_PATH=$plugin "$ritz" info
! RITZ_PLUGIN_PATH=$plugin "$ritz" info | grep 'cannot be loaded'
