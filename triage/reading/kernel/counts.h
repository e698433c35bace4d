/* Counts of queries by replica, minute, zone, kind of answer and duration; and by network of the client. */

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

static void move_count(Scanner *s, Count *near)
{
    add_count(s, (near->key & 0xFFFFFFFFull) | (uint64_t)wide((uint32_t)(near->key >> 32), s->count_level) << 32, near->n);
    near->n = 0;
    limit_counts(s);
}

/* One more of a key, with the minute as it is: counted nearby until another key has its place. */
static inline void count_one(Scanner *s, uint64_t key)
{
    Count *near = &s->near_counts[key * K1 >> 54];
    if (near->key != key) {
        if (near->n) move_count(s, near);
        near->key = key;
    }
    near->n++;
}

/* What was counted nearby belongs to the table, too. */
static void move_counts(Scanner *s)
{
    for (unsigned i = 0; i < NEAR && !s->failed; i++) if (s->near_counts[i].n) move_count(s, &s->near_counts[i]);
}

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
    uint32_t *near = &s->near_clients[(q->network[0] * KS[0] + q->network[1] * KS[1]) >> 54];
    Client *row = &s->clients[*near];
    if (*near < s->n_clients && q->n_network <= 16 && !((row->words[0] ^ q->network[0]) | (row->words[1] ^ q->network[1])
                                                        | (row->bin ^ bin) | (row->part ^ q->part))) {
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
