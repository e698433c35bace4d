/* Rows of query names: by replica, name and kind of answer; thinned by a hash of the name. */

static inline uint64_t name_home(uint64_t hash, uint32_t part, uint32_t group)
{
    return hash ^ ((uint64_t)part << 32 | group) * K1 >> 32;
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
    if (!s->failed) index_names(s);
}

/* The row that has a name, plus 1; 0 when none has, and the name's place in the index is `home` then. */
static inline uint32_t known_name(const Scanner *s, P name, size_t len, uint64_t hash, uint32_t part, uint32_t group, size_t *home)
{
    size_t j = *home & (s->name_slots - 1);
    for (uint32_t i; (i = s->name_index[j]) != 0; j = (j + 1) & (s->name_slots - 1)) {
        const Name *row = &s->names[i - 1];
        if (row->hash != hash || row->part != part || row->group != group || row->len != len) continue;
        if (len <= sizeof row->name ? same_begin(row->name, name, len) : memcmp(s->names_text.p + row->whole, name, len) == 0)
            return i;
    }
    *home = j;
    return 0;
}

static inline void name_room(Scanner *s, size_t more)
{
    if (s->name_slots > SPARSE * (s->n_names + more)) return;
    if (index_room(s, &s->name_index, &s->name_slots, s->n_names + more)) index_names(s);
}

static inline Name *name_row(Scanner *s, P name, size_t len, uint64_t hash, uint64_t home, uint32_t part, uint32_t group, int *made)
{
    *made = 0;
    name_room(s, 1);
    if (s->failed) return NULL;
    size_t place = home;
    uint32_t known = known_name(s, name, len, hash, part, group, &place);
    if (known) return &s->names[known - 1];
    Name *row = ADD(s, names);
    if (row == NULL) return NULL;
    memset(row, 0, sizeof *row);
    row->hash = hash; row->part = (uint16_t)part; row->group = (uint16_t)group;
    row->first = row->last = NO_TIME;
    row->len = (uint16_t)len;
    memcpy(row->name, name, len < sizeof row->name ? len : sizeof row->name);
    if (len > sizeof row->name) row->whole = put(s, &s->names_text, name, len).at;
    s->name_index[place] = (uint32_t)s->n_names;
    *made = 1;
    return row;
}

static void limit_names(Scanner *s)
{
    while (s->n_names > s->max_names && s->name_level < 63 && !s->failed) thin_names(s, s->name_level + 1);
}

static inline void count_name(Scanner *s, const Naming *q)
{
    int made;
    Name *row = name_row(s, q->name, q->n_name, q->hash, q->home, q->part, q->group, &made);
    if (row == NULL) return;
    if (made || is_before(q->at, q->no, row->first, row->first_no)) {
        size_t n = q->n_text < MAX_TEXT ? q->n_text : MAX_TEXT;
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
}

static void (*hash_names)(Naming *, unsigned);

/* Count the names that were put aside. Their rows are seldom in the nearest cache, and are on their way meanwhile. */
static void count_names(Scanner *s)
{
    unsigned n = s->n_naming;
    s->n_naming = 0;
    name_room(s, n);
    if (s->failed) return;
    hash_names(s->naming, n);
    for (unsigned i = 0; i < n; i++) {
        Naming *q = &s->naming[i];
        q->home = name_home(q->hash, q->part, q->group);
        __builtin_prefetch(&s->name_index[q->home & (s->name_slots - 1)]);
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t row = s->name_index[s->naming[i].home & (s->name_slots - 1)];
        if (row == 0) continue;
        __builtin_prefetch(&s->names[row - 1], 1);
        __builtin_prefetch(s->names[row - 1].name);
        __builtin_prefetch(s->names[row - 1].name + 48);
    }
    for (unsigned i = 0; i < n && !s->failed; i++)
        if (below(s->naming[i].hash, s->name_level)) count_name(s, &s->naming[i]);
}
