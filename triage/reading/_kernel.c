/* The native scan: bytes of a log to tables, without the GIL.

   It knows where a line's clock, frame and level are, and two shapes of lines: query lines of the common format and lines
   of plugin/errors. Every other line, and every line of these shapes that looks odd in any way, is an event: it is
   handed to Python as it stands. What a frame, or a combination of type, rcode and flags, means is asked of Python
   once each. The Python reader counts the same way; `tests/reading/test_kernel.py` compares them.

   Tables are bounded. Rows about names are thinned by a hash of the name, minutes are widened to 2, 4, 8 … of them: both
   end alike however the input was split. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define BUFFER (1u << 18)
#define BLOCK (1u << 13)
#define SLACK 64u
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
#define SPARSE 4u                                      /* slots of an index a row, at least */
#define NEAR 1024u                                     /* 10 bits */
#define HEADS 1024u
#define TAILS 256u
#define TYPES 16u
#define MAX_WASTE (4u << 20)
#define SLOW UINT32_MAX
#define KEPT 1u                                        /* flags of a combination: a failed query is kept, or one of these */
#define FAILED 2u
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
    uint8_t zone;
    uint8_t name[64];                                 /* its beginning */
    uint32_t whole;                                   /* where a longer one stands */
    Span text;
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
    int stamped;
    uint8_t begins[64];                               /* `after`, with zeros behind it */
} Frame;
typedef struct {
    P text, end, name, client;
    uint64_t hash, home, no, ns, network[2];            /* the first 16 bytes of the client's network */
    int64_t at;
    uint32_t n_name, n_client, n_network, part, group, frame, flags, minute, zone, row;  /* row of its name, plus 1; 0: sought */
} Query;                                              /* a query line, cut into its fields */
typedef struct { uint64_t w[6]; uint32_t group, flags; } Combo;  /* type 1, rcode 1, flags 3, the rest 1 */
typedef struct {
    uint8_t key[64];                                  /* digits as zeros, zeros behind it */
    uint64_t size;                                    /* of a tail: where its size stands */
    uint8_t n_client, n_network, type;                /* of a head */
    uint8_t took, n_fraction, returns;                /* of a tail: where its duration begins, digits behind the point, \r */
} Shape;                                              /* what stands before, or behind, the name of a query line */

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
    Shape *heads, *tails; uint64_t types[TYPES]; unsigned n_types;
    uint16_t (*endings)[TYPES][8];                      /* tail, type, kind: index of the combination, plus 1 */
    VEC(Span, zones);
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
    uint16_t ends[BLOCK + 64];
    uint32_t near_counts[NEAR], near_clients[NEAR];     /* where rows were found the last time */
    uint8_t tmp[MAX_MESSAGE + SLACK];
} Scanner;

/* ------------------------------------------------------------------------------------------------ small things */

