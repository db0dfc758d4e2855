#!/bin/sh
# clang.sh CLANGXX CUDA_INCLUDE_DIR SOURCE_DIR BINARY_INCLUDE_DIR
# The kernels compile without a warning under clang++ too.
set -eu
clang=$1
cuda=$2
source=$3
generated=$4

count=0
for kernel in "$source"/src/cuda/*.cu; do
    "$clang" -x c++ -std=gnu++17 -DRITZ_CUDA_EMU -fsyntax-only \
        -Wall -Wextra -Wshadow -Wconversion -Werror -fno-exceptions -fno-rtti \
        -I "$source/src" -I "$source/include" -I "$source/tests/cudaemu" -I "$generated" \
        -isystem "$cuda" "$kernel"
    count=$((count + 1))
done
echo "$count files"
[ "$count" -gt 0 ]
