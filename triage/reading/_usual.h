/* The way of most lines, made twice: for any machine, and for those with AVX2 and BMI2 (`WIDE`). `_kernel.c` includes it. */

#define NAMED(a, b) a##_##b
#define NAME(a, b) NAMED(a, b)
#define OWN(function) NAME(USUAL, function)

#ifdef WIDE
#define AT(p, i) _mm256_loadu_si256((const __m256i *)(const void *)(p) + (i))
#define ALL(c) _mm256_set1_epi8(c)
#define IS(a, b) _mm256_cmpeq_epi8(a, b)
#define ABOVE(a, b) _mm256_cmpgt_epi8(a, b)
#define OR(a, b) _mm256_or_si256(a, b)
#define AND(a, b) _mm256_and_si256(a, b)
#define LESS(a, b) _mm256_sub_epi8(a, b)
#define LEAST(a, b) _mm256_min_epu8(a, b)
#define BITS(what) ((uint64_t)(uint32_t)_mm256_movemask_epi8(what))
/* 64 bits of an expression of `i` that gives some of 64 bytes. */
#define MASK64(what) (({ enum { i = 0 }; BITS(what); }) | ({ enum { i = 1 }; BITS(what) << 32; }))
#define FIRST(v) _tzcnt_u64(v)
#define ONES(v) (unsigned)_mm_popcnt_u64(v)
#define LOWEST(v, n) _bzhi_u64(v, (unsigned)(n))
#else
#ifdef __SSE2__
#define AT(p, i) LOAD16((p) + 16 * (i))
#define ALL(c) _mm_set1_epi8(c)
#define IS(a, b) _mm_cmpeq_epi8(a, b)
#define ABOVE(a, b) _mm_cmpgt_epi8(a, b)
#define OR(a, b) _mm_or_si128(a, b)
#define AND(a, b) _mm_and_si128(a, b)
#define LESS(a, b) _mm_sub_epi8(a, b)
#define LEAST(a, b) _mm_min_epu8(a, b)
#define BITS(what) ((uint64_t)(uint32_t)_mm_movemask_epi8(what))
#define MASK64(what) (({ enum { i = 0 }; BITS(what); }) | ({ enum { i = 1 }; BITS(what) << 16; }) \
    | ({ enum { i = 2 }; BITS(what) << 32; }) | ({ enum { i = 3 }; BITS(what) << 48; }))
#endif
#define FIRST(v) (uint64_t)__builtin_ctzll((v) | 1ull << 63)
#define LOWEST(v, n) ((v) & ((1ull << ((n) & 63)) - 1))
static inline unsigned OWN(ones)(uint64_t v)
{
    v = v - (v >> 1 & 0x5555555555555555ull);
    v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
    return (unsigned)(((v + (v >> 4)) & 0x0F0F0F0F0F0F0F0Full) * 0x0101010101010101ull >> 56);
}
#define ONES(v) OWN(ones)(v)
#endif

/* Which of 64 bytes are newlines, blanks, digits. */
static inline void OWN(classes)(P p, uint64_t *newline, uint64_t *blank, uint64_t *digit)
{
#ifdef MASK64
    *newline = MASK64(IS(AT(p, i), ALL('\n')));
    *blank = MASK64(IS(AT(p, i), ALL(' ')));
    *digit = MASK64(IS(LEAST(LESS(AT(p, i), ALL('0')), ALL(9)), LESS(AT(p, i), ALL('0'))));
#else
    *newline = *blank = *digit = 0;
    for (unsigned i = 0; i < 64; i++) {
        *newline |= (uint64_t)(p[i] == '\n') << i;
        *blank |= (uint64_t)(p[i] == ' ') << i;
        *digit |= (uint64_t)(p[i] - '0' < 10u) << i;
    }
#endif
}

/* Whether a name holds nothing odd: blanks, quotes, backslashes, capitals, no ASCII. */
static inline int OWN(is_plain)(P p, size_t n)
{
#ifdef MASK64
    for (;; p += 64, n -= 64) {
        uint64_t odd = MASK64(OR(OR(OR(ABOVE(ALL(0x21), AT(p, i)), IS(AT(p, i), ALL('"'))),
            OR(IS(AT(p, i), ALL('\\')), IS(AT(p, i), ALL(0x7F)))),
            AND(ABOVE(AT(p, i), ALL('@')), ABOVE(ALL('['), AT(p, i)))));
        if (n <= 64) return n == 0 || odd << (64 - n) == 0;
        if (odd) return 0;
    }
#else
    uint64_t hash;
    int capitals = 0;
    return name_at(p, p + n + 1, &hash, &capitals) == n && !capitals;
#endif
}

