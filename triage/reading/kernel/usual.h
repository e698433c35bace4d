/* The way of most lines, made once for each width of registers: `widths.h` includes it with WIDTH 512 (AVX-512), 256 (AVX2,
   BMI2) or 128 (SSE2, else plain C).

   Looked at through windows of 64 bytes, digits as zeros, query lines repeat: before the name stands one of some hundred
   shapes (`[INFO] 00.000.00.000:00000 - 00000 "A IN `), behind it one of some dozen (` udp 00 false 000" NOERROR qr,aa,rd
   000 0.000000000s`). A shape is learned from a line that was taken apart field by field; where both are known again, every
   check of its fields has been made. */

#define NAMED(a, b) a##_##b
#define NAME(a, b) NAMED(a, b)
#define OWN(function) NAME(function, WIDTH)
#define WINDOW OWN(window)

#if WIDTH >= 256
#define FIRST(v) (unsigned)_tzcnt_u64(v)
#define LOWEST(n) _bzhi_u64(~0ull, (unsigned)(n))
#define NTH(v, n) _pdep_u64(1ull << (n), v)
#else
#define FIRST(v) ((v) ? (unsigned)__builtin_ctzll(v) : 64u)
#define LOWEST(n) ((n) >= 64 ? ~0ull : (1ull << (n)) - 1)
static inline uint64_t OWN(nth)(uint64_t v, unsigned n)
{
    while (n--) v &= v - 1;
    return v & -v;
}
#define NTH(v, n) OWN(nth)(v, n)
#endif

/* A window, the places where it is this byte or a digit, where it is nothing that a usual name holds; with digits as zeros and
   nothing behind the first `n`; its hash; whether it is what lies at `q`. */
#if WIDTH == 512

