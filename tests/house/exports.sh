#!/bin/sh
# exports.sh NM LIBRITZ_SO INCLUDE_DIR/ritz
# The shared library exports the functions that the public headers declare, and nothing else.
set -eu
nm=$1
library=$2
headers=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$nm" -D --defined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | sort -u \
    >"$work/exported"

# A declaration starts with RITZ_API; the first ritz_ name before a parenthesis is the function's.
cat "$headers"/*.h | tr '\n' ' ' | grep -oE 'RITZ_API [^;{]*' |
    sed -nE 's/^[^(]*\b(ritz_[a-z0-9_]+) *\(.*/\1/p' | sort -u >"$work/declared"

comm -23 "$work/exported" "$work/declared" >"$work/extra"
comm -13 "$work/exported" "$work/declared" >"$work/missing"
if [ -s "$work/extra" ]; then
    echo "exported, but declared in no public header:"
    cat "$work/extra"
fi
if [ -s "$work/missing" ]; then
    echo "declared in a public header, but not exported:"
    cat "$work/missing"
fi
[ -s "$work/exported" ] && [ ! -s "$work/extra" ] && [ ! -s "$work/missing" ]
