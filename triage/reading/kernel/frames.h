/* What is asked of Python, clocks, and what stands around the text of lines. */

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
    f->apart = n_before == 1 && *before == '{';
    f->n_blanks = 0;
    for (size_t i = 0; i < n_after; i++) f->n_blanks += after[i] == ' ';
    memset(f->begins, 0, sizeof f->begins);
    if (n_after) memcpy(f->begins, after, n_after < sizeof f->begins ? n_after : sizeof f->begins);
    s->frame_index[j] = (uint32_t)s->n_frames;
    return s->frame_hint = (uint32_t)s->n_frames - 1;
}