typedef __m512i WINDOW;
static inline WINDOW OWN(load)(P p) { return _mm512_loadu_si512(p); }
static inline void OWN(store)(uint8_t *p, WINDOW v) { _mm512_storeu_si512(p, v); }
static inline uint64_t OWN(is)(WINDOW v, char c) { return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c)); }
static inline uint64_t OWN(within)(WINDOW v, uint8_t from, uint8_t n)
{
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8((char)from)), _mm512_set1_epi8((char)n));
}
static inline WINDOW OWN(first)(WINDOW v, size_t n) { return _mm512_maskz_mov_epi8(LOWEST(n), v); }
static inline WINDOW OWN(shape)(WINDOW v, uint64_t digits, size_t n)
{
    return _mm512_maskz_mov_epi8(LOWEST(n), _mm512_mask_mov_epi8(v, digits, _mm512_set1_epi8('0')));
}
static inline uint64_t OWN(sum)(WINDOW v)
{
    v = _mm512_mullo_epi64(v, _mm512_loadu_si512(KS));
    __m256i half = _mm256_add_epi64(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    __m128i quarter = _mm_add_epi64(_mm256_castsi256_si128(half), _mm256_extracti64x2_epi64(half, 1));
    return (uint64_t)_mm_cvtsi128_si64(quarter) + (uint64_t)_mm_extract_epi64(quarter, 1);
}
static inline uint64_t OWN(differ)(WINDOW v, P q) { return _mm512_cmpneq_epi8_mask(v, _mm512_loadu_si512(q)); }

#elif WIDTH == 256 || defined __SSE2__

#if WIDTH == 256
typedef __m256i OWN(part);
#define PARTS 2
#define EACH_BYTE(c) _mm256_set1_epi8(c)
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define EQUAL(a, b) _mm256_cmpeq_epi8(a, b)
#define BITS(v) (uint64_t)(uint32_t)_mm256_movemask_epi8(v)
#define LESS(a, b) _mm256_sub_epi8(a, b)
#define LEAST(a, b) _mm256_min_epu8(a, b)
#define AND(a, b) _mm256_and_si256(a, b)
#define ZEROS(v, digits) _mm256_blendv_epi8(v, EACH_BYTE('0'), digits)
#else
typedef __m128i OWN(part);
#define PARTS 4
#define EACH_BYTE(c) _mm_set1_epi8(c)
#define LOAD(p) LOAD16(p)
#define STORE(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)
#define EQUAL(a, b) _mm_cmpeq_epi8(a, b)
#define BITS(v) (uint64_t)(uint32_t)_mm_movemask_epi8(v)
#define LESS(a, b) _mm_sub_epi8(a, b)
#define LEAST(a, b) _mm_min_epu8(a, b)
#define AND(a, b) _mm_and_si128(a, b)
#define ZEROS(v, digits) _mm_or_si128(_mm_andnot_si128(digits, v), _mm_and_si128(digits, EACH_BYTE('0')))
#endif
typedef struct { OWN(part) v[PARTS]; } WINDOW;
#define EACH for (unsigned i = 0; i < PARTS; i++)
#define SIZE sizeof(OWN(part))
static inline WINDOW OWN(load)(P p) { WINDOW v; EACH v.v[i] = LOAD(p + SIZE * i); return v; }
static inline void OWN(store)(uint8_t *p, WINDOW v) { EACH STORE(p + SIZE * i, v.v[i]); }
static inline uint64_t OWN(is)(WINDOW v, char c)
{
    uint64_t found = 0;
    EACH found |= BITS(EQUAL(v.v[i], EACH_BYTE(c))) << SIZE * i;
    return found;
}
static inline OWN(part) OWN(is_within)(OWN(part) v, uint8_t from, uint8_t n)
{
    OWN(part) x = LESS(v, EACH_BYTE((char)from));
    return EQUAL(LEAST(x, EACH_BYTE((char)(n - 1))), x);
}
static inline uint64_t OWN(within)(WINDOW v, uint8_t from, uint8_t n)
{
    uint64_t found = 0;
    EACH found |= BITS(OWN(is_within)(v.v[i], from, n)) << SIZE * i;
    return found;
}
static inline WINDOW OWN(first)(WINDOW v, size_t n)
{
    EACH v.v[i] = AND(v.v[i], LOAD(STAYS + 64 - (n < 64 ? n : 64) + SIZE * i));
    return v;
}
static inline WINDOW OWN(shape)(WINDOW v, uint64_t digits, size_t n)
{
    (void)digits;
    EACH v.v[i] = ZEROS(v.v[i], OWN(is_within)(v.v[i], '0', 10));
    return OWN(first)(v, n);
}
static inline uint64_t OWN(sum)(WINDOW v)
{
    uint64_t w[8], sum = 0;
    EACH STORE((uint8_t *)w + SIZE * i, v.v[i]);
    for (unsigned i = 0; i < 8; i++) sum += w[i] * KS[i];
    return sum;
}
static inline uint64_t OWN(differ)(WINDOW v, P q)
{
    uint64_t found = 0;
    EACH found |= BITS(EQUAL(v.v[i], LOAD(q + SIZE * i))) << SIZE * i;
    return ~found;
}
#undef PARTS
#undef EACH_BYTE
#undef LOAD
#undef STORE
#undef EQUAL
#undef BITS
#undef LESS
#undef LEAST
#undef AND
#undef ZEROS
#undef EACH
#undef SIZE

#else

typedef struct { uint8_t v[64]; } WINDOW;
#define EACH for (unsigned i = 0; i < 64; i++)
static inline WINDOW OWN(load)(P p) { WINDOW v; memcpy(v.v, p, 64); return v; }
static inline void OWN(store)(uint8_t *p, WINDOW v) { memcpy(p, v.v, 64); }
static inline uint64_t OWN(is)(WINDOW v, char c)
{
    uint64_t found = 0;
    EACH found |= (uint64_t)(v.v[i] == c) << i;
    return found;
}
static inline uint64_t OWN(within)(WINDOW v, uint8_t from, uint8_t n)
{
    uint64_t found = 0;
    EACH found |= (uint64_t)((uint8_t)(v.v[i] - from) < n) << i;
    return found;
}
static inline WINDOW OWN(first)(WINDOW v, size_t n) { EACH v.v[i] &= (uint8_t)-(i < n); return v; }
static inline WINDOW OWN(shape)(WINDOW v, uint64_t digits, size_t n)
{
    EACH if (digits >> i & 1) v.v[i] = '0';
    return OWN(first)(v, n);
}
static inline uint64_t OWN(sum)(WINDOW v) { return sum_of(v.v, 64); }
static inline uint64_t OWN(differ)(WINDOW v, P q)
{
    uint64_t found = 0;
    EACH found |= (uint64_t)(v.v[i] != q[i]) << i;
    return found;
}
#undef EACH

#endif

#if WIDTH >= 256
static inline uint64_t OWN(number)(__m128i digits)    /* of sixteen */
{
    __m128i v = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    v = _mm_madd_epi16(v, _mm_set1_epi32(0x00010064));
    v = _mm_madd_epi16(_mm_packus_epi32(v, v), _mm_set1_epi32(0x00012710));
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(v);
    return (halves & 0xFFFFFFFFu) * 100000000u + (halves >> 32);
}
#endif

/* `p` is where two digits of whole units stand (the first is read where `tens`), a point, and `n`, 1 to 9, further digits: in
   billionths. */
static inline uint64_t OWN(billionths)(P p, int tens, size_t n)
{
#if WIDTH >= 256
    return OWN(number)(_mm_shuffle_epi8(_mm_sub_epi8(LOAD16(p), _mm_set1_epi8('0')), LOAD16(PLACES[tens][n])));
#else
    return (tens ? (uint64_t)(p[0] - '0') * 10000000000ull : 0) + (uint64_t)(p[1] - '0') * 1000000000ull
        + (n ? fraction(p + 3, n) : 0);
#endif
}

static inline void OWN(network)(uint64_t *words, P p, size_t n)    /* of at most 16 bytes */
{
#if WIDTH == 512
    _mm_storeu_si128((__m128i *)(void *)words, _mm_maskz_mov_epi8((__mmask16)LOWEST(n), LOAD16(p)));
#elif defined __SSE2__
    _mm_storeu_si128((__m128i *)(void *)words, _mm_and_si128(LOAD16(p), LOAD16(STAYS + 64 - n)));
#else
    words[0] = low(load8(p), (unsigned)n);
    words[1] = n > 8 ? low(load8(p + 8), (unsigned)n - 8) : 0;
#endif
}

/* Where newlines are within `n` bytes, at most BLOCK, rounded up to windows; returns how many. */
static unsigned OWN(newlines)(P p, size_t n, uint16_t *at)
{
    unsigned found = 0;
    for (size_t base = 0; base < n; base += 64) {
        uint64_t bits = OWN(is)(OWN(load)(p + base), '\n');
        unsigned more = (unsigned)__builtin_popcountll(bits);
        uint16_t *to = at + found;
        *to++ = (uint16_t)(base + FIRST(bits));
        for (bits &= bits - 1; bits; bits &= bits - 1) *to++ = (uint16_t)(base + FIRST(bits));
        found += more;
    }
    return found;
}

/* The clock of this minute at `p`: where it ends, `at` its time; NULL when it is another minute's, or none. */
static inline P OWN(clock)(const Scanner *s, P p, int64_t *at)
{
#if WIDTH >= 256
    if (p[29] == 'Z') {
        __m128i digits = _mm_sub_epi8(LOAD16(p + 14), _mm_set1_epi8('0')), over = _mm_xor_si128(digits, LOAD16(NANOS));
        __m128i good = _mm_and_si128(_mm_cmpeq_epi8(_mm_min_epu8(over, LOAD16(NANOS_MOST)), over),
                                     _mm_cmpeq_epi8(LOAD16(p), LOAD16(s->minute)));
        *at = s->minute_ns + (int64_t)OWN(number)(_mm_shuffle_epi8(digits, LOAD16(NANOS_PLACES)));
        return _mm_movemask_epi8(good) == 0xFFFF ? p + 30 : NULL;
    }
#endif
    WINDOW v = OWN(load)(p);
    size_t n = p[29] == 'Z' ? 30 : FIRST(OWN(is)(v, ' '));
    if (n - 20 > 10 || n == 21) return NULL;
    uint64_t bad = (load8(p) ^ load8(s->minute)) | (load8(p + 8) ^ load8(s->minute + 8)) | (p[n - 1] ^ 'Z');
    bad |= OWN(differ)(OWN(shape)(v, OWN(within)(v, '0', 10), n - 1), CLOCKS[n - 20]) | (p[17] > '5');
    if (bad) return NULL;
    *at = s->minute_ns + (int64_t)OWN(billionths)(p + 17, 1, n == 20 ? 0 : n - 21);
    return p + n;
}

/* The steps of `usual`: each goes through a batch of lines, and returns before the first that is unusual. */

/* Where clock and frame end, of some lines from `p`. */
STEP unsigned OWN(begin)(const Scanner *s, const Frame *f, P p, Query *q, unsigned n)
{
    const uint16_t *ends = s->ends + s->end_no;
    uint32_t minute = f->stamped ? minute_at(s->minute_ns) : NO_BIN;
    for (unsigned i = 0; i < n; i++, q++) {
        P from = p, nl = s->ends_from + ends[i];
        q->at = NO_TIME;
        if (f->stamped) {
            P stamp = p + f->before.len;
            if (f->before.len && (stamp >= nl || memcmp(s->frames_text.p + f->before.at, p, f->before.len) != 0)) return i;
            if ((from = OWN(clock)(s, stamp, &q->at)) == NULL || from >= nl) return i;
        }
        q->text = from + f->after.len;
        if (memcmp(q->text, "[INFO] ", 7) != 0) return i;
        q->end = nl;
        q->no = s->n_lines + i + 1;
        q->minute = minute;
        q->frame = s->frame_hint;
        q->part = f->part;
        p = nl + 1;
    }
    return n;
}

/* Where a usual name may go on: small letters, digits, `-`, `.`, `/`, `_`. */
static inline uint64_t OWN(in_name)(P p)
{
    WINDOW v = OWN(load)(p);
    return OWN(within)(v, '-', 13) | OWN(within)(v, '_', 28);
}

/* The name, between the fifth blank of the text and the next one: a usual one? */
STEP unsigned OWN(cut)(const Frame *f, Query *q, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        P from = q[i].text - f->after.len;
        q[i].name = from + FIRST(NTH(OWN(is)(OWN(load)(from), ' '), f->n_blanks + 5)) + 1;
    }
    for (unsigned i = 0; i < n; i++) {
        P p = q[i].name;
        uint64_t ends = ~OWN(in_name)(p);
        while (!ends && (p += 64) < q[i].end && p - q[i].name <= MAX_TEXT) ends = ~OWN(in_name)(p);
        p += FIRST(ends);
        q[i].n_name = (uint32_t)(p - q[i].name);
        if (*p != ' ' || q[i].n_name - 1 >= MAX_TEXT || p[-1] != '.' || p >= q[i].end || q[i].end - p >= 64) return i;
    }
    return n;
}