static inline uint64_t load8(P p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint64_t mix(uint64_t h) { h = (h ^ h >> 32) * K2; return h ^ h >> 32; }
static inline uint64_t low(uint64_t v, unsigned n) { return n >= 8 ? v : v & ((1ull << (8 * n)) - 1); }

#ifdef __SSE2__
#define LOAD16(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#endif

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

/* ------------------------------------------------------------------------------------------------ names */

static inline uint64_t name_home(uint64_t hash, uint32_t part, uint32_t group)
{
    return mix(hash ^ ((uint64_t)part << 32 | group) * K1);
}

static inline P text_of_name(const Scanner *s, const Name *row)
{
    return row->len > sizeof row->name ? s->names_text.p + row->whole : row->name;
}

static void index_names(Scanner *s)
{
    if (s->name_index != NULL) memset(s->name_index, 0, s->name_slots * sizeof *s->name_index);
    for (size_t i = 0; i < s->n_names; i++) {
        size_t j = name_home(s->names[i].hash, s->names[i].part, s->names[i].group) & (s->name_slots - 1);
        while (s->name_index[j]) j = (j + 1) & (s->name_slots - 1);
        s->name_index[j] = (uint32_t)i + 1;
    }
}

/* Rebuild without rows above the level; at the same level it only gives back what replaced texts left behind. */
static void thin_names(Scanner *s, unsigned level)
{
    Arena names = {0}, texts = {0};
    size_t n = 0;
    s->name_level = level;
    s->texts_waste = 0;
    for (size_t i = 0; i < s->n_names; i++) {
        Name row = s->names[i];
        if (!below(row.hash, level)) continue;
        if (row.len > sizeof row.name) row.whole = put(s, &names, s->names_text.p + row.whole, row.len).at;
        row.text = put(s, &texts, s->texts.p + row.text.at, row.text.len);
        s->names[n++] = row;
    }
    free(s->names_text.p);
    free(s->texts.p);
    s->names_text = names;
    s->texts = texts;
    s->n_names = n;
    for (unsigned i = 0; i < WAITING; i++) s->waiting[i].row = 0;
    if (!s->failed) index_names(s);
}

static inline Name *name_row(Scanner *s, P name, size_t len, uint64_t hash, uint64_t home, uint32_t part, uint32_t group, int *made)
{
    *made = 0;
    if (s->name_slots <= SPARSE * (s->n_names + 1) && index_room(s, &s->name_index, &s->name_slots, s->n_names + 1)) index_names(s);
    if (s->failed) return NULL;
    size_t j = home & (s->name_slots - 1);
    for (uint32_t i; (i = s->name_index[j]) != 0; j = (j + 1) & (s->name_slots - 1)) {
        Name *row = &s->names[i - 1];
        if (row->hash != hash || row->part != part || row->group != group || row->len != len) continue;
        if (len <= sizeof row->name ? same_begin(row->name, name, len) : memcmp(s->names_text.p + row->whole, name, len) == 0)
            return row;
    }
    Name *row = ADD(s, names);
    if (row == NULL) return NULL;
    memset(row, 0, sizeof *row);
    row->hash = hash; row->part = (uint16_t)part; row->group = (uint16_t)group;
    row->first = row->last = NO_TIME;
    row->len = (uint16_t)len;
    memcpy(row->name, name, len < sizeof row->name ? len : sizeof row->name);
    if (len > sizeof row->name) row->whole = put(s, &s->names_text, name, len).at;
    s->name_index[j] = (uint32_t)s->n_names;
    *made = 1;
    return row;
}

static void limit_names(Scanner *s)
{
    while (s->n_names > s->max_names && s->name_level < 63 && !s->failed) thin_names(s, s->name_level + 1);
}

/* ------------------------------------------------------------------------------------------------ counts */

static Count *count_slot(Scanner *s, uint64_t key)
{
    size_t j = mix(key) & (s->count_slots - 1);
    while (s->counts[j].n && s->counts[j].key != key) j = (j + 1) & (s->count_slots - 1);
    return &s->counts[j];
}

static Count *add_count(Scanner *s, uint64_t key, uint64_t n);

static void widen_counts(Scanner *s, unsigned level)
{
    if (level <= s->count_level && s->count_slots > 2 * s->n_counts + 2) return;
    unsigned by = level > s->count_level ? level - s->count_level : 0;
    Count *old = s->counts;
    size_t slots = s->count_slots, more = slots > 2 * s->n_counts + 2 ? slots : slots ? slots * 2 : 1024;
    Count *fresh = calloc(more, sizeof *fresh);
    if (fresh == NULL) { s->failed = 1; return; }
    s->counts = fresh;
    s->count_slots = more;
    s->n_counts = 0;
    s->count_level += by;
    for (size_t i = 0; i < slots; i++) {
        if (!old[i].n) continue;
        add_count(s, (old[i].key & 0xFFFFFFFFull) | (uint64_t)wide((uint32_t)(old[i].key >> 32), by) << 32, old[i].n);
    }
    free(old);
}

static Count *add_count(Scanner *s, uint64_t key, uint64_t n)
{
    if (s->count_slots <= 2 * s->n_counts + 2) widen_counts(s, s->count_level);
    if (s->failed) return NULL;
    Count *slot = count_slot(s, key);
    if (!slot->n) { slot->key = key; s->n_counts++; }
    slot->n += n;
    return slot;
}

static void limit_counts(Scanner *s)
{
    while (s->n_counts > s->max_counts && s->count_level < 31 && !s->failed) widen_counts(s, s->count_level + 1);
}

/* One more of a key: most are where they were the last time. */
static inline void count_one(Scanner *s, uint64_t key)
{
    uint32_t *near = &s->near_counts[key * K1 >> 54];
    if (s->count_slots) {
        Count *slot = &s->counts[*near];
        if (slot->key == key && slot->n) { slot->n++; return; }
    }
    Count *slot = add_count(s, key, 1);
    if (slot == NULL) return;
    *near = (uint32_t)(slot - s->counts);
    if (slot->n == 1) limit_counts(s);                /* a new row */
}

/* ------------------------------------------------------------------------------------------------ clients */

static inline uint64_t client_hash(const Client *c)
{
    return mix(c->words[0] * KS[0] + c->words[1] * KS[1] + ((uint64_t)c->bin << 16 | c->part) * KS[2]);
}

static void index_clients(Scanner *s)
{
    memset(s->client_index, 0, s->client_slots * sizeof *s->client_index);
    for (size_t i = 0; i < s->n_clients; i++) {
        size_t j = client_hash(&s->clients[i]) & (s->client_slots - 1);
        while (s->client_index[j]) j = (j + 1) & (s->client_slots - 1);
        s->client_index[j] = (uint32_t)i + 1;
    }
}

/* Add to the row of a client, which is returned; the words are the first 16 bytes of its text, the hash is made when a row is. */
static Client *add_client(Scanner *s, const Client *c, P text, size_t len)
{
    if (s->client_slots <= SPARSE * (s->n_clients + 1) && index_room(s, &s->client_index, &s->client_slots, s->n_clients + 1))
        index_clients(s);
    if (s->failed) return NULL;
    size_t j = client_hash(c) & (s->client_slots - 1);
    for (uint32_t i; (i = s->client_index[j]) != 0; j = (j + 1) & (s->client_slots - 1)) {
        Client *row = &s->clients[i - 1];
        if (row->words[0] != c->words[0] || row->words[1] != c->words[1] || row->part != c->part || row->bin != c->bin) continue;
        if (row->text.len != len || (len > 16 && !same(&s->clients_text, row->text, text, len))) continue;
        row->queries += c->queries;
        row->failed += c->failed;
        return row;
    }
    uint64_t hash = hash_of(text, len);
    if (!below(hash, s->client_level)) return NULL;
    Client *row = ADD(s, clients);
    if (row == NULL) return NULL;
    *row = *c;
    row->hash = hash;
    row->text = put(s, &s->clients_text, text, len);
    s->client_index[j] = (uint32_t)s->n_clients;
    return row;
}

/* Rebuild with minutes taken together, without rows above the level. */
static void settle_clients(Scanner *s, unsigned bins, unsigned level)
{
    if (bins <= s->client_bins && level <= s->client_level) return;
    Client *old = s->clients;
    Arena texts = s->clients_text;
    size_t n = s->n_clients;
    unsigned by = bins > s->client_bins ? bins - s->client_bins : 0;
    s->client_bins += by;
    if (level > s->client_level) s->client_level = level;
    s->clients = NULL;
    s->n_clients = s->cap_clients = 0;
    s->clients_text = (Arena){0};
    if (s->client_slots) memset(s->client_index, 0, s->client_slots * sizeof *s->client_index);
    for (size_t i = 0; i < n && !s->failed; i++) {
        Client c = old[i];
        c.bin = wide(c.bin, by);
        add_client(s, &c, texts.p + c.text.at, c.text.len);
    }
    free(old);
    free(texts.p);
}

static void limit_clients(Scanner *s)
{
    while (s->n_clients > s->max_clients && s->client_bins < 31 && !s->failed) settle_clients(s, s->client_bins + 1, 0);
    while (s->n_clients > s->max_clients && s->client_level < 63 && !s->failed) settle_clients(s, 0, s->client_level + 1);
}

/* One more query of a client: most rows are where they were the last time. */
static inline void count_client(Scanner *s, const Query *q)
{
    uint64_t failed = (q->flags & FAILED) != 0;
    uint32_t bin = wide(q->minute, s->client_bins);
    uint64_t sum = q->network[0] * KS[0] + q->network[1] * KS[1] + ((uint64_t)bin << 16 | q->part) * KS[2];
    uint32_t *near = &s->near_clients[sum >> 54];
    Client *row = &s->clients[*near];
    if (*near < s->n_clients && q->n_network <= 16 && row->words[0] == q->network[0] && row->words[1] == q->network[1]
        && row->bin == bin && row->part == q->part) {
        row->queries++;
        row->failed += failed;
        return;
    }
    Client c = {{q->network[0], q->network[1]}, 0, 1, failed, {0, 0}, q->part, bin};
    size_t before = s->n_clients;
    row = add_client(s, &c, q->client + (*q->client == '['), q->n_network);
    if (row != NULL) *near = (uint32_t)(row - s->clients);
    if (s->n_clients != before) limit_clients(s);
}

/* ------------------------------------------------------------------------------------------------ messages of errors */

static void index_messages(Scanner *s)
{
    memset(s->message_index, 0, s->message_slots * sizeof *s->message_index);
    for (size_t i = 0; i < s->n_messages; i++) {
        size_t j = s->messages[i].hash & (s->message_slots - 1);
        while (s->message_index[j]) j = (j + 1) & (s->message_slots - 1);
        s->message_index[j] = (uint32_t)i + 1;
    }
}

/* The number of a message, plus 1; 0 when it is new, and `home` then is its place. */
static uint32_t known_message(Scanner *s, P text, size_t len, uint64_t hash, size_t *home)
{
    if (index_room(s, &s->message_index, &s->message_slots, s->n_messages + 1)) index_messages(s);
    if (s->failed) return 0;
    size_t j = hash & (s->message_slots - 1);
    for (uint32_t i; (i = s->message_index[j]) != 0; j = (j + 1) & (s->message_slots - 1))
        if (s->messages[i - 1].hash == hash && same(&s->messages_text, s->messages[i - 1].text, text, len)) return i;
    *home = j;
    return 0;
}

static uint32_t message_id(Scanner *s, P text, size_t len, uint64_t hash)
{
    size_t home;
    uint32_t known = known_message(s, text, len, hash, &home);
    if (known || s->failed) return known ? known - 1 : 0;
    Message *m = ADD(s, messages);
    if (m == NULL) return 0;
    m->hash = hash;
    m->text = put(s, &s->messages_text, text, len);
    s->message_index[home] = (uint32_t)s->n_messages;
    return (uint32_t)s->n_messages - 1;
}

static inline size_t group_home(Scanner *s, uint32_t part, uint32_t bin, uint32_t message)
{
    return mix(((uint64_t)message << 32 | bin) ^ part * K1) & (s->group_slots - 1);
}

static void index_groups(Scanner *s)
{
    memset(s->group_index, 0, s->group_slots * sizeof *s->group_index);
    for (size_t i = 0; i < s->n_groups; i++) {
        size_t j = group_home(s, s->groups[i].part, s->groups[i].bin, s->groups[i].message);
        while (s->group_index[j]) j = (j + 1) & (s->group_slots - 1);
        s->group_index[j] = (uint32_t)i + 1;
    }
}

/* The row of a key; `text` is where its first line stands in `kept_text`. */
static void add_group(Scanner *s, const Group *g, P text, size_t len)
{
    if (index_room(s, &s->group_index, &s->group_slots, s->n_groups + 1)) index_groups(s);
    if (s->failed) return;
    size_t j = group_home(s, g->part, g->bin, g->message);
    for (uint32_t i; (i = s->group_index[j]) != 0; j = (j + 1) & (s->group_slots - 1)) {
        Group *row = &s->groups[i - 1];
        if (row->part != g->part || row->bin != g->bin || row->message != g->message) continue;
        row->n += g->n;
        if (is_before(g->first, g->first_no, row->first, row->first_no)) {
            row->first_no = g->first_no;
            row->frame = g->frame;
            if (len <= row->text.len) {
                memcpy(s->kept_text.p + row->text.at, text, len);
                row->text.len = (uint32_t)len;
            } else {
                s->kept_waste += row->text.len;
                row->text = put(s, &s->kept_text, text, len);
            }
        }
        row->first = earlier(row->first, g->first);
        row->last = later(row->last, g->last);
        return;
    }
    Group *row = ADD(s, groups);
    if (row == NULL) return;
    *row = *g;
    row->text = put(s, &s->kept_text, text, len);
    s->group_index[j] = (uint32_t)s->n_groups;
}

/* Rebuild groups and kept lines: minutes as wide, messages and lines as thin as asked. */
static void settle_errors(Scanner *s, unsigned bins, unsigned messages, unsigned lines)
{
    unsigned by = bins > s->group_level ? bins - s->group_level : 0;
    Group *groups = s->groups;
    size_t n_groups = s->n_groups, n = 0;
    Arena old = s->kept_text;
    if (messages > s->message_level) s->message_level = messages;
    if (lines > s->kept_level) s->kept_level = lines;
    s->group_level += by;
    s->groups = NULL;
    s->n_groups = s->cap_groups = 0;
    s->kept_text = (Arena){0};
    s->kept_waste = 0;
    if (s->group_index != NULL) memset(s->group_index, 0, s->group_slots * sizeof *s->group_index);
    for (size_t i = 0; i < n_groups; i++) {
        Group g = groups[i];
        if (!below(s->messages[g.message].hash, s->message_level)) continue;
        g.bin = wide(g.bin, by);
        add_group(s, &g, old.p + g.text.at, g.text.len);
    }
    for (size_t i = 0; i < s->n_kept; i++) {
        Line line = s->kept[i];
        if (!below(line.hash, s->kept_level)) continue;
        line.text = put(s, &s->kept_text, old.p + line.text.at, line.text.len);
        line.bin = wide(line.bin, by);
        s->kept[n++] = line;
    }
    s->n_kept = n;
    free(groups);
    free(old.p);
}

static void limit_errors(Scanner *s)
{
    while (s->n_kept > s->max_kept && s->kept_level < 63 && !s->failed)
        settle_errors(s, 0, 0, s->kept_level + 1);
    while (s->n_groups > s->max_groups && s->group_level < 31 && !s->failed)
        settle_errors(s, s->group_level + 1, 0, 0);
    while (s->n_groups > s->max_groups && s->message_level < 63 && !s->failed)
        settle_errors(s, 0, s->message_level + 1, 0);
    if (s->kept_waste > MAX_WASTE) settle_errors(s, 0, 0, 0);
}

static void thin_asked(Scanner *s, unsigned level)
{
    Arena texts = {0};
    size_t n = 0;
    s->asked_level = level;
    for (size_t i = 0; i < s->n_asked; i++) {
        Line line = s->asked[i];
        if (!below(line.hash, level)) continue;
        line.text = put(s, &texts, s->asked_text.p + line.text.at, line.text.len);
        s->asked[n++] = line;
    }
    free(s->asked_text.p);
    s->asked_text = texts;
    s->n_asked = n;
}

static void limit_asked(Scanner *s)
{
    while (s->n_asked > s->max_kept && s->asked_level < 63 && !s->failed) thin_asked(s, s->asked_level + 1);
}

/* ------------------------------------------------------------------------------------------------ asking Python */

static long asked(Scanner *s, PyObject *callback, PyObject *arguments)
{
    long answer = -1;
    PyObject *result = arguments != NULL ? PyObject_Call(callback, arguments, NULL) : NULL;
    if (result != NULL) answer = PyLong_AsLong(result);
    if (PyErr_Occurred()) s->failed = 2;
    Py_XDECREF(result);
    Py_XDECREF(arguments);
    return answer;
}

static uint32_t ask_query(Scanner *s, P text, size_t len, uint32_t *flags)
{
    PyEval_RestoreThread(s->released);
    long answer = asked(s, s->on_query, Py_BuildValue("(y#)", (const char *)text, (Py_ssize_t)len));
    s->released = PyEval_SaveThread();
    *flags = answer >= 0 ? (uint32_t)(answer >> 16) : 0;
    return answer < 0 || (answer & 0xFFFF) >= (long)MAX_GROUPS ? SLOW : (uint32_t)(answer & 0xFFFF);
}

static uint32_t ask_frame(Scanner *s, P line, size_t len, size_t at, int64_t at_ns, uint32_t index)
{
    PyEval_RestoreThread(s->released);
    PyObject *when = at_ns == NO_TIME ? (Py_INCREF(Py_None), Py_None) : PyLong_FromLongLong(at_ns);
    long answer = when == NULL ? -1 : asked(s, s->on_frame, Py_BuildValue("(Iy#nN)", (unsigned)index,
        (const char *)line, (Py_ssize_t)len, (Py_ssize_t)at, when));
    s->released = PyEval_SaveThread();
    return answer < 0 || answer >= (long)MAX_PARTS ? SLOW : (uint32_t)answer;
}

/* ------------------------------------------------------------------------------------------------ clocks and frames */

static const uint8_t DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static inline int digits2(P p) { unsigned a = p[0] - '0', b = p[1] - '0'; return a > 9 || b > 9 ? -1 : (int)(a * 10 + b); }

/* `2024-03-15T10:00` to nanoseconds; -1 for what is no minute since 1970. */
static int64_t minute_of(P p)
{
    int a = digits2(p), b = digits2(p + 2), month = digits2(p + 5), day = digits2(p + 8), hour = digits2(p + 11);
    int minute = digits2(p + 14), year = a * 100 + b;
    if (a < 0 || b < 0 || month < 1 || month > 12 || hour < 0 || hour > 23 || minute < 0 || minute > 59) return -1;
    if (year < 1970 || year > 2200 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':') return -1;
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > DAYS[month - 1] + (month == 2 && leap)) return -1;
    int y = year - (month <= 2), era = y / 400, yoe = y - era * 400;
    int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t days = (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return ((days * 24 + hour) * 60 + minute) * 60000000000ll;
}

/* A whole `2024-03-15T10:00:00.123456789Z`; NO_TIME for any other form. */
static int64_t stamp_of(Scanner *s, P p, size_t n)
{
    if (n < 20 || n > 30 || p[n - 1] != 'Z' || p[16] != ':') return NO_TIME;
    if (memcmp(p, s->minute, 16) != 0) {
        int64_t minute = minute_of(p);
        if (minute < 0) return NO_TIME;
        memcpy(s->minute, p, 16);
        s->minute_ns = minute;
    }
    int second = digits2(p + 17);
    if (second < 0 || second > 59) return NO_TIME;
    int64_t ns = 0;
    if (n > 20) {
        if (p[19] != '.' || n == 21) return NO_TIME;
        for (size_t i = 20; i < n - 1; i++) {
            unsigned d = p[i] - '0';
            if (d > 9) return NO_TIME;
            ns = ns * 10 + d;
        }
        for (size_t i = n; i < 30; i++) ns *= 10;
    }
    return s->minute_ns + second * 1000000000ll + ns;
}

static uint32_t frame_of(Scanner *s, P line, size_t len, size_t at, P before, size_t n_before, P after, size_t n_after,
                         int64_t at_ns)
{
    int stamped = at_ns != NO_TIME;
    if (s->frame_hint < s->n_frames) {
        Frame *f = &s->frames[s->frame_hint];
        if (f->stamped == stamped && same(&s->frames_text, f->before, before, n_before)
            && same(&s->frames_text, f->after, after, n_after)) return s->frame_hint;
    }
    uint64_t hash = both(hash_of(before, n_before), hash_of(after, n_after) + (uint64_t)stamped);
    size_t j = hash & (2 * MAX_FRAMES - 1);
    for (uint32_t i; (i = s->frame_index[j]) != 0; j = (j + 1) & (2 * MAX_FRAMES - 1)) {
        Frame *f = &s->frames[i - 1];
        if (f->hash == hash && f->stamped == stamped && same(&s->frames_text, f->before, before, n_before)
            && same(&s->frames_text, f->after, after, n_after)) return s->frame_hint = i - 1;
    }
    if (s->n_frames >= MAX_FRAMES) return SLOW;
    uint32_t part = ask_frame(s, line, len, at, at_ns, (uint32_t)s->n_frames);
    if (s->failed) return SLOW;
    Frame *f = ADD(s, frames);
    if (f == NULL) return SLOW;
    f->hash = hash; f->lines = 0; f->part = part; f->stamped = stamped;
    f->before = put(s, &s->frames_text, before, n_before);
    f->after = put(s, &s->frames_text, after, n_after);
    f->n_blanks = 0;
    for (size_t i = 0; i < n_after; i++) f->n_blanks += after[i] == ' ';
    memset(f->begins, 0, sizeof f->begins);
    if (n_after) memcpy(f->begins, after, n_after < sizeof f->begins ? n_after : sizeof f->begins);
    s->frame_index[j] = (uint32_t)s->n_frames;
    return s->frame_hint = (uint32_t)s->n_frames - 1;
}

/* ------------------------------------------------------------------------------------------------ counting lines */

static Run *new_run(Scanner *s, uint32_t part, uint64_t no)
{
    Run *run = ADD(s, runs);
    if (run == NULL) return NULL;
    memset(run, 0, sizeof *run);
    run->begin_no = no; run->part = part; run->event = (uint32_t)s->n_events;
    run->first = run->last = run->out_first = run->out_last = NO_TIME;
    s->run_of[part] = (int64_t)s->n_runs - 1;
    return run;
}

static inline Run *run_of(Scanner *s, uint32_t part, uint64_t no)
{
    int64_t i = s->run_of[part];
    return i >= 0 && s->runs[i].event == s->n_events ? &s->runs[i] : new_run(s, part, no);
}

static uint32_t zone_of(Scanner *s, P name, size_t len)
{
    for (uint32_t i = 0; i < s->n_zones; i++) {
        Span z = s->zones[i];
        if (z.len <= len && memcmp(name + len - z.len, s->zones_text.p + z.at, z.len) == 0
            && (z.len == len || name[len - z.len - 1] == '.')) return i + 1;
    }
    return 0;
}

static int log2_ms(uint64_t ns)
{
    if (ns == 0) return -20;
    if (ns >> 43) return 63 - __builtin_clzll(ns / 1000000);
    return 43 - __builtin_clzll((ns << 20) / 1000000);
}

static inline int is_alnum(uint8_t c) { return (c | 32) - 'a' < 26u || c - '0' < 10u; }

/* Length of the word at `p` before a blank, at most `most`; 0 when there is none. */
static inline size_t word(P p, P end, size_t most)
{
    size_t n = 0;
    while (p + n < end && p[n] != ' ') if (++n > most) return 0;
    return p + n < end ? n : 0;
}

static inline P number(P p, P end)
{
    P q = p;
    while (q < end && *q - '0' < 10u) q++;
    return q > p ? q : NULL;
}

static inline uint64_t any_below(uint64_t v, uint8_t n) { return (v - 0x0101010101010101ull * n) & ~v & 0x8080808080808080ull; }
static inline uint64_t any_is(uint64_t v, uint8_t c) { return any_below(v ^ 0x0101010101010101ull * c, 1); }

/* The length of a query name up to its blank: printable ASCII without quotes and backslashes, and whether it has capitals; 0 when
   it is another kind of word. */
static size_t name_at(P p, P end, int *capitals)
{
    P q = p;
    for (;;) {
        uint64_t v = load8(q), blank = any_is(v, ' ');
        unsigned n = blank ? (unsigned)__builtin_ctzll(blank) / 8 : 8;
        if (n < 8) v = low(v, n) | 0x6161616161616161ull << (8 * n);
        if ((v & 0x8080808080808080ull) | any_below(v, 0x21) | any_is(v, '"') | any_is(v, '\\') | any_is(v, 0x7F)) return 0;
        uint64_t up = ((v + 0x3F3F3F3F3F3F3F3Full) & ~(v + 0x2525252525252525ull)) & 0x8080808080808080ull;
        if (up) *capitals = 1;
        q += n;
        if (q >= end || q - p > 1024) return 0;
        if (n < 8) break;
    }
    return (size_t)(q - p);
}

static inline size_t combo_home(const uint64_t w[6])
{
    return mix(w[0] * KS[0] + w[1] * KS[1] + w[2] * KS[2] + w[3] * KS[3] + w[4] * KS[4] + w[5] * KS[5]) & (2 * MAX_COMBOS - 1);
}

static inline Combo *known_combo(Scanner *s, const uint64_t w[6], size_t *home)
{
    size_t j = *home;
    for (uint32_t i; (i = s->combo_index[j]) != 0; j = (j + 1) & (2 * MAX_COMBOS - 1)) {
        Combo *c = &s->combos[i - 1];
        if (!((c->w[0] ^ w[0]) | (c->w[1] ^ w[1]) | (c->w[2] ^ w[2]) | (c->w[3] ^ w[3]) | (c->w[4] ^ w[4])
              | (c->w[5] ^ w[5]))) return c;
    }
    *home = j;
    return NULL;
}

/* The combination of type, rcode, flags and kinds of size and duration: a group, or SLOW. */
static Combo *combo_of(Scanner *s, const uint64_t w[6], P text, size_t len)
{
    size_t j = combo_home(w);
    Combo *known = known_combo(s, w, &j);
    if (known != NULL) return known;
    if (s->n_combos >= MAX_COMBOS) return NULL;
    uint32_t flags, group = ask_query(s, text, len, &flags);
    if (s->failed) return NULL;
    Combo *c = ADD(s, combos);
    if (c == NULL) return NULL;
    memcpy(c->w, w, 6 * sizeof *w);
    c->group = group;
    c->flags = flags;
    s->combo_index[j] = (uint32_t)s->n_combos;
    return c;
}

static Last *new_last(Scanner *s, uint32_t part, uint32_t group)
{
    if (s->last_of[part] == NULL && (s->last_of[part] = calloc(MAX_GROUPS, sizeof(uint16_t))) == NULL) s->failed = 1;
    Last *last = s->failed || s->n_lasts >= 65535 ? NULL : ADD(s, lasts);
    if (last == NULL) return NULL;
    memset(last, 0, sizeof *last);
    last->part = part;
    last->group = group;
    s->last_of[part][group] = (uint16_t)s->n_lasts;
    return last;
}

/* Texts are copied when the buffer moves, for most lines are the last ones for a short time only. */
static inline void see_last(Scanner *s, uint32_t part, uint32_t group, uint64_t no, P text, size_t len)
{
    const uint16_t *of = s->last_of[part];
    Last *last = of != NULL && of[group] ? &s->lasts[of[group] - 1] : new_last(s, part, group);
    if (last == NULL) return;
    last->no = no;
    last->seen = text;
    last->len = (uint32_t)(len < MAX_TEXT ? len : MAX_TEXT);
}

static void keep_lasts(Scanner *s)
{
    static const uint8_t room[MAX_TEXT];
    for (size_t i = 0; i < s->n_lasts; i++) {
        Last *last = &s->lasts[i];
        if (last->seen == NULL) continue;
        if (last->text.len == 0) last->text = put(s, &s->lasts_text, room, MAX_TEXT);
        if (s->failed) return;
        memcpy(s->lasts_text.p + last->text.at, last->seen, last->len);
        last->seen = NULL;
    }
}

static inline int outside(Scanner *s, int64_t at) { return at != NO_TIME && (at < s->since || at > s->until); }

static void keep_asked(Scanner *s, const Query *q)
{
    size_t v6 = *q->client == '[';
    uint64_t hash = both(q->hash, hash_of(q->client + v6, q->n_client - 2 * v6));
    if (!below(hash, s->asked_level)) return;
    Line *l = ADD(s, asked);
    if (l == NULL) return;
    memset(l, 0, sizeof *l);
    l->hash = hash; l->no = q->no; l->at = q->at; l->part = q->part; l->frame = q->frame;
    l->text = put(s, &s->asked_text, q->text, (size_t)(q->end - q->text));
    limit_asked(s);
}

static uint32_t count_name(Scanner *s, const Query *q)
{
    int made = 0;
    Name *row = q->row ? &s->names[q->row - 1] : name_row(s, q->name, q->n_name, q->hash, q->home, q->part, q->group, &made);
    if (row == NULL) return 0;
    if (made) row->zone = (uint8_t)zone_of(s, q->name, q->n_name);
    uint32_t zone = row->zone;
    if (made || is_before(q->at, q->no, row->first, row->first_no)) {
        size_t n = (size_t)(q->end - q->text);
        if (n > MAX_TEXT) n = MAX_TEXT;
        row->first_no = q->no;
        if (n <= row->text.len) {
            memcpy(s->texts.p + row->text.at, q->text, n);
            row->text.len = (uint32_t)n;
        } else {
            s->texts_waste += row->text.len;
            row->text = put(s, &s->texts, q->text, n);
        }
        row->first = earlier(row->first, q->at);
    }
    row->count++;
    row->last = later(row->last, q->at);
    if (made) limit_names(s);
    else if (s->texts_waste > MAX_WASTE) thin_names(s, s->name_level);
    return zone;
}

/* Count the queries that wait, table by table, so that the processor works on several of them at once. */
static void count_waiting(Scanner *s)
{
    unsigned n = s->n_waiting, n_inside = 0;
    s->n_waiting = 0;
    Run *run = NULL;
    for (unsigned i = 0; i < n; i++) {
        Query *q = &s->waiting[i];
        if (run == NULL || run->part != q->part) run = run_of(s, q->part, q->no);
        if (run == NULL) return;
        if (outside(s, q->at)) { run->filtered = 1; continue; }
        run->queries++;
        run->first = earlier(run->first, q->at);
        run->last = later(run->last, q->at);
        s->frames[q->frame].lines++;
        if (q->flags & KEPT) keep_asked(s, q);
        if (n_inside++ != i) s->waiting[n_inside - 1] = *q;
    }
    Query *end = s->waiting + n_inside;
    for (Query *q = s->waiting; q < end && !s->failed; q++)
        q->zone = below(q->hash, s->name_level) ? count_name(s, q) : zone_of(s, q->name, q->n_name);
    for (Query *q = s->waiting; q < end && !s->failed; q++)
        count_one(s, (uint64_t)wide(q->minute, s->count_level) << 32 | (uint64_t)q->part << 22 | (uint64_t)q->zone << 16
            | (uint64_t)q->group << 6 | (uint64_t)(log2_ms(q->ns) + 20));
    for (Query *q = s->waiting; q < end && !s->failed; q++) count_client(s, q);
    for (Query *q = s->waiting; q < end && !s->failed; q++)
        see_last(s, q->part, q->group, q->no, q->text, (size_t)(q->end - q->text));
}

static void add_event(Scanner *s, P line, size_t len, uint64_t no)
{
    count_waiting(s);                                 /* they are of the run before it */
    Event *e = ADD(s, events);
    if (e == NULL) return;
    e->no = no;
    e->text = put(s, &s->events_text, line, len);
    if (s->events_text.n + 32 * s->n_events > s->max_events) s->gave_up = 1;
}

/* Zeros behind a word are no part of it. */
static inline uint64_t lengths_of(size_t type, size_t rcode, size_t flags)
{
    return (uint64_t)type << 8 | (uint64_t)rcode << 16 | (uint64_t)flags << 24;
}

static inline uint64_t kind_of(int none, uint64_t ns)
{
    return (uint64_t)none << 2 | ((uint64_t)(ns >= 200000) + (ns >= 300000) + (ns >= 1000000));
}

/* Where the row of its name is looked for; the place is fetched until it is. */
static inline void seek_name(Scanner *s, Query *q)
{
    q->home = name_home(q->hash, q->part, q->group);
    if (s->name_slots) __builtin_prefetch(&s->name_index[q->home & (s->name_slots - 1)]);
}

/* Let the query wait that was put behind those that do. */
static inline void wait(Scanner *s, const Combo *combo)
{
    Query *q = &s->waiting[s->n_waiting];
    q->part = s->frames[q->frame].part;
    q->group = combo->group;
    q->flags = combo->flags;
    seek_name(s, q);
    if (++s->n_waiting == WAITING) count_waiting(s);
}

static inline size_t shape_home(uint64_t sum) { return (size_t)(sum >> 40); }

/* The shape of a text of at most 64 bytes; anew where another one was. */
static Shape *shape_of(Shape *shapes, size_t n_shapes, P text, size_t n, int *fresh)
{
    uint8_t key[64] = {0};
    for (size_t i = 0; i < n; i++) key[i] = text[i] - '0' < 10u ? '0' : text[i];
    Shape *shape = &shapes[shape_home(sum_of(key, 64)) & (n_shapes - 1)];
    *fresh = memcmp(shape->key, key, 64) != 0;
    if (*fresh) memcpy(shape->key, key, 64);
    return shape;
}

/* Remember the shapes of a line that was taken apart, so that the next one like it need not be. */
static void learn(Scanner *s, const Query *q, uint64_t type, P size, P took, const Combo *combo)
{
    P end = q->end, tail = q->name + q->n_name, from = q->text - s->frames[q->frame].after.len;
    size_t n_head = (size_t)(q->name - from), returns = *end == '\r', n_tail = (size_t)(end - tail) + returns;
    size_t n_took = (size_t)(end - took);
    if (q->text == s->tmp || *q->client == '[' || n_head > 64 || n_tail > 63 || took[1] != '.' || n_took - 4 > 8) return;
    for (unsigned i = 0; i < 8; i++) if ((uint8_t)(type >> 8 * i) - '0' < 10u) return;  /* TYPE64 is not TYPE65 */
    unsigned no = 0;
    while (no < s->n_types && s->types[no] != type) no++;
    if (no == TYPES) return;
    if (no == s->n_types) s->types[s->n_types++] = type;
    int fresh;
    Shape *shape = shape_of(s->heads, HEADS, from, n_head, &fresh);
    shape->n_client = (uint8_t)q->n_client;
    shape->n_network = (uint8_t)q->n_network;
    shape->type = (uint8_t)no;
    shape = shape_of(s->tails, TAILS, tail, n_tail, &fresh);
    if (fresh) memset(s->endings[shape - s->tails], 0, sizeof *s->endings);
    shape->size = ((1ull << (took - 1 - size)) - 1) << (size - tail);
    shape->took = (uint8_t)(took - tail);
    shape->n_fraction = (uint8_t)(n_took - 3);
    shape->returns = (uint8_t)returns;
    s->endings[shape - s->tails][no][(unsigned)combo->w[5] & 7] = (uint16_t)(combo - s->combos + 1);
}

/* `[INFO] client:port - id "type IN name proto size do bufsize" rcode flags size duration`; false sends it to Python. */
static int query(Scanner *s, P p, P end, uint32_t frame, int64_t at, uint64_t no)
{
    P text = p, client = p + 7, q = client;
    if (*q == '[') {
        for (q++; q < end && ((*q - '0' < 10u) || ((*q | 32) - 'a' < 6u) || *q == ':' || *q == '.'); q++) ;
        if (q >= end || q - client < 2 || *q++ != ']') return 0;
    } else {
        while (q < end && (*q - '0' < 10u || *q == '.')) q++;
    }
    size_t n_client = (size_t)(q - client);
    if (n_client == 0 || q >= end || *q != ':' || (q = number(q + 1, end)) == NULL) return 0;
    if (end - q < 40 || memcmp(q, " - ", 3) != 0 || (q = number(q + 3, end)) == NULL) return 0;
    if (end - q < 36 || q[0] != ' ' || q[1] != '"') return 0;
    uint64_t w[6];
    P type = q + 2;
    size_t n = word(type, end, 8);
    if (n == 0) return 0;
    for (size_t i = 0; i < n; i++) if (!is_alnum(type[i])) return 0;
    size_t n_type = n, n_rcode, n_flags;
    w[0] = low(load8(type), (unsigned)n);
    q = type + n;
    if (end - q < 26 || memcmp(q, " IN ", 4) != 0) return 0;
    P name = q + 4;
    int capitals = 0;
    size_t n_name = name_at(name, end, &capitals);
    if (n_name == 0 || name[n_name - 1] != '.') return 0;
    q = name + n_name;
    if (end - q < 20 || (memcmp(q, " udp ", 5) != 0 && memcmp(q, " tcp ", 5) != 0) || (q = number(q + 5, end)) == NULL) return 0;
    if (end - q < 14) return 0;
    if (memcmp(q, " false ", 7) == 0) q += 7;
    else if (memcmp(q, " true ", 6) == 0) q += 6;
    else return 0;
    if ((q = number(q, end)) == NULL || end - q < 10 || q[0] != '"' || q[1] != ' ') return 0;
    q += 2;
    if ((n = word(q, end, 8)) == 0) return 0;
    for (size_t i = 0; i < n; i++) if (q[i] - 'A' >= 26u && q[i] != '-') return 0;
    n_rcode = n;
    w[1] = low(load8(q), (unsigned)n);
    q += n + 1;
    if ((n = word(q, end, 24)) == 0) return 0;
    for (size_t i = 0; i < n; i++) if (q[i] - 'a' >= 26u && q[i] != ',' && q[i] != '-') return 0;
    n_flags = n;
    w[2] = low(load8(q), (unsigned)n);
    w[3] = n > 8 ? low(load8(q + 8), (unsigned)n - 8) : 0;
    w[4] = n > 16 ? low(load8(q + 16), (unsigned)n - 16) : 0;
    q += n + 1;
    P size = q;
    if ((q = number(q, end)) == NULL || q - size > 7 || end - q < 3 || *q++ != ' ') return 0;
    int none = 1;
    for (P d = size; d < q - 1; d++) none &= *d == '0';
    uint64_t ns = 0;
    P took = q, d = q;
    while (q < end && *q - '0' < 10u) ns = ns * 10 + (uint64_t)(*q++ - '0');
    if (q == d || q - d > 8) return 0;
    int places = 9;
    if (q < end && *q == '.') {
        d = ++q;
        while (q < end && *q - '0' < 10u && places) { ns = ns * 10 + (uint64_t)(*q++ - '0'); places--; }
        if (q == d) return 0;
    }
    while (places--) ns *= 10;
    if (q + 1 != end || *q != 's') return 0;
    w[5] = kind_of(none, ns) | lengths_of(n_type, n_rcode, n_flags);
    Combo *combo = combo_of(s, w, text, (size_t)(end - text));
    if (combo == NULL || combo->group == SLOW) return 0;
    /* The network of IPv4 is the address without its last number; an address of IPv6 is counted as it is. */
    size_t n_network = *client == '[' ? n_client - 2 : n_client;
    if (*client != '[') {
        size_t dot = n_client;
        while (dot && client[dot - 1] != '.') dot--;
        if (dot) n_network = dot - 1;
    }
    P from = client + (*client == '[');
    unsigned n8 = n_network < 8 ? (unsigned)n_network : 8, n16 = n_network < 16 ? (unsigned)n_network : 16;
    Query *waits = &s->waiting[s->n_waiting];
    *waits = (Query){text, end, name, client, capitals ? 0 : hash_of(name, n_name), 0, no, ns, {low(load8(from), n8), low(load8(from + 8), n16 - n8)}, at,
        (uint32_t)n_name, (uint32_t)n_client, (uint32_t)n_network, 0, 0, frame, 0, minute_at(at), 0, 0};
    learn(s, waits, w[0], size, took, combo);
    if (!capitals) {
        wait(s, combo);
        return 1;
    }
    uint8_t lower[1032];                              /* only until this one is counted */
    for (size_t i = 0; i < n_name; i++) lower[i] = name[i] - 'A' < 26u ? name[i] | 32 : name[i];
    waits->name = lower;
    waits->hash = hash_of(lower, n_name);
    wait(s, combo);
    count_waiting(s);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ the usual lines */

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

#if defined __x86_64__ && defined __GNUC__ && !defined __clang__
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
#include "_usual.h"
#undef WIDTH
#ifdef HAS_WIDE
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#define WIDTH 256
#include "_usual.h"
#undef WIDTH
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#define WIDTH 512
#include "_usual.h"
#undef WIDTH
#pragma GCC pop_options
#endif

static P (*usual)(Scanner *, P, P, P) = usual_128;
static unsigned (*find_newlines)(P, size_t, uint16_t *) = newlines_128;

/* Choose the way for registers of at most so many bits; returns their width. */
static int use_width(int most)
{
    usual = usual_128;
    find_newlines = newlines_128;
#ifdef HAS_WIDE
    if (most < 256 || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return 128;
    usual = usual_256;
    find_newlines = newlines_256;
    if (most < 512 || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
        || !__builtin_cpu_supports("avx512dq")) return 256;
    usual = usual_512;
    find_newlines = newlines_512;
    return 512;
#else
    (void)most;
    return 128;
#endif
}

/* ------------------------------------------------------------------------------------------------ lines of errors */

static const char ERRORS[] = "[ERROR] plugin/errors: ";
#define N_ERRORS (sizeof ERRORS - 1)

/* Whether a text holds something for which Python looks closer: a second line glued to it, a prompt, another plugin. */
static int looks_odd(P p, P end)
{
    for (; p < end; p++) {
        switch (*p) {
        case '@': return 1;
        case ']': if (p[1] == ' ') return 1; break;
        case ' ': if (p[1] == '-' && p[2] == ' ') return 1; break;
        case 'f': if (end - p >= 10 && memcmp(p, "failed to ", 10) == 0) return 1; break;
        case 'p': if (end - p >= 7 && memcmp(p, "plugin/", 7) == 0) return 1; break;
        default: if (*p < 0x20 || *p > 0x7E) return 1;
        }
    }
    return 0;
}

/* `[ERROR] plugin/errors: rcode name type: words`; false sends it to Python. Two lines that differ in name and local
   port only have one message. */
static int error(Scanner *s, P p, P end, uint32_t frame, int64_t at, uint64_t no)
{
    P text = p, rcode = p + N_ERRORS, q = number(rcode, end);
    if (q == NULL || q - rcode > 5 || q >= end || *q != ' ') return 0;
    P name = q + 1;
    int capitals = 0;
    size_t n_name = name_at(name, end, &capitals);
    if (n_name == 0 || n_name > 1020 || memchr(name, '@', n_name) != NULL) return 0;
    P type = name + n_name + 1, colon = type;
    while (colon < end && is_alnum(*colon)) colon++;
    size_t n_type = (size_t)(colon - type);
    if (n_type == 0 || n_type > 16 || end - colon < 3 || colon[0] != ':' || colon[1] != ' ') return 0;
    P words = colon + 2;
    if (end - words > 1000 || end[-1] == ' ') return 0;
    uint8_t message[1100], *m = message;
    memcpy(m, rcode, (size_t)(name - rcode)); m += name - rcode;
    memcpy(m, type, n_type); m += n_type;
    if (n_type == 5 && memcmp(type, "HINFO", 5) == 0 && *name - '0' < 10u) *m++ = '!';
    P cut = NULL, resume = NULL;
    for (P a = words; a + 1 < end && (a = memchr(a, '-', (size_t)(end - a - 1))) != NULL; a++) {
        if (a[1] != '>') continue;
        P d = a;
        while (d > words && d[-1] - '0' < 10u) d--;
        if (d < a && d > words && d[-1] == ':') { cut = d; resume = a; break; }
    }
    if (cut != NULL) {
        memcpy(m, colon, (size_t)(cut - colon)); m += cut - colon;
        memcpy(m, resume, (size_t)(end - resume)); m += end - resume;
    } else {
        memcpy(m, colon, (size_t)(end - colon)); m += end - colon;
    }
    size_t n_message = (size_t)(m - message), home;
    uint64_t hash = hash_of(message, n_message);
    if (!known_message(s, message, n_message, hash, &home) && looks_odd(words, end)) return 0;
    uint32_t part = s->frames[frame].part;
    count_waiting(s);                                 /* runs are begun in the order of lines */
    Run *run = run_of(s, part, no);
    if (run == NULL) return 1;
    if (outside(s, at)) {
        run->filtered = 1;
        run->outside++;
        run->out_first = earlier(run->out_first, at);
        run->out_last = later(run->out_last, at);
        return 1;
    }
    run->errors++;
    run->first = earlier(run->first, at);
    run->last = later(run->last, at);
    s->frames[frame].lines++;
    uint32_t bin = minute_at(at);
    uint64_t line = both(hash_of(name, n_name), at == NO_TIME ? 0 : bin);
    bin = wide(bin, s->group_level);
    int is_kept = below(line, s->kept_level), is_counted = below(hash, s->message_level);
    if (!is_kept && !is_counted) return 1;
    uint32_t id = message_id(s, message, n_message, hash);
    if (s->failed) return 1;
    Group g = {1, no, at, at, {0, 0}, part, frame, bin, id};
    if (is_counted) add_group(s, &g, text, (size_t)(end - text));
    if (is_kept) {
        Line *l = ADD(s, kept);
        if (l == NULL) return 1;
        *l = (Line){line, no, at, put(s, &s->kept_text, text, (size_t)(end - text)), part, frame, id, bin};
    }
    limit_errors(s);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ lines */

static int shaped(Scanner *s, P text, P end, uint32_t frame, int64_t at, uint64_t no)
{
    if (text[1] == 'I') return query(s, text, end, frame, at, no);
    return (size_t)(end - text) > N_ERRORS && memcmp(text, ERRORS, N_ERRORS) == 0 && error(s, text, end, frame, at, no);
}

static int is_level(P p) { return memcmp(p, "[INFO] ", 7) == 0 || memcmp(p, "[ERROR] ", 8) == 0; }

/* Docker's record with its keys in their usual order; the text is unescaped into `tmp`. */
static int docker(Scanner *s, P line, P end, uint64_t no)
{
    P p = line + 8;
    uint8_t *t = s->tmp, *room = s->tmp + MAX_MESSAGE;
    for (;; p++) {
#ifdef __SSE2__
        for (unsigned n = 16; n == 16 && p < end && t < room; p += n, t += n) {  /* both have room for more */
            __m128i v = LOAD16(p), quotes = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), escapes = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
            _mm_storeu_si128((__m128i *)(void *)t, v);
            n = (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_or_si128(quotes, escapes)) | 1u << 16);
        }
#endif
        if (p >= end || t >= room || *p == '"') return 0;
        if (*p != '\\') { *t++ = *p; continue; }
        if (*++p == '"') *t++ = '"';
        else if (*p == 'n') break;
        else if (end - p > 5 && memcmp(p, "u003e", 5) == 0) { *t++ = '>'; p += 4; }
        else if (end - p > 5 && memcmp(p, "u003c", 5) == 0) { *t++ = '<'; p += 4; }
        else if (end - p > 5 && memcmp(p, "u0026", 5) == 0) { *t++ = '&'; p += 4; }
        else return 0;
    }
    p++;
    if (end - p < 40 || memcmp(p, "\",\"stream\":\"std", 15) != 0) return 0;
    P stream = p;
    p += 15;
    if (memcmp(p, "out\"", 4) != 0 && memcmp(p, "err\"", 4) != 0) return 0;
    p += 4;
    if (memcmp(p, ",\"time\":\"", 9) != 0) return 0;
    p += 9;
    if (end - p < 22 || end[-1] != '}' || end[-2] != '"') return 0;
    int64_t at = stamp_of(s, p, (size_t)(end - 2 - p));
    if (at == NO_TIME || t - s->tmp < 9 || !is_level(s->tmp)) return 0;
    *t = '\n';
    uint32_t frame = frame_of(s, line, (size_t)(end - line), 8, (P)"{", 1, stream + 12, 6, at);
    if (frame == SLOW || s->frames[frame].part == SLOW) return 0;
    if (at % 1000) s->fine = 1;
    if (!shaped(s, s->tmp, t, frame, at, no)) return 0;
    count_waiting(s);
    keep_lasts(s);
    return 1;
}

static int counted(Scanner *s, P line, P end, uint64_t no)
{
    size_t len = (size_t)(end - line);
    if (len < 24) return 0;
    if (*line == '{') return memcmp(line, "{\"log\":\"", 8) == 0 && docker(s, line, end, no);
    P text = line;
    while (!is_level(text)) {
        size_t left = (size_t)(end - text) - 1;
        if (left > 400) left = 400;
        if ((text = memchr(text + 1, '[', left)) == NULL || end - text < 24 || text - line > 512) return 0;
    }
    P before = line, after = text;
    size_t n_before = 0, n_after = 0;
    int64_t at = NO_TIME;
    if (text > line) {
        P stamp, stop;
        if (*line - '0' < 10u) {
            stamp = line;
            stop = memchr(line, ' ', (size_t)(text - line));
            if (stop == NULL) return 0;
            after = stop;
            n_after = (size_t)(text - stop);
        } else {
            stop = text - 1;
            if (*stop != ' ') return 0;
            for (stamp = stop; stamp > line && stamp[-1] != ' '; stamp--) ;
            n_before = (size_t)(stamp - line);
            after = stop;
            n_after = 1;
        }
        at = stamp_of(s, stamp, (size_t)(stop - stamp));
        if (at == NO_TIME) return 0;
    }
    uint32_t frame = frame_of(s, line, len, (size_t)(text - line), before, n_before, after, n_after, at);
    if (frame == SLOW || s->frames[frame].part == SLOW) return 0;
    if (!shaped(s, text, end, frame, at, no)) return 0;
    if (at != NO_TIME && at % 1000) s->fine = 1;
    return 1;
}

static P find(P p, P end, const char *what)
{
    size_t n = strlen(what);
    while ((size_t)(end - p) >= n && (p = memchr(p, what[0], (size_t)(end - p) - n + 1)) != NULL) {
        if (memcmp(p, what, n) == 0) return p;
        p++;
    }
    return NULL;
}

/* Runtimes cut long lines into several records. While one is open its stream goes to Python line by line, which joins
   them; where it is not certain which stream that is, Python reads the document. */
static void note_open(Scanner *s, P line, P end)
{
    P p = memchr(line, ' ', (size_t)(end - line));
    int cri = p != NULL && end - p >= 9 && (memcmp(p, " stdout ", 8) == 0 || memcmp(p, " stderr ", 8) == 0);
    if (cri && *line - '0' < 10u && (p[8] == 'P' || p[8] == 'F')) {
        uint64_t key = (uint64_t)p[4];
        unsigned i = 0;
        while (i < s->n_open && s->open[i] != key) i++;
        if (p[8] == 'P' && i == s->n_open && s->n_open < MAX_OPEN) s->open[s->n_open++] = key;
        if (p[8] == 'F' && i < s->n_open) s->open[i] = s->open[--s->n_open];
        return;
    }
    if (find(line, end, " stdout P") != NULL || find(line, end, " stderr P") != NULL) s->gave_up = 1;
    if (end - line >= 16000 && memchr(line, '{', (size_t)(end - line)) != NULL) s->gave_up = 1;
    if (!s->named && end - line > 4 && find(line, end, "==> ") != NULL) s->gave_up = 1;
}

/* Count the whole lines of `p` to `end`, of those that begin before `stop`; returns where it stopped. */
static P consume(Scanner *s, P p, P end, P stop)
{
    s->n_ends = s->end_no = 0;
    while (!s->gave_up && !s->failed) {
        if (s->n_open == 0) p = usual(s, p, end, stop);
        P nl = p < stop && !s->failed ? newline(s, p, end) : NULL;
        if (nl == NULL) break;
        s->end_no += s->end_no < s->n_ends;
        P line_end = nl > p && nl[-1] == '\r' ? nl - 1 : nl;
        uint64_t no = ++s->n_lines;
        if (s->n_open || !counted(s, p, line_end, no)) {
            if (s->failed) break;
            add_event(s, p, (size_t)(nl - p), no);
            note_open(s, p, line_end);
        }
        p = nl + 1;
    }
    count_waiting(s);
    keep_lasts(s);
    return p;
}

static void clear_scratch(Scanner *s)
{
    for (uint32_t i = 0; i < MAX_PARTS; i++) s->run_of[i] = -1;
}

/* What only reading needs: of fifty documents two are read at a time. */
static int begin_reading(Scanner *s)
{
    if (s->buf != NULL) return 1;
    s->buf = calloc(BUFFER + 4 * SLACK, 1);
    s->heads = calloc(HEADS, sizeof *s->heads);
    s->tails = calloc(TAILS, sizeof *s->tails);
    s->endings = calloc(TAILS, sizeof *s->endings);
    s->failed |= !s->buf || !s->heads || !s->tails || !s->endings;
    return !s->failed;
}

static void end_reading(Scanner *s)
{
    free(s->buf); free(s->heads); free(s->tails); free(s->endings);
    s->buf = NULL; s->heads = s->tails = NULL; s->endings = NULL;
    s->n_types = 0;
    s->keep = 0;
}

/* Read lines that begin in [start, stop) of a file. */
static void scan_file(Scanner *s, int fd, uint64_t start, uint64_t stop)
{
    uint64_t base = start ? start - 1 : 0;             /* where in the file the buffer begins */
    size_t n = 0;
    int skipping = start > 0;
    while (!s->stopped && !s->gave_up && !s->failed && base < stop) {
        ssize_t got;
        do got = pread(fd, s->buf + n, BUFFER - n, (off_t)(base + n)); while (got < 0 && errno == EINTR);
        if (got < 0) { s->failed = 3; return; }
        n += (size_t)got;
        s->progress = base + n;
        size_t whole = n;
        if (got == 0 && n && s->buf[n - 1] != '\n') s->buf[whole++] = '\n';
        P p = s->buf, end = s->buf + whole;
        if (skipping) {
            P nl = memchr(p, '\n', whole);
            p = nl == NULL ? end : nl + 1;
            skipping = nl == NULL;
        }
        P limit = stop - base < whole ? s->buf + (stop - base) : end;
        P next = skipping ? end : consume(s, p, end, limit);
        if (got == 0 || (next >= limit && limit < end)) return;
        size_t used = (size_t)(next - s->buf);
        n -= used;
        if (n >= BUFFER) { s->gave_up = 1; return; }
        memmove(s->buf, next, n);
        base += used;
    }
}

static void feed(Scanner *s, P data, size_t n_data, int last)
{
    while ((n_data || last) && !s->stopped && !s->gave_up && !s->failed) {
        size_t n = BUFFER - s->keep < n_data ? BUFFER - s->keep : n_data;
        memcpy(s->buf + s->keep, data, n);
        data += n;
        n_data -= n;
        s->keep += n;
        if (last && !n_data && s->keep && s->buf[s->keep - 1] != '\n') s->buf[s->keep++] = '\n';
        P end = s->buf + s->keep, next = consume(s, s->buf, end, end);
        size_t rest = (size_t)(end - next);
        if (rest >= BUFFER) { s->gave_up = 1; return; }
        memmove(s->buf, next, rest);
        s->keep = rest;
        if (!n_data) break;
    }
}

/* ------------------------------------------------------------------------------------------------ merging */

/* Make the tables as coarse as these levels, at least; their order is that of `scanner_state`. */
static void settle(Scanner *s, const unsigned levels[8])
{
    if (levels[0] > s->name_level) thin_names(s, levels[0]);
    if (levels[1] > s->count_level) widen_counts(s, levels[1]);
    if (levels[2] > s->group_level || levels[3] > s->message_level || levels[4] > s->kept_level)
        settle_errors(s, levels[2], levels[3], levels[4]);
    if (levels[5] > s->asked_level) thin_asked(s, levels[5]);
    settle_clients(s, levels[6], levels[7]);
}

/* Take the tables of `o`, whose lines come after ours; its numbers of parts, groups and frames are translated. Runs and
   events are not taken. */
static void absorb(Scanner *s, Scanner *o, const uint32_t *parts, const uint32_t *groups, const uint32_t *frames)
{
    uint64_t shift = s->n_lines;
    settle(s, (const unsigned[8]){o->name_level, o->count_level, o->group_level, o->message_level, o->kept_level,
        o->asked_level, o->client_bins, o->client_level});
    for (size_t i = 0; i < o->n_names && !s->failed; i++) {
        Name *n = &o->names[i];
        if (!below(n->hash, s->name_level)) continue;
        int made;
        uint32_t part = parts[n->part], group = groups[n->group];
        Name *row = name_row(s, text_of_name(o, n), n->len, n->hash, name_home(n->hash, part, group), part, group, &made);
        if (row == NULL) return;
        uint64_t no = n->first_no + shift;
        row->zone = n->zone;
        if (made || is_before(n->first, no, row->first, row->first_no)) {
            row->first_no = no;
            s->texts_waste += row->text.len;
            row->text = put(s, &s->texts, o->texts.p + n->text.at, n->text.len);
        }
        row->first = earlier(row->first, n->first);
        row->last = later(row->last, n->last);
        row->count += n->count;
        if (made) limit_names(s);
    }
    if (s->texts_waste > MAX_WASTE) thin_names(s, s->name_level);
    for (size_t i = 0; i < o->count_slots && !s->failed; i++) {
        if (!o->counts[i].n) continue;
        uint64_t k = o->counts[i].key, bin = wide((uint32_t)(k >> 32), s->count_level - o->count_level);
        add_count(s, bin << 32 | (uint64_t)parts[k >> 22 & 1023] << 22 | (k >> 16 & 63) << 16
            | (uint64_t)groups[k >> 6 & 1023] << 6 | (k & 63), o->counts[i].n);
        limit_counts(s);
    }
    for (size_t i = 0; i < o->n_clients && !s->failed; i++) {
        Client c = o->clients[i];
        c.part = parts[c.part];
        c.bin = wide(c.bin, s->client_bins - o->client_bins);
        add_client(s, &c, o->clients_text.p + c.text.at, c.text.len);
        limit_clients(s);
    }
    for (size_t i = 0; i < o->n_groups && !s->failed; i++) {
        Group g = o->groups[i];
        Message *m = &o->messages[g.message];
        if (!below(m->hash, s->message_level)) continue;
        P text = o->kept_text.p + g.text.at;
        g.message = message_id(s, o->messages_text.p + m->text.at, m->text.len, m->hash);
        g.bin = wide(g.bin, s->group_level - o->group_level);
        g.part = parts[g.part];
        g.frame = frames[g.frame];
        g.first_no += shift;
        add_group(s, &g, text, g.text.len);
    }
    for (size_t i = 0; i < o->n_kept && !s->failed; i++) {
        Line line = o->kept[i];
        Message *m = &o->messages[line.message];
        if (!below(line.hash, s->kept_level)) continue;
        line.text = put(s, &s->kept_text, o->kept_text.p + line.text.at, line.text.len);
        line.message = message_id(s, o->messages_text.p + m->text.at, m->text.len, m->hash);
        line.bin = wide(line.bin, s->group_level - o->group_level);
        line.part = parts[line.part];
        line.frame = frames[line.frame];
        line.no += shift;
        Line *l = ADD(s, kept);
        if (l != NULL) *l = line;
    }
    limit_errors(s);
    for (size_t i = 0; i < o->n_asked && !s->failed; i++) {
        Line line = o->asked[i];
        if (!below(line.hash, s->asked_level)) continue;
        line.text = put(s, &s->asked_text, o->asked_text.p + line.text.at, line.text.len);
        line.part = parts[line.part];
        line.frame = frames[line.frame];
        line.no += shift;
        Line *l = ADD(s, asked);
        if (l != NULL) *l = line;
    }
    limit_asked(s);
    for (size_t i = 0; i < o->n_lasts && !s->failed; i++) {
        Last *l = &o->lasts[i];
        if (l->text.len) see_last(s, parts[l->part], groups[l->group], l->no + shift, o->lasts_text.p + l->text.at, l->len);
    }
    keep_lasts(s);
    s->fine |= o->fine;
    s->n_lines += o->n_lines;
}

/* ------------------------------------------------------------------------------------------------ as bytes */

#define FORMAT 0x6B726E6C32ull

static void store(Scanner *s, Arena *out, const void *p, size_t n)
{
    uint64_t size = n;
    put(s, out, (P)&size, sizeof size);
    put(s, out, p, n);
}

static int fetch(P *p, P end, void **to, size_t *n)
{
    uint64_t size;
    if ((size_t)(end - *p) < sizeof size) return 0;
    memcpy(&size, *p, sizeof size);
    *p += sizeof size;
    if ((uint64_t)(end - *p) < size) return 0;
    *to = calloc(size + SLACK, 1);
    if (*to == NULL) return 0;
    memcpy(*to, *p, size);
    *p += size;
    *n = size;
    return 1;
}

#define ARENAS(X) X(names_text) X(texts) X(messages_text) X(events_text) X(kept_text) X(asked_text) X(lasts_text) \
    X(clients_text)
#define VECTORS(X) X(names, Name) X(messages, Message) X(groups, Group) X(kept, Line) X(asked, Line) X(lasts, Last) \
    X(events, Event) X(runs, Run) X(frames, Frame) X(clients, Client)

typedef struct { uint64_t format, n_lines, count_slots, n_counts; uint32_t levels[8]; int32_t fine, gave_up, open; } Head;

static void dump(Scanner *s, Arena *out)
{
    Head h = {FORMAT, s->n_lines, s->count_slots, s->n_counts,
        {s->name_level, s->count_level, s->group_level, s->message_level, s->kept_level, s->asked_level,
         s->client_bins, s->client_level},
        s->fine, s->gave_up, (int32_t)s->n_open};
    store(s, out, &h, sizeof h);
    store(s, out, s->counts, s->count_slots * sizeof *s->counts);
#define X(a) store(s, out, s->a.p, s->a.n);
    ARENAS(X)
#undef X
#define X(v, T) store(s, out, s->v, s->n_##v * sizeof(T));
    VECTORS(X)
#undef X
}

/* Find the rows that came as bytes, so that others can be added to them. */
static void index_loaded(Scanner *s)
{
    if (index_room(s, &s->name_index, &s->name_slots, s->n_names + 1)) index_names(s);
    if (index_room(s, &s->client_index, &s->client_slots, s->n_clients + 1)) index_clients(s);
    if (index_room(s, &s->message_index, &s->message_slots, s->n_messages + 1)) index_messages(s);
    if (index_room(s, &s->group_index, &s->group_slots, s->n_groups + 1)) index_groups(s);
    for (size_t i = 0; i < s->n_lasts && !s->failed; i++) {
        uint16_t **of = &s->last_of[s->lasts[i].part % MAX_PARTS];
        if (*of == NULL) *of = calloc(MAX_GROUPS, sizeof(uint16_t));
        if (*of == NULL) { s->failed = 1; return; }
        (*of)[s->lasts[i].group % MAX_GROUPS] = (uint16_t)(i + 1);
        s->lasts[i].seen = NULL;
    }
}

/* False for bytes that no kernel of this build wrote. They come from a worker of ours, not from a log. */
static int load(Scanner *s, P p, P end)
{
    void *q;
    size_t n;
    if (!fetch(&p, end, &q, &n)) return 0;
    Head h;
    if (n != sizeof h) { free(q); return 0; }
    memcpy(&h, q, sizeof h);
    free(q);
    if (h.format != FORMAT || !fetch(&p, end, &q, &n)) return 0;
    s->counts = q;
    s->count_slots = h.count_slots;
    s->n_counts = h.n_counts;
    if (n != h.count_slots * sizeof *s->counts) { s->count_slots = 0; return 0; }
#define X(a) if (!fetch(&p, end, &q, &n)) return 0; s->a.p = q; s->a.n = n; s->a.cap = n;
    ARENAS(X)
#undef X
#define X(v, T) if (!fetch(&p, end, &q, &n) || n % sizeof(T)) return 0; s->v = q; s->n_##v = s->cap_##v = n / sizeof(T);
    VECTORS(X)
#undef X
    s->n_lines = h.n_lines;
    s->name_level = h.levels[0]; s->count_level = h.levels[1]; s->group_level = h.levels[2];
    s->message_level = h.levels[3]; s->kept_level = h.levels[4]; s->asked_level = h.levels[5];
    s->client_bins = h.levels[6]; s->client_level = h.levels[7];
    index_loaded(s);
    s->fine = h.fine; s->gave_up = h.gave_up; s->n_open = (unsigned)h.open % (MAX_OPEN + 1);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ Python */

static void scanner_free(PyObject *self)
{
    Scanner *s = (Scanner *)self;
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(s->on_frame);
    Py_XDECREF(s->on_query);
#define X(a) free(s->a.p);
    ARENAS(X)
#undef X
#define X(v, T) free(s->v);
    VECTORS(X)
#undef X
    free(s->zones_text.p); free(s->frames_text.p); free(s->zones); free(s->combos); free(s->counts);
    free(s->name_index); free(s->client_index); free(s->message_index); free(s->group_index); free(s->frame_index); free(s->combo_index);
    free(s->run_of);
    end_reading(s);
    for (uint32_t i = 0; i < MAX_PARTS; i++) free(s->last_of[i]);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *on_frame, *on_query, *zones;
    unsigned long long names, counts, groups, kept, events, clients;
    long long since, until;
    int named;
    static char *words[] = {"on_frame", "on_query", "zones", "since", "until", "named", "names", "counts", "groups",
                            "kept", "events", "clients", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOLLpKKKKKK", words, &on_frame, &on_query, &zones, &since, &until,
            &named, &names, &counts, &groups, &kept, &events, &clients)) return NULL;
    allocfunc make = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Scanner *s = (Scanner *)make(type, 0);
    if (s == NULL) return NULL;
    Py_INCREF(on_frame); s->on_frame = on_frame;
    Py_INCREF(on_query); s->on_query = on_query;
    s->since = since; s->until = until; s->named = named;
    s->max_names = names; s->max_counts = counts; s->max_groups = groups; s->max_kept = kept; s->max_events = events; s->max_clients = clients;
    s->run_of = malloc(MAX_PARTS * sizeof *s->run_of);
    s->frame_index = calloc(2 * MAX_FRAMES, sizeof *s->frame_index);
    s->combo_index = calloc(2 * MAX_COMBOS, sizeof *s->combo_index);
    if (!s->run_of || !s->frame_index || !s->combo_index) { Py_DECREF(s); return PyErr_NoMemory(); }
    memset(s->tmp, 0, sizeof s->tmp);
    clear_scratch(s);
    Py_ssize_t n = PySequence_Size(zones);
    if (n < 0 || n >= (Py_ssize_t)MAX_ZONES) {
        if (n >= 0) PyErr_SetString(PyExc_ValueError, "too many zones");
        Py_DECREF(s);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *zone = PySequence_GetItem(zones, i);
        char *text;
        Py_ssize_t len;
        if (zone == NULL || PyBytes_AsStringAndSize(zone, &text, &len) < 0) { Py_XDECREF(zone); Py_DECREF(s); return NULL; }
        Span *z = ADD(s, zones);
        if (z != NULL) *z = put(s, &s->zones_text, (P)text, (size_t)len);
        Py_DECREF(zone);
        if (s->failed) { Py_DECREF(s); return PyErr_NoMemory(); }
    }
    return (PyObject *)s;
}

static PyObject *done(Scanner *s)
{
    if (PyErr_Occurred()) return NULL;
    if (s->failed == 3) return PyErr_SetFromErrno(PyExc_OSError);
    if (s->failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *scanner_scan(PyObject *self, PyObject *args)
{
    Scanner *s = (Scanner *)self;
    int fd;
    unsigned long long start, stop;
    if (!PyArg_ParseTuple(args, "iKK", &fd, &start, &stop)) return NULL;
    s->released = PyEval_SaveThread();
    if (begin_reading(s)) scan_file(s, fd, start, stop);
    int error = errno;
    end_reading(s);
    PyEval_RestoreThread(s->released);
    errno = error;
    return done(s);
}

static PyObject *scanner_feed(PyObject *self, PyObject *args)
{
    Scanner *s = (Scanner *)self;
    Py_buffer view;
    int last;
    if (!PyArg_ParseTuple(args, "y*p", &view, &last)) return NULL;
    s->released = PyEval_SaveThread();
    if (begin_reading(s)) feed(s, view.buf, (size_t)view.len, last);
    if (last) end_reading(s);
    PyEval_RestoreThread(s->released);
    PyBuffer_Release(&view);
    return done(s);
}

/* A translation table: bytes of uint32 values below `limit`, at least `need` of them. */
static const uint32_t *table(PyObject *o, size_t need, uint32_t limit)
{
    char *p;
    Py_ssize_t n;
    if (PyBytes_AsStringAndSize(o, &p, &n) < 0) return NULL;
    const uint32_t *t = (const uint32_t *)(void *)p;
    size_t have = (size_t)n / 4;
    int bad = have < need;
    for (size_t i = 0; i < have && !bad; i++) bad = t[i] >= limit;
    if (!bad) return t;
    PyErr_SetString(PyExc_ValueError, "no such translation");
    return NULL;
}

static PyObject *scanner_absorb(PyObject *self, PyObject *args)
{
    Scanner *s = (Scanner *)self;
    PyObject *other, *parts, *groups, *frames;
    if (!PyArg_ParseTuple(args, "O!OOO", Py_TYPE(self), &other, &parts, &groups, &frames)) return NULL;
    /* Checked against what any row may name: a table of full size costs 4 KiB. */
    const uint32_t *p = table(parts, MAX_PARTS, MAX_PARTS), *g = p ? table(groups, MAX_GROUPS, MAX_GROUPS) : NULL;
    const uint32_t *f = g ? table(frames, MAX_FRAMES, UINT32_MAX) : NULL;
    if (f == NULL) return NULL;
    s->released = PyEval_SaveThread();
    absorb(s, (Scanner *)other, p, g, f);
    PyEval_RestoreThread(s->released);
    return done(s);
}

static PyObject *scanner_settle(PyObject *self, PyObject *args)
{
    Scanner *s = (Scanner *)self;
    unsigned n[8];
    if (!PyArg_ParseTuple(args, "IIIIIIII", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7])) return NULL;
    settle(s, n);
    return done(s);
}

static PyObject *scanner_dump(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    Arena out = {0};
    dump(s, &out);
    PyObject *bytes = s->failed ? PyErr_NoMemory() : PyBytes_FromStringAndSize((char *)out.p, (Py_ssize_t)out.n);
    free(out.p);
    return bytes;
}

static PyObject *scanner_load(PyObject *self, PyObject *args)
{
    Scanner *s = (Scanner *)self;
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "y*", &view)) return NULL;
    int ok = s->n_lines == 0 && load(s, view.buf, (P)view.buf + view.len);
    PyBuffer_Release(&view);
    if (ok) return done(s);
    PyErr_SetString(PyExc_ValueError, "no result of this kernel");
    return NULL;
}

static PyObject *when(int64_t at)
{
    if (at == NO_TIME) Py_RETURN_NONE;
    return PyLong_FromLongLong(at);
}

static PyObject *bin_of(uint32_t bin) { return bin == NO_BIN ? when(NO_TIME) : when(bin); }

static PyObject *text_of(const Arena *a, size_t at, size_t len) { return PyBytes_FromStringAndSize((char *)a->p + at, (Py_ssize_t)len); }

#define LISTED(n, made) do { \
    PyObject *list = PyList_New(0); \
    for (size_t i = 0; list != NULL && i < (n); i++) { \
        PyObject *item = made; \
        if (item == NULL || PyList_Append(list, item) < 0) { Py_CLEAR(list); } \
        Py_XDECREF(item); \
    } \
    return list; } while (0)

