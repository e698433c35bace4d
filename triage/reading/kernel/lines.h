/* Lines of any kind, from files and from streams. */

static int shaped(Scanner *s, P text, P end, uint32_t frame, int64_t at, uint64_t no)
{
    if (text[1] == 'I') return query(s, text, end, frame, at, no);
    return (size_t)(end - text) > N_ERRORS && memcmp(text, ERRORS, N_ERRORS) == 0 && error(s, text, end, frame, at, no);
}

static int is_level(P p) { return memcmp(p, "[INFO] ", 7) == 0 || memcmp(p, "[ERROR] ", 8) == 0; }

/* Docker's record with its keys in their usual order; the text is unescaped into `texts_apart`. */
static int docker(Scanner *s, P line, P end, uint64_t no)
{
    P p = line + 8;
    if (s->n_apart == WAITING) {
        count_all(s);
        s->n_apart = 0;
    }
    uint8_t *text = s->texts_apart + s->n_apart * (MAX_MESSAGE + SLACK), *t = text, *room = text + MAX_MESSAGE;
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
    if (at == NO_TIME || t - text < 9 || !is_level(text)) return 0;
    *t = '\n';
    uint32_t frame = frame_of(s, line, (size_t)(end - line), 8, (P)"{", 1, stream + 12, 6, at);
    if (frame == SLOW || s->frames[frame].part == SLOW) return 0;
    if (at % 1000) s->fine = 1;
    s->n_apart++;
    static const Frame NOTHING = {0};                 /* stands beside such a text */
    Query *q = &s->waiting[s->n_waiting];
    q->text = text;
    q->end = t;
    q->at = at;
    q->no = no;
    q->minute = minute_at(at);
    q->frame = frame;
    q->part = s->frames[frame].part;
    if (text[1] != 'I' || !know(s, &NOTHING, q, 1)) return shaped(s, text, t, frame, at, no);
    if (++s->n_waiting == WAITING) count_waiting(s);
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
        P behind = p + 9;                              /* tags may follow, then a blank */
        if (behind < end && *behind == ':') while (behind < end && *behind != ' ') behind++;
        if ((behind < end && *behind != ' ') || stamp_of(s, line, (size_t)(p - line)) == NO_TIME) {
            s->gave_up |= p[8] == 'P' || s->n_open;    /* a record, or its damage? */
            return;
        }
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
    count_all(s);
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
    s->buf = calloc(BUFFER + BEYOND, 1);
    s->texts_apart = calloc(WAITING + 1, MAX_MESSAGE + SLACK);  /* the last one is read beyond */
    s->heads = aligned_alloc(sizeof *s->heads, HEADS * sizeof *s->heads);
    if (s->heads) memset(s->heads, 0, HEADS * sizeof *s->heads);
    s->tails = calloc(TAILS, sizeof *s->tails);
    s->endings = calloc(TAILS, sizeof *s->endings);
    s->failed |= !s->buf || !s->texts_apart || !s->heads || !s->tails || !s->endings;
    return !s->failed;
}

static void end_reading(Scanner *s)
{
    free(s->buf); free(s->texts_apart); free(s->heads); free(s->tails); free(s->endings);
    s->buf = s->texts_apart = NULL; s->heads = NULL; s->tails = NULL; s->endings = NULL;
    s->n_apart = 0;
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

/* Count what comes next of a stream. Whole lines are counted where they stand; the last one, and the first that an earlier piece
   began, in our buffer. */
static void feed(Scanner *s, P data, size_t n_data, int last)
{
    while ((n_data || last) && !s->stopped && !s->gave_up && !s->failed) {
        if (s->keep == 0 && n_data > BEYOND) {
            P end = data + n_data - BEYOND, next = consume(s, data, end, end);
            n_data -= (size_t)(next - data);
            data = next;
        }
        P nl = s->keep ? memchr(data, '\n', n_data) : NULL;
        size_t n = nl != NULL ? (size_t)(nl + 1 - data) : n_data;
        if (n > BUFFER - s->keep) n = BUFFER - s->keep;
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
