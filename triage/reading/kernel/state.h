/* What a scanner holds, and small things that all use. */

#define BUFFER (1u << 18)
#define BLOCK (1u << 14)
#define SLACK 64u
#define BEYOND (4 * SLACK)                             /* what may be read behind the last line */
#define NO_TIME INT64_MIN
#define NO_BIN 0xFFFFFFFFu
#define MAX_PARTS 1024u
#define MAX_GROUPS 1024u
#define MAX_ZONES 64u
#define MAX_FRAMES 2048u
#define MAX_COMBOS 4096u
#define MAX_TEXT 400u
#define MAX_MESSAGE 4096u
#define MAX_OPEN 8u
#define WAITING 16u
#define NAMING 32u                                    /* names that are put aside, at least, before they are counted */
#define SPARSE 4u                                      /* slots of an index a row, at least */
#define NEAR 1024u                                     /* 10 bits */
#define HEADS 1024u
#define TAILS 256u
#define TYPES 16u
#define MAX_WASTE (4u << 20)
#define SLOW UINT32_MAX
#define KEPT 1u                                        /* flags of a combination: a failed query is kept, or one of these */
#define FAILED 2u
#define OWN_WORD 4u                                   /* CoreDNS itself said that there is a record, or none */
#define K1 0x9E3779B97F4A7C15ull
#define K2 0xFF51AFD7ED558CCDull
static const uint64_t KS[8] = {
    0x9E3779B97F4A7C15ull, 0xC4CEB9FE1A85EC53ull, 0x87C37B91114253D5ull, 0x4CF5AD432745937Full,
    0x52DCE729DA3ED7A5ull, 0xA0761D6478BD642Full, 0xE7037ED1A0B428DBull, 0x8EBC6AF09C88C6E3ull};

typedef const uint8_t *P;

typedef struct { uint8_t *p; size_t n, cap; } Arena;
typedef struct { uint32_t at, len; } Span;

typedef struct {
    uint64_t hash, count;
    int64_t first, last;
    uint64_t first_no;
    uint16_t part, group, len;
    uint32_t whole;                                   /* where a longer one stands */
    Span text;
    uint8_t name[64];                                 /* its beginning */
} Name;                                               /* what a query touches lies in two lines of the cache */

typedef struct {
    uint64_t words[2], hash, queries, failed;
    Span text;
    uint32_t part, bin;
} Client;                                             /* one network of IPv4, one address of IPv6 */
typedef struct { uint64_t key, n; } Count;          /* key: bin 32, part 10, zone 6, group 10, log2 + 20 6; plus 1 */
typedef struct { uint64_t hash; Span text; } Message;
typedef struct {
    uint64_t n, first_no;
    int64_t first, last;
    Span text;
    uint32_t part, frame, bin, message;
} Group;
typedef struct { uint64_t hash, no; int64_t at; Span text; uint32_t part, frame, message, bin; } Line;
typedef struct { uint64_t no; Span text; P seen; uint32_t len, part, group; } Last;  /* `seen` until the buffer moves */
typedef struct { uint64_t no; Span text; } Event;
typedef struct {
    uint64_t begin_no, queries, errors, outside;
    int64_t first, last, out_first, out_last;
    uint32_t event, part;
    int filtered;
} Run;
typedef struct {
    uint64_t hash, lines;
    Span before, after;
    uint32_t part, n_blanks;                          /* blanks in `after` */
    int stamped, apart;                               /* docker's record: its text is unescaped elsewhere */
    uint8_t begins[64];                               /* `after`, with zeros behind it: shapes do not tell its digits */
} Frame;
typedef struct {
    P text, end, name, client;
    uint64_t no, ns, network[2];                      /* the first 16 bytes of the client's network */
    int64_t at;
    uint32_t n_name, n_client, n_network, part, group, frame, flags, minute, zone;
} Query;                                              /* a query line, cut into its fields */
typedef struct { P name, text; uint64_t hash, home, no; int64_t at; uint32_t n_name, n_text; uint16_t part, group; } Naming;
typedef struct { uint64_t first, last, mask; Span text; } Zone;  /* 8 bytes of it from either end, those that there are */
typedef struct { uint64_t w[6]; uint32_t group, flags; } Combo;  /* type 1, rcode 1, flags 3, the rest 1 */
#define MAX_HEAD 60u
typedef struct {
    uint8_t key[MAX_HEAD];                            /* digits as zeros, zeros behind it */
    uint8_t n_client, n_network, type, unused;
} Head;                                               /* what stands before the name of a query line: one line of the cache */
typedef struct {
    uint8_t key[64];
    uint64_t size;                                    /* where its size stands */
    uint8_t took, n_fraction, returns;                /* where its duration begins, digits behind the point, \r */
} Tail;                                               /* what stands behind it */

