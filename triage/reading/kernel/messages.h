/* Lines of errors by message and minute, and lines that are kept; failed queries that are. */

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
