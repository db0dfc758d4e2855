/* Runs a fuzz target without a fuzzing engine: seeds, and mutations of them from a fixed random
 * sequence, so that it is an ordinary test.
 *
 *     test_fuzz_reader [runs]    seeds and `runs` mutations (default 20000)
 *     test_fuzz_reader FILE...   the files alone, to repeat what an engine found
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 4096, DEFAULT_RUNS = 20000 };

typedef struct seed {
    const char *bytes;
    size_t size;
} seed;

#define SEED(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define ELEMENTS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"

/* Without the first byte, which chooses the compression. */
static const seed seeds[] = {
    SEED("\x93NUMPY\1\0\x36\0"
         "{'descr':'<f4','fortran_order':False,'shape':(4,3,),}\n" ELEMENTS),
    SEED("\x93NUMPY\1\0\x33\0"
         "{'descr':'>f8','fortran_order':True,'shape':(3,2)}\n" ELEMENTS),
    SEED("\x93NUMPY\2\0\x35\0\0\0"
         "{'descr':'<i2','fortran_order':True,'shape':(6,4,),}\n" ELEMENTS),
    SEED("\x93NUMPY\3\0\x36\0\0\0"
         "{'descr':'|b1','fortran_order':False,'shape':(4,3,4)}\n" ELEMENTS),
    SEED("\x93NUMPY\1\0\x33\0"
         "{'descr':'<u8','fortran_order':False,'shape':(6,)}\n" ELEMENTS),
    SEED("\x93NUMPY\1\0\x36\0"
         "{'descr':'<f2','fortran_order':False,'shape':(0,999)}\n" ELEMENTS),
    SEED("\0\0\x08\3\0\0\0\3\0\0\0\2\0\0\0\2"
         "abcdefghijkl"),
    SEED("\0\0\x0D\1\0\0\0\3"
         "abcdefghijkl"),
    SEED("\0\0\x0B\2\0\0\0\3\0\0\0\2"
         "abcdefghijkl"),
    SEED("%%MatrixMarket matrix coordinate real general\n% c\n\n3 4 3\n1 1 1.5\n2 4 -2e3\n3 1 7\n"),
    SEED("%%MatrixMarket matrix coordinate integer symmetric\n3 3 2\n2 1 5\n3 3 -1\n"),
    SEED("%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n"),
    SEED("1,2,3\n4,5,6\n"),
    SEED("# c\na;b\n1.5;-2e3\r\nnan;inf\n"),
    SEED("\"x\" \"y\"\n 1  2 \n3\t4"),
    SEED("\xEF\xBB\xBF"
         "a\tb\n\n1\t2\n123456789012345678901234567890\t1e-320\n"),
    SEED(
        "\x1F\x8B\x08\0\0\0\0\0\2\3\x33\xD4\x31\xE2\x32\xD6\x31\xE1\2\0\x47\x93\x6C\xAF\x08\0\0\0"),
};

enum { SEEDS = sizeof seeds / sizeof *seeds };

/* xorshift64 (Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003). */
static uint64_t random_state = 88172645463325252u;

static size_t below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state >> 11) % bound;
}

/* One change in place: what is likely to hit a decision of a parser. */
static size_t mutate(uint8_t *data, size_t size)
{
    static const char tokens[] = "0123456789(){}[],;'\": \t\r\n#.eE+-<>|=fiub\0\xFF\x7F\x80";
    size_t at = below(size);
    size_t n = 1 + below(8);
    switch (below(7)) {
    case 0: data[at] = (uint8_t)(data[at] ^ 1 << below(8)); break;
    case 1: data[at] = (uint8_t)below(256); break;
    case 2: data[at] = (uint8_t)tokens[below(sizeof tokens - 1)]; break;
    case 3: return at > 0 ? at : size; /* cut */
    case 4:                            /* remove a piece */
        if (at + n < size) {
            memmove(data + at, data + at + n, size - at - n);
            size -= n;
        }
        break;
    case 5: /* repeat a piece */
        if (at + n < size && size + n <= MAX_BYTES) {
            memmove(data + at + n, data + at, size - at);
            size += n;
        }
        break;
    default: /* a piece from elsewhere */
        if (at + n < size) memmove(data + at, data + below(size - n), n);
        break;
    }
    return size;
}

static void run_seed(const seed *s, uint8_t packed, int changes)
{
    static uint8_t data[MAX_BYTES];
    size_t size = s->size + 1;
    data[0] = packed;
    memcpy(data + 1, s->bytes, s->size);
    for (int i = 0; i < changes; i++) size = mutate(data, size);
    (void)LLVMFuzzerTestOneInput(data, size);
}

static int run_file(const char *path)
{
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    return 0;
}

int main(int argc, char **argv)
{
    long runs = DEFAULT_RUNS;
    if (argc > 1) {
        char *end = NULL;
        runs = strtol(argv[1], &end, 10);
        if (*end != '\0') {
            int failed = 0;
            for (int i = 1; i < argc; i++) failed |= run_file(argv[i]);
            return failed;
        }
    }
    for (size_t i = 0; i < 2 * SEEDS; i++) run_seed(&seeds[i / 2], (uint8_t)(i % 2), 0);
    for (long run = 0; run < runs; run++) {
        run_seed(&seeds[below(SEEDS)], (uint8_t)below(2), 1 + (int)below(4));
    }
    printf("%d seeds and %ld mutations: no crash\n", (int)SEEDS, runs);
    return 0;
}