#define VEC(T, name) T *name; size_t n_##name, cap_##name

typedef struct {
    PyObject_HEAD
    PyObject *on_frame, *on_query;
    uint8_t *buf;
    size_t keep;
    Arena names_text, texts, zones_text, frames_text, messages_text, events_text, kept_text, asked_text, lasts_text, clients_text;
    VEC(Name, names); uint32_t *name_index; size_t name_slots; unsigned name_level;
    Count *counts; size_t count_slots, n_counts; unsigned count_level;
    VEC(Client, clients); uint32_t *client_index; size_t client_slots; unsigned client_level, client_bins;
    VEC(Message, messages); uint32_t *message_index; size_t message_slots;
    VEC(Group, groups); uint32_t *group_index; size_t group_slots; unsigned group_level, message_level;
    VEC(Line, kept); unsigned kept_level;
    VEC(Line, asked); unsigned asked_level;
    VEC(Last, lasts); uint16_t *last_of[MAX_PARTS];     /* by group: index in `lasts`, plus 1 */
    VEC(Event, events);
    VEC(Run, runs); int64_t *run_of;
    VEC(Frame, frames); uint32_t *frame_index; uint32_t frame_hint;
    VEC(Combo, combos); uint32_t *combo_index;
    Head *heads; Tail *tails; uint64_t types[TYPES]; unsigned n_types;
    uint16_t (*endings)[TYPES][8];                      /* tail, type, kind: group and flags of the combination, plus 1 */
    VEC(Zone, zones);
    size_t texts_waste, kept_waste;
    uint64_t n_lines, max_names, max_counts, max_groups, max_kept, max_events, max_clients;
    int64_t since, until;
    uint64_t open[MAX_OPEN]; unsigned n_open;
    uint8_t minute[16]; int64_t minute_ns;
    P ends_from; unsigned n_ends, end_no;
    int fine, gave_up, failed, named;
    volatile int stopped;
    volatile uint64_t progress;
    PyThreadState *released;
    Query waiting[WAITING]; unsigned n_waiting;
    Naming naming[NAMING + WAITING]; unsigned n_naming;   /* names that are to be counted */
    uint16_t ends[BLOCK + 64];
    Count near_counts[NEAR];                            /* not yet in `counts` */
    uint32_t near_clients[NEAR];                        /* where rows were found the last time */
    uint8_t *texts_apart; unsigned n_apart;           /* of docker's records that wait */
} Scanner;