static PyObject *scanner_names(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_names, Py_BuildValue("(IINKNNKN)", (unsigned)s->names[i].part, (unsigned)s->names[i].group,
        PyBytes_FromStringAndSize((const char *)text_of_name(s, &s->names[i]), s->names[i].len), (unsigned long long)s->names[i].count,
        when(s->names[i].first), when(s->names[i].last), (unsigned long long)s->names[i].first_no,
        text_of(&s->texts, s->names[i].text.at, s->names[i].text.len)));
}

static PyObject *scanner_counts(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < s->count_slots; i++) {
        uint64_t k = s->counts[i].key;
        if (!s->counts[i].n) continue;
        PyObject *item = Py_BuildValue("(NIIIiK)", bin_of((uint32_t)(k >> 32)),
            (unsigned)(k >> 22 & 1023), (unsigned)(k >> 16 & 63), (unsigned)(k >> 6 & 1023), (int)(k & 63) - 20,
            (unsigned long long)s->counts[i].n);
        if (item == NULL || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *scanner_clients(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_clients, Py_BuildValue("(NINKK)", bin_of(s->clients[i].bin), (unsigned)s->clients[i].part,
        text_of(&s->clients_text, s->clients[i].text.at, s->clients[i].text.len),
        (unsigned long long)s->clients[i].queries, (unsigned long long)s->clients[i].failed));
}

static PyObject *scanner_groups(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_groups, Py_BuildValue("(IINIKNNKN)", s->groups[i].part, s->groups[i].frame, bin_of(s->groups[i].bin),
        s->groups[i].message, (unsigned long long)s->groups[i].n, when(s->groups[i].first), when(s->groups[i].last),
        (unsigned long long)s->groups[i].first_no, text_of(&s->kept_text, s->groups[i].text.at, s->groups[i].text.len)));
}