/* What stands before the name: of a known shape? */
STEP unsigned OWN(know_heads)(const Scanner *s, const Frame *f, Query *q, unsigned n)
{
    uint8_t shapes[WAITING][64] __attribute__((aligned(64)));
    const Head *heads[WAITING];
    for (unsigned i = 0; i < n; i++) {
        P from = q[i].text - f->after.len;
        WINDOW v = OWN(load)(from);
        v = OWN(shape)(v, OWN(within)(v, '0', 10), (size_t)(q[i].name - from));
        OWN(store)(shapes[i], v);
        heads[i] = &s->heads[shape_home(OWN(sum)(v)) & (HEADS - 1)];
    }
    for (unsigned i = 0; i < n; i++) {
        const Head *head = heads[i];
        if (OWN(differ)(OWN(load)(shapes[i]), head->key) & LOWEST(MAX_HEAD)) return i;
        if (OWN(differ)(OWN(first)(OWN(load)(q[i].text - f->after.len), f->after.len), f->begins)) return i;
        q[i].n_client = head->n_client;
        q[i].n_network = head->n_network;
        q[i].zone = head->type;
    }
    return n;
}

/* What stands behind it: of a known shape? Its number is kept as `group`, its digits above 0 as `ns`. */
STEP unsigned OWN(know_tails)(const Scanner *s, Query *q, unsigned n)
{
    uint8_t shapes[WAITING][64] __attribute__((aligned(64)));
    for (unsigned i = 0; i < n; i++) {
        P p = q[i].name + q[i].n_name;
        WINDOW v = OWN(load)(p);
        uint64_t digits = OWN(within)(v, '0', 10);
        q[i].ns = digits & ~OWN(is)(v, '0');
        v = OWN(shape)(v, digits, (size_t)(q[i].end - p));
        OWN(store)(shapes[i], v);
        q[i].group = (uint32_t)shape_home(OWN(sum)(v)) & (TAILS - 1);
    }
    for (unsigned i = 0; i < n; i++) if (OWN(differ)(OWN(load)(shapes[i]), s->tails[q[i].group].key)) return i;
    return n;
}