static inline uint64_t load8(P p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint64_t mix(uint64_t h) { h = (h ^ h >> 32) * K2; return h ^ h >> 32; }
static inline uint64_t low(uint64_t v, unsigned n) { return n >= 8 ? v : v & ((1ull << (8 * n)) - 1); }

#ifdef __SSE2__
#define LOAD16(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#endif

/* A step for a batch of `n`; full ones, which most are, have ways of their own, whose loops are not left by surprise. */
#ifdef __GNUC__
#define STEP static inline __attribute__((always_inline))
#else
#define STEP static inline
#endif
#define SIZED(n, step, ...) ((n) == WAITING ? step(__VA_ARGS__, WAITING) : step(__VA_ARGS__, n))

/* 64 bytes of which the first `n` stay, the others are 0: places in it are masks. */
static const uint8_t STAYS[128] = {
#define X8 255, 255, 255, 255, 255, 255, 255, 255
    X8, X8, X8, X8, X8, X8, X8, X8
#undef X8
};

/* The words of the first `n` of 64 bytes, each by a number of its own; 64 bytes may be read. */
static inline uint64_t sum_of(P p, size_t n)
{
    P m = STAYS + 64 - (n < 64 ? n : 64);
    return (load8(p) & load8(m)) * KS[0] + (load8(p + 8) & load8(m + 8)) * KS[1]
        + (load8(p + 16) & load8(m + 16)) * KS[2] + (load8(p + 24) & load8(m + 24)) * KS[3]
        + (load8(p + 32) & load8(m + 32)) * KS[4] + (load8(p + 40) & load8(m + 40)) * KS[5]
        + (load8(p + 48) & load8(m + 48)) * KS[6] + (load8(p + 56) & load8(m + 56)) * KS[7];
}

static inline uint64_t hash_block(uint64_t h, P p, size_t n) { return mix(h ^ sum_of(p, n)); }

/* `hash_of` of a text behind which SLACK bytes may be read. */
static inline uint64_t hash_within(P p, size_t n)
{
    uint64_t h = hash_block(n * K1, p, n);
    while (n > 64) { n -= 64; p += 64; h = hash_block(h, p, n); }
    return h;
}

static uint64_t hash_of(P p, size_t n)
{
    uint8_t last[64] = {0};
    uint64_t h = n * K1;
    for (; n > 64; n -= 64, p += 64) h = hash_block(h, p, 64);
    if (n) memcpy(last, p, n);
    return hash_block(h, last, n);
}

static inline uint64_t both(uint64_t hash, uint64_t more) { return mix(hash ^ more * K1); }
static inline int below(uint64_t hash, unsigned level) { return level == 0 || hash >> (64 - level) == 0; }

static void *grown(Scanner *s, void *p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return p;
    size_t more = *cap ? *cap * 2 : 64;
    void *q = realloc(p, more * size);
    if (q == NULL) { s->failed = 1; return p; }
    *cap = more;
    return q;
}

#define ADD(s, v) ((s)->v = grown((s), (s)->v, (s)->n_##v, &(s)->cap_##v, sizeof *(s)->v), \
                   (s)->failed ? NULL : &(s)->v[(s)->n_##v++])

static Span put(Scanner *s, Arena *a, P p, size_t n)
{
    Span span = {(uint32_t)a->n, 0};
    if (a->n + n > UINT32_MAX - 1) { s->failed = 1; return span; }
    if (a->n + n + SLACK > a->cap) {
        size_t cap = (a->n + n) * 2 + 1024;
        uint8_t *q = realloc(a->p, cap);
        if (q == NULL) { s->failed = 1; return span; }
        a->p = q;
        a->cap = cap;
    }
    if (n) memcpy(a->p + a->n, p, n);
    a->n += n;
    span.len = (uint32_t)n;
    return span;
}

static inline int same(const Arena *a, Span span, P p, size_t n)
{
    return span.len == n && (n == 0 || memcmp(a->p + span.at, p, n) == 0);
}

/* Whether the first `n` of 64 bytes, at least one, are the same. */
static inline int same_begin(P p, P q, size_t n)
{
#ifdef __SSE2__
    uint64_t found = 0;
    for (unsigned i = 0; i < 4; i++)
        found |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(LOAD16(p + 16 * i), LOAD16(q + 16 * i))) << 16 * i;
    return (~found << (64 - n)) == 0;
#else
    return memcmp(p, q, n) == 0;
#endif
}

static int index_room(Scanner *s, uint32_t **index, size_t *slots, size_t n)
{
    if (*slots > SPARSE * n && *index != NULL) return 0;
    size_t more = *slots ? *slots * 2 : 1024;
    while (more <= SPARSE * n) more *= 2;
    free(*index);
    *index = calloc(more, sizeof **index);
    if (*index == NULL) { *slots = 0; s->failed = 1; return 0; }
    *slots = more;
    return 1;
}

/* The bin that holds a bin, or a minute, when 2, 4, 8 … of them are taken together. */
static inline uint32_t wide(uint32_t bin, unsigned by) { return bin == NO_BIN ? NO_BIN : bin >> by; }
static inline uint32_t minute_at(int64_t at) { return at == NO_TIME ? NO_BIN : (uint32_t)(at / 60000000000ll); }

/* Times are not negative, so NO_TIME is before all of them, and behind all of them without its sign. */
static inline int64_t earlier(int64_t a, int64_t b) { return (uint64_t)a < (uint64_t)b ? a : b; }
static inline int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int is_before(int64_t at, uint64_t no, int64_t than, uint64_t than_no)
{
    return (uint64_t)at < (uint64_t)than || (at == than && no < than_no);
}