static PyObject *scanner_messages(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_messages, text_of(&s->messages_text, s->messages[i].text.at, s->messages[i].text.len));
}

static PyObject *lines_of(const Line *lines, size_t n, const Arena *texts)
{
    LISTED(n, Py_BuildValue("(IIKNNINK)", lines[i].part, lines[i].frame, (unsigned long long)lines[i].no,
        when(lines[i].at), bin_of(lines[i].bin), lines[i].message, text_of(texts, lines[i].text.at, lines[i].text.len),
        (unsigned long long)lines[i].hash));
}

static PyObject *scanner_kept(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    return lines_of(s->kept, s->n_kept, &s->kept_text);
}

static PyObject *scanner_asked(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    return lines_of(s->asked, s->n_asked, &s->asked_text);
}

static PyObject *scanner_lasts(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_lasts, Py_BuildValue("(IIKN)", s->lasts[i].part, s->lasts[i].group, (unsigned long long)s->lasts[i].no,
        text_of(&s->lasts_text, s->lasts[i].text.at, s->lasts[i].len)));
}

static PyObject *scanner_events(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_events, Py_BuildValue("(KN)", (unsigned long long)s->events[i].no,
        text_of(&s->events_text, s->events[i].text.at, s->events[i].text.len)));
}

static PyObject *scanner_runs(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_runs, Py_BuildValue("(IIKKKKNNNNi)", s->runs[i].event, s->runs[i].part,
        (unsigned long long)s->runs[i].begin_no, (unsigned long long)s->runs[i].queries,
        (unsigned long long)s->runs[i].errors, (unsigned long long)s->runs[i].outside, when(s->runs[i].first),
        when(s->runs[i].last), when(s->runs[i].out_first), when(s->runs[i].out_last), s->runs[i].filtered));
}