/* Which combination is it, then? */
STEP unsigned OWN(know_groups)(const Scanner *s, Query *q, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const Tail *tail = &s->tails[q[i].group];
        int none = (q[i].ns & tail->size) == 0;
        q[i].ns = OWN(billionths)(q[i].name + q[i].n_name + tail->took - 1, 0, tail->n_fraction);
        uint32_t known = s->endings[q[i].group][q[i].zone][kind_of(none, q[i].ns)];
        if (known == 0) return i;
        q[i].group = (known - 1) >> 3;
        q[i].flags = (known - 1) & 7;
        q[i].end -= tail->returns;
    }
    return n;
}

STEP void OWN(finish)(Scanner *s, Query *batch, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        Query *q = &batch[i];
        q->client = q->text + 7;
        OWN(network)(q->network, q->client, q->n_network);
    }
    for (unsigned i = 0; i < n && !s->fine; i++) s->fine = batch[i].at != NO_TIME && batch[i].at % 1000;
}

/* Queries that have text, end, clock, frame and number, behind those that wait: of known shapes? Those before the first that is not
   are ready to be counted. */
static unsigned OWN(know)(Scanner *s, const Frame *f, Query *batch, unsigned n)
{
    n = SIZED(n, OWN(cut), f, batch);
    n = SIZED(n, OWN(know_heads), s, f, batch);
    n = SIZED(n, OWN(know_tails), s, batch);
    n = SIZED(n, OWN(know_groups), s, batch);
    SIZED(n, OWN(finish), s, batch);
    return n;
}

