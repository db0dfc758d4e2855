#!/bin/sh
# headers.sh c|c++ COMPILER INCLUDE_DIR/ritz...
# Compiles each public header alone, with warnings as errors.
set -eu
language=$1
compiler=$2
shift 2

case $language in
c) flags="-std=c11 -Wstrict-prototypes -Wmissing-prototypes" ;;
c++) flags="-std=c++17 -Wold-style-cast" ;;
esac
for dir in "$@"; do
    flags="$flags -I${dir%/ritz}"
done

count=0
failed=0
for dir in "$@"; do
    for header in "$dir"/*.h; do
        count=$((count + 1))
        # shellcheck disable=SC2086  # the flags are a list of words
        if ! printf '#include "ritz/%s"\nextern int not_empty;\n' "${header##*/}" |
            "$compiler" $flags -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror \
                -fsyntax-only -x "$language" -; then
            echo "ritz/${header##*/} does not compile alone as $language" >&2
            failed=1
        fi
    done
done
echo "$count headers"
[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