static PyObject *scanner_frames(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    LISTED(s->n_frames, PyLong_FromUnsignedLongLong(s->frames[i].lines));
}

static PyObject *scanner_state(PyObject *self, PyObject *Py_UNUSED(args))
{
    Scanner *s = (Scanner *)self;
    return Py_BuildValue("{s:K,s:K,s:i,s:i,s:I,s:(KKKKKK),s:(IIIIIIII)}", "lines", (unsigned long long)s->n_lines, "position",
        (unsigned long long)s->progress, "fine", s->fine, "gave_up", s->gave_up, "open", s->n_open,
        "rows", (unsigned long long)s->n_names, (unsigned long long)s->n_counts, (unsigned long long)s->n_groups,
        (unsigned long long)s->n_kept, (unsigned long long)s->n_asked, (unsigned long long)s->n_clients,
        "levels", s->name_level, s->count_level, s->group_level, s->message_level, s->kept_level, s->asked_level,
        s->client_bins, s->client_level);
}

static PyObject *scanner_stop(PyObject *self, PyObject *Py_UNUSED(args))
{
    ((Scanner *)self)->stopped = 1;
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"scan", scanner_scan, METH_VARARGS, "Count the lines that begin in [start, stop) of a file descriptor."},
    {"feed", scanner_feed, METH_VARARGS, "Count the lines of more bytes; the second argument tells the last ones."},
    {"absorb", scanner_absorb, METH_VARARGS, "Add the tables of a scanner whose lines come after ours."},
    {"settle", scanner_settle, METH_VARARGS, "Thin and widen the tables to these levels at least."},
    {"dump", scanner_dump, METH_NOARGS, "Everything that was counted, as bytes."},
    {"load", scanner_load, METH_VARARGS, "Take what `dump` gave, into an empty scanner."},
    {"names", scanner_names, METH_NOARGS, "part, group, name, count, first, last, number and text of the first line."},
    {"counts", scanner_counts, METH_NOARGS, "bin, part, zone, group, log2 of milliseconds, count."},
    {"clients", scanner_clients, METH_NOARGS, "bin, part, network or address, queries, failed queries."},
    {"groups", scanner_groups, METH_NOARGS, "part, frame, bin, message, count, first, last, number and text of the first."},
    {"messages", scanner_messages, METH_NOARGS, "Texts of errors without names and ports."},
    {"kept", scanner_kept, METH_NOARGS, "Lines of errors: part, frame, number, time, bin, message, text, hash."},
    {"asked", scanner_asked, METH_NOARGS, "Query lines that were to be kept; columns of `kept`."},
    {"lasts", scanner_lasts, METH_NOARGS, "part, group, number and text of the last query line."},
    {"events", scanner_events, METH_NOARGS, "Lines for Python: number, text."},
    {"runs", scanner_runs, METH_NOARGS, "Lines counted between two events, by part."},
    {"frames", scanner_frames, METH_NOARGS, "Lines counted by frame."},
    {"state", scanner_state, METH_NOARGS, "Lines, position, levels and sizes of the tables."},
    {"stop", scanner_stop, METH_NOARGS, "End a scan that runs in another thread, at its next block."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot SLOTS[] = {
    {Py_tp_new, (void *)scanner_new},
    {Py_tp_dealloc, (void *)scanner_free},
    {Py_tp_methods, METHODS},
    {Py_tp_doc, "Counts the lines of one document, or of a part of it."},
    {0, NULL},
};

static PyType_Spec SPEC = {"triage.reading._kernel.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, SLOTS};

static PyObject *name_hash_of(PyObject *Py_UNUSED(self), PyObject *args)
{
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "y*", &view)) return NULL;
    uint64_t hash = hash_of(view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLongLong(hash);
}

static PyObject *use_width_of(PyObject *Py_UNUSED(self), PyObject *args)
{
    int most;
    if (!PyArg_ParseTuple(args, "i", &most)) return NULL;
    return PyLong_FromLong(use_width(most));
}

static PyMethodDef FUNCTIONS[] = {
    {"use_width", use_width_of, METH_VARARGS, "Use registers of at most so many bits; returns their width."},
    {"hash_of", name_hash_of, METH_VARARGS, "The hash by which rows are thinned."},
    {NULL, NULL, 0, NULL},
};

static int start(PyObject *module)
{
    use_width(512);
    PyObject *type = PyType_FromSpec(&SPEC);
    if (type == NULL) return -1;
    int failed = PyModule_AddObjectRef(module, "Scanner", type);
    Py_DECREF(type);
    return failed < 0 ? failed : PyModule_AddIntConstant(module, "REVISION", 3);
}

static PyModuleDef_Slot MODULE_SLOTS[] = {{Py_mod_exec, (void *)start}, {0, NULL}};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_kernel", "The native scan.", 0, FUNCTIONS, MODULE_SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&MODULE); }
