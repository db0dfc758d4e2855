#!/bin/sh
# build.sh COMPILER LIBDIR shared|static SOURCE OUTPUT
# A program that uses an installed Ritz through pkg-config.
set -eu
compiler=$1
libdir=$2
kind=$3
source=$4
output=$5

export PKG_CONFIG_PATH="$libdir/pkgconfig"
cflags=$(pkg-config --cflags ritz)
if [ "$kind" = static ]; then
    # Both libraries are in one directory, and -lritz would take the shared one.
    libs=$(pkg-config --libs --static ritz | sed 's/-lritz\b/-l:libritz.a/')
else
    libs="$(pkg-config --libs ritz) -Wl,-rpath,$libdir"
fi
# shellcheck disable=SC2086  # pkg-config prints lists of words
"$compiler" -std=c11 $cflags "$source" -o "$output" $libs

case $kind:$(ldd "$output" | grep -c libritz.so || true) in
shared:1 | static:0) ;;
*)
    echo "the program is not linked to the $kind library" >&2
    exit 1
    ;;
esac
exec "$output"
