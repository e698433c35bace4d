/* Lines of the errors plugin. */

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
    uint8_t message[1100 + SLACK], *m = message;
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
    uint64_t hash = hash_within(message, n_message);
    uint32_t known = known_message(s, message, n_message, hash, &home);
    if (!known && looks_odd(words, end)) return 0;
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
    uint64_t line = both(hash_within(name, n_name), at == NO_TIME ? 0 : bin);
    bin = wide(bin, s->group_level);
    int is_kept = below(line, s->kept_level), is_counted = below(hash, s->message_level);
    if (!is_kept && !is_counted) return 1;
    uint32_t id = known ? known - 1 : message_id(s, message, n_message, hash);
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