/* `hash_of` their names. */
static void OWN(hash_names)(Naming *q, unsigned n)
{
    for (unsigned i = 0; i < n; i++, q++) {
        if (q->n_name <= 64) q->hash = mix((q->n_name * K1) ^ OWN(sum)(OWN(first)(OWN(load)(q->name), q->n_name)));
        else q->hash = hash_within(q->name, q->n_name);
    }
}

/* Count lines as long as they are usual: query lines in the frame of the line before, of known shapes. Returns the first one
   that is not. Each step is made for a batch of lines, so that the processor works on several of them at once. */
static P OWN(usual)(Scanner *s, P p, P end, P stop)
{
    if (s->n_waiting) count_waiting(s);
    while (!s->failed && p < stop && s->frame_hint < s->n_frames && newline(s, p, end) != NULL) {
        const Frame *f = &s->frames[s->frame_hint];
        if (f->part == SLOW || f->apart || f->after.len > 64 || (!f->stamped && f->before.len + f->after.len)) break;
        const uint16_t *ends = s->ends + s->end_no;
        unsigned left = s->n_ends - s->end_no, most = left < WAITING ? left : WAITING;
        while (most && s->ends_from + ends[most - 1] >= end) most--;
        while (most > 1 && s->ends_from + ends[most - 2] + 1 >= stop) most--;
        unsigned n = SIZED(most, OWN(begin), s, f, p, s->waiting);
        n = s->n_waiting = OWN(know)(s, f, s->waiting, n);
        if (n == 0) break;                            /* as it is before a line longer than a block */
        p = s->ends_from + ends[n - 1] + 1;
        s->n_lines += n;
        s->end_no += n;
        count_waiting(s);
        if (n < most) break;
    }
    return p;
}

#undef NAMED
#undef NAME
#undef OWN
#undef WINDOW
#undef FIRST
#undef LOWEST
#undef NTH
