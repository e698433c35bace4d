/* The way of usual lines for registers of each width, and what it needs. */

/* The number that eight digits are. */
static inline uint64_t eight(uint64_t v)
{
    v = (v & 0x0F0F0F0F0F0F0F0Full) * 2561 >> 8;
    v = (v & 0x00FF00FF00FF00FFull) * 6553601 >> 16;
    return (v & 0x0000FFFF0000FFFFull) * 42949672960001ull >> 32;
}

/* 1 to 9 digits behind a point, as nanoseconds. */
static inline uint64_t fraction(P p, size_t n)
{
    uint64_t v = load8(p);
    if (n < 8) v = low(v, (unsigned)n) | 0x3030303030303030ull << ((8 * n) & 63);
    return eight(v) * 10 + (n == 9 ? (uint64_t)p[8] - '0' : 0);
}

/* By the length of a clock, less 20: what stands before its Z. */
static const uint8_t CLOCKS[11][64] = {
    "0000-00-00T00:00:00", "", "0000-00-00T00:00:00.0", "0000-00-00T00:00:00.00", "0000-00-00T00:00:00.000",
    "0000-00-00T00:00:00.0000", "0000-00-00T00:00:00.00000", "0000-00-00T00:00:00.000000",
    "0000-00-00T00:00:00.0000000", "0000-00-00T00:00:00.00000000", "0000-00-00T00:00:00.000000000"};

#if defined __SSE2__ && defined __x86_64__ && defined __GNUC__ && !defined __clang__
#define HAS_WIDE 1
/* Where the digits of `00.000000000` go in a number of 16, with the tens or without, by those behind the point. */
#define NO 0x80
#define PLACE(tens) { \
    {NO, NO, NO, NO, NO, tens, 1, NO, NO, NO, NO, NO, NO, NO, NO, NO}, {NO, NO, NO, NO, NO, tens, 1, 3, NO, NO, NO, NO, NO, NO, NO, NO}, \
    {NO, NO, NO, NO, NO, tens, 1, 3, 4, NO, NO, NO, NO, NO, NO, NO}, {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, NO, NO, NO, NO, NO, NO}, \
    {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, NO, NO, NO, NO, NO}, {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, 7, NO, NO, NO, NO}, \
    {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, 7, 8, NO, NO, NO}, {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, 7, 8, 9, NO, NO}, \
    {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, 7, 8, 9, 10, NO}, {NO, NO, NO, NO, NO, tens, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
static const uint8_t PLACES[2][10][16] = {PLACE(NO), PLACE(0)};
#undef PLACE
#undef NO

/* The last sixteen of `0000-00-00T00:00:00.000000000Z`, each less `0`; how far each may be over it; where the digits of its seconds
   go in a number of 16. */
static const uint8_t NANOS[16] = {0, 0, ':' - '0', 0, 0, (uint8_t)('.' - '0'), 0, 0, 0, 0, 0, 0, 0, 0, 0, 'Z' - '0'};
static const uint8_t NANOS_MOST[16] = {9, 9, 0, 5, 9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0};
static const uint8_t NANOS_PLACES[16] = {0x80, 0x80, 0x80, 0x80, 0x80, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14};
#endif

static unsigned (*find_newlines)(P, size_t, uint16_t *);

/* The newline of the line at `p`, found with those of the lines behind it; NULL when there is none before `end`. */
static inline P newline(Scanner *s, P p, P end)
{
    if (s->end_no == s->n_ends) {
        size_t left = (size_t)(end - p);
        s->ends_from = p;
        s->end_no = 0;
        s->n_ends = find_newlines(p, left < BLOCK ? left : BLOCK, s->ends);
        if (s->n_ends == 0) return left > BLOCK ? memchr(p, '\n', left) : NULL;
    }
    P nl = s->ends_from + s->ends[s->end_no];
    return nl < end ? nl : NULL;
}

#define WIDTH 128
#include "usual.h"
#undef WIDTH
#ifdef HAS_WIDE
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#define WIDTH 256
#include "usual.h"
#undef WIDTH
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#define WIDTH 512
#include "usual.h"
#undef WIDTH
#pragma GCC pop_options
#endif

static P (*usual)(Scanner *, P, P, P) = usual_128;
static unsigned (*know)(Scanner *, const Frame *, Query *, unsigned) = know_128;
static unsigned (*find_newlines)(P, size_t, uint16_t *) = newlines_128;
static void (*hash_names)(Naming *, unsigned) = hash_names_128;

/* Choose the way for registers of at most so many bits; returns their width. */
static int use_width(int most)
{
    usual = usual_128;
    know = know_128;
    find_newlines = newlines_128;
    hash_names = hash_names_128;
#ifdef HAS_WIDE
    if (most < 256 || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return 128;
    usual = usual_256;
    know = know_256;
    find_newlines = newlines_256;
    hash_names = hash_names_256;
    if (most < 512 || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
        || !__builtin_cpu_supports("avx512dq")) return 256;
    usual = usual_512;
    know = know_512;
    find_newlines = newlines_512;
    hash_names = hash_names_512;
    return 512;
#else
    (void)most;
    return 128;
#endif
}
