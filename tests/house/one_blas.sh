#!/bin/sh
# one_blas.sh LIBRITZ_SO OPENBLAS_LIBRARY
# One BLAS in the process, and the one that was chosen: a second copy brings threads of its own.
set -eu
library=$1
chosen=$(readlink -f "$2")

loaded=$(ldd "$library" | awk '/blas|lapack/ && !/cublas/ { print $3 }')
echo "$loaded"
[ "$(echo "$loaded" | wc -l)" -eq 1 ] && [ "$(readlink -f "$loaded")" = "$chosen" ]
