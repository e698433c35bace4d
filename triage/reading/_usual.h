/* The way of most lines, made once for each width of registers: `_kernel.c` includes it with WIDTH 512 (AVX-512), 256 (AVX2,
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
static inline int OWN(same)(WINDOW v, P q) { return _mm512_cmpneq_epi8_mask(v, _mm512_loadu_si512(q)) == 0; }

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
static inline int OWN(same)(WINDOW v, P q)
{
    OWN(part) all = EQUAL(v.v[0], LOAD(q));
    for (unsigned i = 1; i < PARTS; i++) all = AND(all, EQUAL(v.v[i], LOAD(q + SIZE * i)));
    return BITS(all) == (SIZE == 32 ? 0xFFFFFFFFu : 0xFFFFu);
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
static inline int OWN(same)(WINDOW v, P q) { return memcmp(v.v, q, 64) == 0; }
#undef EACH

#endif

/* `p` is where two digits of whole units stand (the first is read where `tens`), a point, and `n`, 1 to 9, further digits: in
   billionths. */
static inline uint64_t OWN(billionths)(P p, int tens, size_t n)
{
#if WIDTH >= 256
    __m128i v = _mm_sub_epi8(LOAD16(p), _mm_set1_epi8('0'));
    v = _mm_maddubs_epi16(_mm_shuffle_epi8(v, LOAD16(PLACES[tens][n])), _mm_set1_epi16(0x010A));
    v = _mm_madd_epi16(v, _mm_set1_epi32(0x00010064));
    v = _mm_madd_epi16(_mm_packus_epi32(v, v), _mm_set1_epi32(0x00012710));
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(v);
    return (halves & 0xFFFFFFFFu) * 100000000u + (halves >> 32);
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
        for (unsigned i = 0; i < 2; i++, bits &= bits - 1) to[i] = (uint16_t)(base + FIRST(bits));
        for (to += 2; bits; bits &= bits - 1) *to++ = (uint16_t)(base + FIRST(bits));
        found += more;
    }
    return found;
}

/* Find clock, text, name and what is behind the name in a line of this frame; false when there is anything unusual. */
static inline int OWN(cut)(const Scanner *s, const Frame *f, P line, P nl, Query *q)
{
    P text = line;
    q->at = NO_TIME;
    q->minute = NO_BIN;
    if (f->stamped) {
        P stamp = line + f->before.len;
        if (f->before.len && (stamp >= nl || memcmp(s->frames_text.p + f->before.at, line, f->before.len) != 0)) return 0;
        WINDOW v = OWN(load)(stamp);
        size_t n = stamp[29] == 'Z' ? 30 : FIRST(OWN(is)(v, ' '));
        text = stamp + n;
        if (n - 20 > 10 || n == 21 || f->after.len > sizeof f->begins || text + f->after.len >= nl) return 0;
        uint64_t bad = (load8(stamp) ^ load8(s->minute)) | (load8(stamp + 8) ^ load8(s->minute + 8)) | (text[-1] ^ 'Z');
        bad |= !OWN(same)(OWN(shape)(v, OWN(within)(v, '0', 10), n - 1), CLOCKS[n - 20]) | (stamp[17] > '5');
        bad |= !OWN(same)(OWN(first)(OWN(load)(text), f->after.len), f->begins);
        if (bad) return 0;
        q->at = s->minute_ns + (int64_t)OWN(billionths)(stamp + 17, 1, n == 20 ? 0 : n - 21);
        q->minute = (uint32_t)(s->minute_ns / 60000000000ll);
        text += f->after.len;
    } else if (f->before.len || f->after.len) return 0;

    size_t n_head = FIRST(NTH(OWN(is)(OWN(load)(text), ' '), 5)) + 1;
    P name = text + n_head, p = name;
    for (;; p += 64) {
        if (p >= nl || p - name > 400) return 0;
        WINDOW v = OWN(load)(p);
        uint64_t blanks = OWN(is)(v, ' '), odd = ~OWN(within)(v, 0x21, 0x5E) | OWN(is)(v, '"') | OWN(is)(v, '\\')
            | OWN(within)(v, 'A', 26);
        if (odd & (blanks ? (blanks & -blanks) - 1 : ~0ull)) return 0;
        if (blanks) { p += FIRST(blanks); break; }
    }
    q->text = text;
    q->name = name;
    q->n_name = (uint32_t)(p - name);
    q->end = nl;
    return n_head <= 64 && p < nl && nl - p < 64 && q->n_name - 1 < 400 && p[-1] == '.';
}

