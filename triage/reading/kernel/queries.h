/* Query lines, cut field by field, and how they are counted. */

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

static Zone zone_from(Scanner *s, P text, size_t len)
{
    Zone z = {0, 0, 0, put(s, &s->zones_text, text, len)};
    size_t n = len < 8 ? len : 8;
    memcpy(&z.first, text, n);
    memcpy((uint8_t *)&z.last + 8 - n, text + len - n, n);
    memset((uint8_t *)&z.mask + 8 - n, 0xFF, n);
    return z;
}

/* The place of the first zone that holds a name, plus 1; 8 bytes behind the name may be read. */
static inline uint32_t zone_of(const Scanner *s, P name, size_t len)
{
    P end = name + len;
    uint64_t last = len >= 8 ? load8(end - 8) : load8(name) << (64 - 8 * len);
    for (uint32_t i = 0; i < s->n_zones; i++) {
        const Zone *z = &s->zones[i];
        size_t n = z->text.len;
        if ((last ^ z->last) & z->mask || n > len) continue;
        if (n > 8 && (n > 16 ? memcmp(end - n, s->zones_text.p + z->text.at, n) != 0 : load8(end - n) != z->first)) continue;
        if (n == len || *(end - n - 1) == '.') return i + 1;
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
    uint64_t hash = both(hash_within(q->name, q->n_name), hash_within(q->client + v6, q->n_client - 2 * v6));
    if (!below(hash, s->asked_level)) return;
    Line *l = ADD(s, asked);
    if (l == NULL) return;
    memset(l, 0, sizeof *l);
    l->hash = hash; l->no = q->no; l->at = q->at; l->part = q->part; l->frame = q->frame;
    l->text = put(s, &s->asked_text, q->text, (size_t)(q->end - q->text));
    limit_asked(s);
}

/* Count the queries that wait, table by table, so that the processor works on several of them at once. */
STEP void count_n(Scanner *s, unsigned n)
{
    unsigned n_inside = 0, n_named = 0, n_own = 0;
    uint8_t named[WAITING], own[WAITING];
    s->n_waiting = 0;
    for (unsigned i = 0; i < n;) {
        uint32_t frame = s->waiting[i].frame;
        Run *run = run_of(s, s->waiting[i].part, s->waiting[i].no);
        if (run == NULL) return;
        unsigned before = n_inside;
        int64_t first = run->first, last = run->last;
        for (; i < n && s->waiting[i].frame == frame; i++) {
            Query *q = &s->waiting[i];
            if (outside(s, q->at)) { run->filtered = 1; continue; }
            first = earlier(first, q->at);
            last = later(last, q->at);
            if (q->flags & KEPT) keep_asked(s, q);
            unsigned is_own = (q->flags & OWN_WORD) != 0;
            named[n_named] = own[n_own] = (uint8_t)n_inside;
            n_named += !is_own;
            n_own += is_own;
            if (n_inside++ != i) s->waiting[n_inside - 1] = *q;
        }
        run->first = first;
        run->last = last;
        run->queries += n_inside - before;
        s->frames[frame].lines += n_inside - before;
    }
    Query *end = s->waiting + n_inside;
    for (unsigned i = 0; i < n_own; i++) {            /* apart, as most of them are of one zone */
        Query *q = &s->waiting[own[i]];
        q->zone = zone_of(s, q->name, q->n_name);
    }
    for (unsigned i = 0; i < n_named; i++) {
        Query *q = &s->waiting[named[i]];
        q->zone = zone_of(s, q->name, q->n_name);
        s->naming[s->n_naming++] = (Naming){q->name, q->text, 0, 0, q->no, q->at, q->n_name, (uint32_t)(q->end - q->text),
            (uint16_t)q->part, (uint16_t)q->group};
    }
    for (Query *q = s->waiting; q < end && !s->failed; q++) {
        count_one(s, (uint64_t)q->minute << 32 | (uint64_t)q->part << 22 | (uint64_t)q->zone << 16
            | (uint64_t)q->group << 6 | (uint64_t)(log2_ms(q->ns) + 20));
        count_client(s, q);
        see_last(s, q->part, q->group, q->no, q->text, (size_t)(q->end - q->text));
    }
    if (s->n_naming > NAMING) count_names(s);
}

static void count_waiting(Scanner *s)
{
    SIZED(s->n_waiting, count_n, s);
}

/* Count all that waits, before its text goes away. */
static void count_all(Scanner *s)
{
    count_waiting(s);
    count_names(s);
    keep_lasts(s);
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

/* Let the query wait that was put behind those that do. */
static inline void wait(Scanner *s, const Combo *combo)
{
    Query *q = &s->waiting[s->n_waiting];
    q->part = s->frames[q->frame].part;
    q->group = combo->group;
    q->flags = combo->flags;
    if (++s->n_waiting == WAITING) count_waiting(s);
}

static inline size_t shape_home(uint64_t sum) { return (size_t)(sum >> 40); }

/* The shape of a text of at most 64 bytes; returns its home. */
static size_t shape_of(uint8_t key[64], P text, size_t n)
{
    memset(key, 0, 64);
    for (size_t i = 0; i < n; i++) key[i] = text[i] - '0' < 10u ? '0' : text[i];
    return shape_home(sum_of(key, 64));
}

/* Remember the shapes of a line that was taken apart, so that the next one like it need not be. */
static void learn(Scanner *s, const Query *q, uint64_t type, P size, P took, const Combo *combo)
{
    const Frame *f = &s->frames[q->frame];
    P end = q->end, tail = q->name + q->n_name, from = q->text - (f->apart ? 0 : f->after.len);
    size_t n_head = (size_t)(q->name - from), returns = *end == '\r', n_tail = (size_t)(end - tail) + returns;
    size_t n_took = (size_t)(end - took);
    if (*q->client == '[' || n_head > MAX_HEAD || n_tail > 63 || took[1] != '.' || n_took - 4 > 8) return;
    for (unsigned i = 0; i < 8; i++) if ((uint8_t)(type >> 8 * i) - '0' < 10u) return;  /* TYPE64 is not TYPE65 */
    unsigned no = 0;
    while (no < s->n_types && s->types[no] != type) no++;
    if (no == TYPES) return;
    if (no == s->n_types) s->types[s->n_types++] = type;
    uint8_t key[64];
    Head *head = &s->heads[shape_of(key, from, n_head) & (HEADS - 1)];
    memcpy(head->key, key, MAX_HEAD);
    head->n_client = (uint8_t)q->n_client;
    head->n_network = (uint8_t)q->n_network;
    head->type = (uint8_t)no;
    Tail *ending = &s->tails[shape_of(key, tail, n_tail) & (TAILS - 1)];
    if (memcmp(ending->key, key, 64) != 0) memset(s->endings[ending - s->tails], 0, sizeof *s->endings);
    memcpy(ending->key, key, 64);
    ending->size = ((1ull << (took - 1 - size)) - 1) << (size - tail);
    ending->took = (uint8_t)(took - tail);
    ending->n_fraction = (uint8_t)(n_took - 3);
    ending->returns = (uint8_t)returns;
    s->endings[ending - s->tails][no][(unsigned)combo->w[5] & 7] = (uint16_t)((combo->group << 3 | combo->flags) + 1);
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
        if (dot > 1) n_network = dot - 1;
    }
    P from = client + (*client == '[');
    unsigned n8 = n_network < 8 ? (unsigned)n_network : 8, n16 = n_network < 16 ? (unsigned)n_network : 16;
    Query *waits = &s->waiting[s->n_waiting];
    *waits = (Query){text, end, name, client, no, ns, {low(load8(from), n8), low(load8(from + 8), n16 - n8)}, at,
        (uint32_t)n_name, (uint32_t)n_client, (uint32_t)n_network, 0, 0, frame, 0, minute_at(at), 0};
    learn(s, waits, w[0], size, took, combo);
    if (!capitals) {
        wait(s, combo);
        return 1;
    }
    uint8_t lower[1032 + SLACK];                      /* only until this one is counted */
    for (size_t i = 0; i < n_name; i++) lower[i] = name[i] - 'A' < 26u ? name[i] | 32 : name[i];
    waits->name = lower;
    wait(s, combo);
    count_all(s);
    return 1;
}