/* Length of an address of IPv4, at most 16, and of its network. */
static inline size_t OWN(address)(P p, size_t *network)
{
#ifdef __SSE2__
    __m128i v = LOAD16(p), x = _mm_sub_epi8(v, _mm_set1_epi8('0')), point = _mm_cmpeq_epi8(v, _mm_set1_epi8('.'));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(9)), x);
    uint32_t points = (uint32_t)_mm_movemask_epi8(point);
    size_t n = (size_t)__builtin_ctz(~(uint32_t)_mm_movemask_epi8(_mm_or_si128(point, digit)));
    points &= (1u << n) - 1;
    *network = points ? (size_t)(31 - __builtin_clz(points)) : n;
    return n;
#else
    size_t n = 0;
    *network = 0;
    while (n < 16 && (p[n] - '0' < 10u || p[n] == '.')) if (p[n++] == '.') *network = n - 1;
    if (*network == 0 && *p != '.') *network = n;
    return n;
#endif
}

/* A query line in the frame of the line before, with a client of IPv4 and nothing unusual: cut at its blanks, all at once.
   NULL: another kind of line, which is looked at field by field. Else its newline. */
static P USUAL(Scanner *s, P line, P end, uint64_t no)
{
    uint32_t at[64 + 64];
    uint64_t digits[LONGEST / 64 + 2];
    unsigned n = 0;
    P nl = NULL;
    for (unsigned base = 0; nl == NULL; base += 64) {
        if (base >= LONGEST || line + base >= end || n > 64) return NULL;
        uint64_t newline, blank;
        OWN(classes)(line + base, &newline, &blank, &digits[base / 64]);
        if (newline) {
            nl = line + base + FIRST(newline);
            blank &= (newline & -newline) - 1;
            digits[base / 64 + 1] = 0;
        }
        uint32_t *to = at + n;
        n += ONES(blank);
        for (unsigned i = 0; i < 6; i++, blank &= blank - 1) to[i] = base + (uint32_t)FIRST(blank);
        for (to += 6; blank; blank &= blank - 1) *to++ = base + (uint32_t)FIRST(blank);
    }
    if (nl >= end || s->frame_hint >= s->n_frames) return NULL;
    const Frame *f = &s->frames[s->frame_hint];
    if (n != f->n_blanks + N_BLANKS || f->part == SLOW) return NULL;
#define HERE(p) ((size_t)((p) - line))
/* Not 0 unless `length` bytes, 1 to 56, are digits. */
#define NO_NUMBER(begin, length) \
    ((~(load8((P)digits + ((begin) >> 3)) >> ((begin) & 7)) & (LOWEST(~0ull, length) | 1)) | ((length) > 56))
    P text = line, stop = nl[-1] == '\r' ? nl - 1 : nl;
    uint64_t bad = 0;
    int64_t when = NO_TIME;
    if (f->stamped) {
        size_t n_before = f->before.len, n_after = f->after.len;
        P stamp = line + n_before, z = line + at[f->n_blanks_before];
        text = z + n_after;
        size_t n_stamp = (size_t)(z - stamp);
        if (n_stamp - 20 > 10 || n_after > 16 || text >= nl) return NULL;
        if (n_before && !same(&s->frames_text, f->before, line, n_before)) return NULL;
        bad |= low(load8(z) ^ f->words[0], (unsigned)n_after);
        if (n_after > 8) bad |= low(load8(z + 8) ^ f->words[1], (unsigned)n_after - 8);
        bad |= (load8(stamp) ^ load8(s->minute)) | (load8(stamp + 8) ^ load8(s->minute + 8));
        bad |= (stamp[16] ^ ':') | (z[-1] ^ 'Z') | ((*line - '0' < 10u) != (n_before == 0));
        unsigned ten = stamp[17] - '0', one = stamp[18] - '0';
        bad |= (ten > 5) | (one > 9);
        when = s->minute_ns + (int64_t)(ten * 10 + one) * 1000000000ll;
        if (n_stamp > 20) {
            bad |= (stamp[19] ^ '.') | NO_NUMBER(HERE(stamp + 20), n_stamp - 21);
            when += (int64_t)fraction(stamp + 20, n_stamp - 21);
        }
    } else if (f->before.len || f->after.len) return NULL;
    const uint32_t *b = at + f->n_blanks;
#define WORD(i) (line + b[(i) - 1] + 1)
#define LEN(i) ((size_t)(b[i] - b[(i) - 1] - 1))
    P client = WORD(1), type = WORD(4) + 1, name = WORD(6), rcode = WORD(11), flags = WORD(12), took = WORD(14);
    size_t n_network, n_client = OWN(address)(client, &n_network), n_type = LEN(4) - 1, n_name = LEN(6);
    size_t n_rcode = LEN(11), n_flags = LEN(12), n_took = (size_t)(stop - took);
    bad |= low(load8(text) ^ 0x205D4F464E495Bull, 7) | ((text + 6) - (line + b[0]));
    bad |= (n_client == 0) | (client[n_client] ^ ':') | NO_NUMBER(b[0] + 2 + n_client, LEN(1) - n_client - 1);
    bad |= (b[2] - b[1] - 2) | (*WORD(2) ^ '-') | NO_NUMBER(b[2] + 1, LEN(3));
    bad |= (type[-1] ^ '"') | (n_type - 1 >= 8) | low(load8(WORD(5) - 1) ^ 0x204E4920ull, 4);
    bad |= (n_name - 1 >= 400) | (name[n_name - 1] ^ '.');
    uint64_t proto = low(load8(WORD(7)), 4), option = load8(WORD(9));
    bad |= ((proto != 0x20706475) & (proto != 0x20706374)) | NO_NUMBER(b[7] + 1, LEN(8));
    bad |= (low(option, 6) != 0x2065736C6166ull) & (low(option, 5) != 0x2065757274ull);
    bad |= (line[b[10] - 1] ^ '"') | NO_NUMBER(b[9] + 1, LEN(10) - 1);
    bad |= (n_rcode - 1 >= 8) | (n_flags - 1 >= 24) | (LEN(13) > 7) | NO_NUMBER(b[12] + 1, LEN(13));
    bad |= (n_took - 4 > 8) | (took[0] - '0' > 9u) | (took[1] ^ '.') | (stop[-1] ^ 's');
    bad |= NO_NUMBER(HERE(took + 2), n_took - 3);
    if (bad) return NULL;
    uint64_t ns = fraction(took + 2, n_took - 3) + (uint64_t)(took[0] - '0') * 1000000000ull;
    int none = low(load8(WORD(13)) ^ 0x3030303030303030ull, (unsigned)LEN(13)) == 0;
    uint64_t w[6] = {low(load8(type), (unsigned)n_type), low(load8(rcode), (unsigned)n_rcode),
        low(load8(flags), (unsigned)n_flags), n_flags > 8 ? low(load8(flags + 8), (unsigned)n_flags - 8) : 0,
        n_flags > 16 ? low(load8(flags + 16), (unsigned)n_flags - 16) : 0, kind_of(none, ns) | lengths_of(n_type, n_rcode, n_flags)};
#undef WORD
#undef LEN
#undef HERE
#undef NO_NUMBER
    size_t home = combo_home(w);
    const Combo *combo = known_combo(s, w, &home);
    if (combo == NULL || combo->group == SLOW || !OWN(is_plain)(name, n_name)) return NULL;
    Query *q = &s->waiting[s->n_waiting];
    q->text = text; q->end = stop; q->name = name; q->client = client; q->hash = hash_within(name, n_name);
    q->no = no; q->ns = ns; q->at = when; q->n_name = (uint32_t)n_name; q->n_client = (uint32_t)n_client;
    q->n_network = (uint32_t)n_network; q->frame = s->frame_hint; q->capitals = 0;
    if (!take(s, q, combo)) return NULL;
    if (!s->fine && when != NO_TIME && when % 1000) s->fine = 1;
    return nl;
}

#undef NAMED
#undef NAME
#undef OWN
#undef AT
#undef ALL
#undef IS
#undef ABOVE
#undef OR
#undef AND
#undef LESS
#undef LEAST
#undef BITS
#undef MASK64
#undef FIRST
#undef ONES
#undef LOWEST