/* Look up the shapes before and behind the name; false when one is not known. */
static inline int OWN(know)(Scanner *s, Query *q)
{
    size_t n_head = (size_t)(q->name - q->text);
    WINDOW v = OWN(load)(q->text);
    v = OWN(shape)(v, OWN(within)(v, '0', 10), n_head);
    const Shape *head = &s->heads[shape_home(OWN(sum)(v)) & (HEADS - 1)];
    if (!OWN(same)(v, head->key)) return 0;
    P p = q->name + q->n_name;
    WINDOW t = OWN(load)(p);
    uint64_t digits = OWN(within)(t, '0', 10), zeros = OWN(is)(t, '0');
    t = OWN(shape)(t, digits, (size_t)(q->end - p));
    size_t no = shape_home(OWN(sum)(t)) & (TAILS - 1);
    const Shape *tail = &s->tails[no];
    if (!OWN(same)(t, tail->key)) return 0;
    q->ns = OWN(billionths)(p + tail->took - 1, 0, tail->n_fraction);
    uint32_t known = s->endings[no][head->type][kind_of((digits & ~zeros & tail->size) == 0, q->ns)];
    if (known == 0) return 0;
    q->group = s->combos[known - 1].group;
    q->flags = s->combos[known - 1].flags;
    q->client = q->text + 7;
    q->n_client = head->n_client;
    q->n_network = head->n_network;
    q->end -= tail->returns;
    return 1;
}

/* Count lines as long as they are usual: query lines in the frame of the line before, of known shapes. Returns the first one
   that is not. Each step is made for a batch of lines, so that the processor works on several of them at once. */
static P OWN(usual)(Scanner *s, P p, P end, P stop)
{
    while (!s->failed && p < stop && s->frame_hint < s->n_frames && newline(s, p, end) != NULL) {
        const Frame *f = &s->frames[s->frame_hint];
        const uint16_t *ends = s->ends + s->end_no;
        unsigned left = s->n_ends - s->end_no, room = WAITING - s->n_waiting, most = left < room ? left : room, n_cut = 0, n = 0;
        Query *batch = &s->waiting[s->n_waiting];
        if (f->part == SLOW) break;
        for (P line = p; n_cut < most && line < stop && s->ends_from + ends[n_cut] < end; n_cut++) {
            P nl = s->ends_from + ends[n_cut];
            if (!OWN(cut)(s, f, line, nl, &batch[n_cut])) break;
            line = nl + 1;
        }
        while (n < n_cut && OWN(know)(s, &batch[n])) n++;
        for (unsigned i = 0; i < n; i++) {
            Query *q = &batch[i];
            if (q->n_name <= 64) q->hash = mix((q->n_name * K1) ^ OWN(sum)(OWN(first)(OWN(load)(q->name), q->n_name)));
            else q->hash = hash_within(q->name, q->n_name);
            OWN(network)(q->network, q->client, q->n_network);
            q->no = ++s->n_lines;
            q->frame = s->frame_hint;
            q->part = f->part;
            if (!s->fine && q->at != NO_TIME && q->at % 1000) s->fine = 1;
            seek_name(s, q);
        }
        if (n) p = s->ends_from + ends[n - 1] + 1;
        s->end_no += n;
        s->n_waiting += n;
        if (s->n_waiting == WAITING) count_waiting(s);
        if (n == 0 || n < most) break;                /* `most` is 0 before a line longer than a block */
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
