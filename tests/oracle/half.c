/* The 16-bit formats, by arithmetic on exponent and fraction: IEEE 754 binary16 has 5 exponent and
 * 10 fraction bits, bfloat16 has 8 and 7; both have subnormals, infinities and NaN. */
#include "internal.h"

#include <math.h>

struct format {
    int exponent_bits, fraction_bits;
};

static const struct format binary16 = {5, 10};
static const struct format bfloat16 = {8, 7};

static long double value_of(struct format f, uint16_t bits)
{
    int bias = (1 << (f.exponent_bits - 1)) - 1;
    int top = (1 << f.exponent_bits) - 1;
    int exponent = (bits >> f.fraction_bits) & top;
    int fraction = bits & ((1 << f.fraction_bits) - 1);
    long double magnitude;

    if (exponent == top)
        magnitude = fraction ? (long double)NAN : (long double)INFINITY;
    else if (exponent == 0)
        magnitude = ldexpl((long double)fraction, 1 - bias - f.fraction_bits);
    else
        magnitude = ldexpl((long double)(fraction + (1 << f.fraction_bits)),
                           exponent - bias - f.fraction_bits);
    return bits >> 15 ? -magnitude : magnitude;
}

static uint16_t bits_of(struct format f, long double x)
{
    int bias = (1 << (f.exponent_bits - 1)) - 1;
    uint32_t infinity = ((1u << f.exponent_bits) - 1) << f.fraction_bits;
    uint32_t sign = signbit(x) ? 0x8000u : 0u;

    if (isnan(x)) return (uint16_t)(infinity | 1u << (f.fraction_bits - 1));
    if (isinf(x)) return (uint16_t)(sign | infinity);

    int e;
    (void)frexpl(x, &e);                          /* |x| = [1/2, 1) 2^e */
    if (x == 0 || e - 1 < 1 - bias) e = 2 - bias; /* subnormals share the smallest exponent */
    if (e - 1 > bias) return (uint16_t)(sign | infinity);

    /* In units of the last place: 0 .. 2^fraction_bits - 1 if subnormal, else one binade more. A
     * carry out of the fraction runs into the exponent field, which is right, up to infinity. */
    uint32_t units = (uint32_t)rintl(ldexpl(fabsl(x), f.fraction_bits - (e - 1)));
    uint32_t field = (uint32_t)(e - 2 + bias) << f.fraction_bits;
    return (uint16_t)(sign | (field + units));
}

long double oracle_f16_value(uint16_t bits)
{
    return value_of(binary16, bits);
}
long double oracle_bf16_value(uint16_t bits)
{
    return value_of(bfloat16, bits);
}
uint16_t oracle_f16_bits(long double x)
{
    return bits_of(binary16, x);
}
uint16_t oracle_bf16_bits(long double x)
{
    return bits_of(bfloat16, x);
}
