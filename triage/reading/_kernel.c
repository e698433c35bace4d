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

/* One after the other, as each needs those before it. */
#include "kernel/state.h"
#include "kernel/names.h"
#include "kernel/counts.h"
#include "kernel/messages.h"
#include "kernel/frames.h"
#include "kernel/queries.h"
#include "kernel/widths.h"
#include "kernel/errors.h"
#include "kernel/lines.h"
#include "kernel/merging.h"

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
        Zone *z = ADD(s, zones);
        if (z != NULL) *z = zone_from(s, (P)text, (size_t)len);
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
    move_counts(s);
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
    move_counts(s);
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
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < s->n_names; i++) {
        const Name *row = &s->names[i];
        PyObject *item = Py_BuildValue("(IINKNNKN)", (unsigned)row->part, (unsigned)row->group,
            PyBytes_FromStringAndSize((const char *)text_of_name(s, row), row->len), (unsigned long long)row->count,
            when(row->first), when(row->last), (unsigned long long)row->first_no,
            text_of(&s->texts, row->text.at, row->text.len));
        if (item == NULL || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
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
    return failed < 0 ? failed : PyModule_AddIntConstant(module, "REVISION", 5);
}

static PyModuleDef_Slot MODULE_SLOTS[] = {{Py_mod_exec, (void *)start}, {0, NULL}};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_kernel", "The native scan.", 0, FUNCTIONS, MODULE_SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&MODULE); }
