/* Several scanners as one, and one as bytes. */

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

#define FORMAT 0x6B726E6C33ull

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

typedef struct { uint64_t format, n_lines, count_slots, n_counts; uint32_t levels[8]; int32_t fine, gave_up, open; } Preface;

static void dump(Scanner *s, Arena *out)
{
    Preface h = {FORMAT, s->n_lines, s->count_slots, s->n_counts,
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
    Preface h;
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
