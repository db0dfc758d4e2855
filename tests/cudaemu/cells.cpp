/* Which bytes anybody wrote, and whether accesses are ordered: a cell for each four bytes, with the
 * op that wrote them last
 * and two ops that read them since.
 *
 * Two accesses race if one writes and the later one's clock does not contain the earlier op. A page
 * whose cells are all
 * alike is kept as one cell, so that whole matrices cost little.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "state.h"

/* The pages lie where the leak sanitizer does not look for pointers. Absent unless it is there. */
extern "C" __attribute__((weak)) void __lsan_ignore_object(const void *p);

namespace emu
{

namespace
{

/* An entry is (op << 4) | which of the four bytes; 0: nobody. */
constexpr uint32_t ALL_BYTES = 15;
constexpr size_t CELL = 4, CELLS = PAGE / CELL, WORD = 64;

struct Cell {
    uint32_t writer, reader[2];
};

} // namespace

struct Detail {
    Cell cell[CELLS];
    uint64_t written[PAGE / WORD]; /* a bit for each byte */
};

namespace
{

struct Conflict {
    uint32_t op;
    bool wrote;
};
Conflict last_conflict;

/* The access that is being looked at. */
struct Accessor {
    uint32_t op; /* 0: the host, which leaves no trace */
    const Clock *clock;
    Access access;
    bool ask_written;
    uint32_t known = 0; /* the latest op found to be ordered before: mostly the next answer, too */

    bool ordered(uint32_t entry)
    {
        uint32_t earlier = entry >> 4;
        if (earlier == op || earlier == known) return true;
        const OpInfo &o = op_info(earlier);
        if (o.stream >= clock->at.size() || clock->at[o.stream] < o.epoch) return false;
        known = earlier;
        return true;
    }
    bool conflicts(uint32_t entry, uint32_t bytes)
    {
        return (entry & bytes) != 0 && !ordered(entry);
    }
    bool writes() const
    {
        return access != Access::Read;
    }
    bool reads() const
    {
        return access != Access::Write;
    }
};

Accessor accessor(Access access, bool ask_written)
{
    Accessor a = {};
    a.op = running ? running->id : 0;
    a.clock = running ? running->clock : &host_clock();
    a.access = access;
    a.ask_written = ask_written && !results_are_lost() && writes_are_known();
    return a;
}

bool note_conflict(uint32_t entry, bool wrote)
{
    last_conflict = {entry >> 4, wrote};
    return true;
}

bool races(Accessor *a, const Cell &c, uint32_t bytes)
{
    if (a->conflicts(c.writer, bytes)) return note_conflict(c.writer, true);
    if (!a->writes()) return false;
    for (uint32_t reader : c.reader)
        if (a->conflicts(reader, bytes)) return note_conflict(reader, false);
    return false;
}

void record(Accessor *a, Cell *c, uint32_t bytes)
{
    if (a->op == 0) return;
    uint32_t mine = a->op << 4 | bytes;
    if (a->writes()) {
        *c = {mine, {0, 0}};
        return;
    }
    for (uint32_t &reader : c->reader)
        if (reader >> 4 == a->op) {
            reader |= bytes;
            return;
        }
    /* A reader that is ordered before us need not be remembered: who is ordered after us is so
     * after it. */
    size_t slot = c->reader[0] == 0 || a->ordered(c->reader[0]) ? 0 : 1;
    c->reader[slot] = mine;
}

/* ---- written bytes of a page ----------------------------------------------------------------- */

uint64_t mask(size_t begin, size_t end) /* bits begin..end-1 of a word */
{
    uint64_t below_end = end == WORD ? ~uint64_t(0) : (uint64_t(1) << end) - 1;
    return below_end & ~((uint64_t(1) << begin) - 1);
}

template <class F> void for_each_word(uint64_t *words, size_t begin, size_t end, F f)
{
    for (size_t at = begin; at < end;) {
        size_t word = at / WORD, next = std::min(end, (word + 1) * WORD);
        f(&words[word], mask(at % WORD, next - word * WORD));
        at = next;
    }
}

bool all_written(const Detail *d, size_t begin, size_t end)
{
    bool all = true;
    for_each_word(const_cast<uint64_t *>(d->written), begin, end,
                  [&](uint64_t *word, uint64_t bits) { all = all && (*word & bits) == bits; });
    return all;
}

void set_written(Detail *d, size_t begin, size_t end, bool written)
{
    for_each_word(d->written, begin, end, [&](uint64_t *word, uint64_t bits) {
        *word = written ? *word | bits : *word & ~bits;
    });
}

/* ---- pages ----------------------------------------------------------------------------------- */

std::vector<Detail *> &spare_details()
{
    static std::vector<Detail *> *spare = new std::vector<Detail *>();
    return *spare;
}

Detail *detail_of(Page *page)
{
    if (page->detail) return page->detail;
    std::vector<Detail *> &spare = spare_details();
    Detail *d;
    if (spare.empty()) {
        d = new Detail;
        if (__lsan_ignore_object) __lsan_ignore_object(d);
    } else {
        d = spare.back();
        spare.pop_back();
    }
    Cell whole = {page->writer, {page->reader[0], page->reader[1]}};
    std::fill(d->cell, d->cell + CELLS, whole);
    memset(d->written, page->written ? 0xff : 0, sizeof d->written);
    page->detail = d;
    return d;
}

void make_uniform(Page *page, const Cell &c, bool written)
{
    if (page->detail) spare_details().push_back(page->detail);
    *page = {nullptr, c.writer, {c.reader[0], c.reader[1]}, written};
}

Finding touch_uniform(Accessor *a, Page *page, bool keep)
{
    Cell c = {page->writer, {page->reader[0], page->reader[1]}};
    if (a->reads() && a->ask_written && !page->written) return Finding::Uninitialised;
    if (races(a, c, ALL_BYTES)) return Finding::Race;
    if (!keep) return Finding::Fine;
    record(a, &c, ALL_BYTES);
    make_uniform(page, c, page->written || a->writes());
    return Finding::Fine;
}

Finding touch_detail(Accessor *a, Detail *d, size_t begin, size_t end)
{
    if (a->reads() && a->ask_written && !all_written(d, begin, end)) return Finding::Uninitialised;
    for (size_t i = begin / CELL; i * CELL < end; i++) {
        uint32_t bytes = ALL_BYTES;
        if (i * CELL < begin) bytes &= ALL_BYTES << (begin - i * CELL);
        if ((i + 1) * CELL > end) bytes &= ALL_BYTES >> ((i + 1) * CELL - end);
        if (races(a, d->cell[i], bytes)) return Finding::Race;
        record(a, &d->cell[i], bytes);
    }
    if (a->writes()) set_written(d, begin, end, true);
    return Finding::Fine;
}

/* Bytes begin..end-1 of one page. */
Finding touch_page(Accessor *a, Page *page, size_t begin, size_t end)
{
    bool whole = begin == 0 && end == PAGE;
    if (!page->detail) {
        uint32_t mine = a->op << 4 | ALL_BYTES;
        bool nothing_new = a->op == 0 || (!a->writes() && page->reader[0] == mine) ||
                           (a->writes() && page->writer == mine && page->written &&
                            page->reader[0] == 0 && page->reader[1] == 0);
        if (whole || (nothing_new && !(a->op == 0 && a->writes())))
            return touch_uniform(a, page, whole);
    }
    Finding f = touch_detail(a, detail_of(page), begin, end);
    if (f == Finding::Fine && whole && a->writes() && a->op != 0)
        make_uniform(page, {a->op << 4 | ALL_BYTES, {0, 0}}, true);
    return f;
}

/* Calls f(page, begin, end) for the pages of a range. */
template <class F> void for_each_page(const void *p, size_t bytes, F f)
{
    uintptr_t at = reinterpret_cast<uintptr_t>(p), end = at + bytes;
    while (at < end) {
        uintptr_t next = std::min(end, (at / PAGE + 1) * PAGE);
        Page *page = page_of(reinterpret_cast<const void *>(at));
        if (!page || !f(page, at % PAGE, next - at / PAGE * PAGE)) return;
        at = next;
    }
}

Finding touch_bytes(Accessor *a, const void *p, size_t bytes)
{
    Finding finding = Finding::Fine;
    for_each_page(p, bytes, [&](Page *page, size_t begin, size_t end) {
        finding = touch_page(a, page, begin, end);
        return finding == Finding::Fine;
    });
    return finding;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

void complain(const Range &r, const char *piece, Finding f)
{
    const char *verb = r.access == Access::Read    ? "reads"
                       : r.access == Access::Write ? "writes"
                                                   : "updates";
    violation(f == Finding::Race ? "race" : "uninitialised", "'%s' %s %s: %s; %s",
              running ? running->name : "the host", verb, r.what, locate(piece).c_str(),
              describe(f).c_str());
}

/* The whole piece lies in memory that exists while the op runs. */
bool exists(const Range &r, const char *piece)
{
    const Record *a = find_record(piece);
    if (!a) {
        violation("range", "%s: %s", r.what, locate(piece).c_str());
        return false;
    }
    if (a->gone) {
        violation("freed", "'%s' touches %s after its stream-ordered free: %s",
                  running ? running->name : "the host", r.what, locate(piece).c_str());
        return false;
    }
    if (!a->armed && a->space == Space::Device) {
        violation("race", "'%s' touches %s, not ordered after the stream-ordered allocation of %s",
                  running ? running->name : "the host", r.what, locate(piece).c_str());
        return false;
    }
    if (r.width > size_t(a->p + a->bytes - piece)) {
        violation("range", "%s: %zu bytes from %s", r.what, r.width, locate(piece).c_str());
        return false;
    }
    return true;
}

void touch_range(const Range &r, bool ask_written)
{
    if (r.width == 0) return;
    Accessor a = accessor(r.access, ask_written);
    for (size_t item = 0; item < r.batch; item++) {
        for (size_t i = 0; i < r.count; i++) {
            const char *piece = static_cast<const char *>(r.p) + item * r.batch_pitch + i * r.pitch;
            if (!exists(r, piece)) return;
            Finding f = touch_bytes(&a, piece, r.width);
            if (f != Finding::Fine) {
                complain(r, piece, f);
                return;
            }
            if (a.writes()) taint_pinned(piece, r.width);
        }
    }
}

/* Of copies, the end on the device. */
void count_range(const Range &r)
{
    if (!running || arena_device(r.p) < 0) return;
    const size_t items = r.batch_pitch == 0 ? std::min<size_t>(r.batch, 1) : r.batch;
    const size_t bytes = r.width * r.count * items; /* one matrix for all items is read once */
    count_traffic(r.access != Access::Write ? bytes : 0, r.access != Access::Read ? bytes : 0);
}

} // namespace

void touch(const Range &r)
{
    touch_range(r, true);
    count_range(r);
}

void touch_unchecked(const Range &r)
{
    touch_range(r, false);
    count_range(r);
}

void touch_workspace(const Range &r)
{
    touch_range(r, true);
}

Finding touch_cell(const void *p, size_t size, Access access)
{
    Accessor a = accessor(access, true);
    Finding f = touch_bytes(&a, p, size);
    if (a.writes() && arena_device(p) < 0) taint_pinned(p, size);
    return f;
}

std::string describe(Finding f)
{
    if (f == Finding::Fine) return "";
    if (f == Finding::Uninitialised) return "nobody wrote these bytes before";
    const OpInfo &o = op_info(last_conflict.op);
    char text[512];
    snprintf(text, sizeof text, "not ordered after '%s' (stream %u, op %llu), which %s them",
             o.name, o.stream, static_cast<unsigned long long>(o.epoch),
             last_conflict.wrote ? "wrote" : "read");
    return text;
}

bool ordered_before(const void *p, size_t bytes, const Clock &clock, std::string *other)
{
    Accessor a = accessor(Access::Write, false);
    a.op = 0;
    a.clock = &clock;
    bool ordered = true;
    for_each_page(p, bytes, [&](Page *page, size_t begin, size_t end) {
        for (size_t i = begin / CELL; ordered && i * CELL < end; i++) {
            Cell whole = {page->writer, {page->reader[0], page->reader[1]}};
            if (races(&a, page->detail ? page->detail->cell[i] : whole, ALL_BYTES)) ordered = false;
            if (!page->detail) break;
        }
        return ordered;
    });
    if (!ordered) *other = describe(Finding::Race);
    return ordered;
}

void fresh_cells(const void *p, size_t bytes)
{
    uint32_t op = running ? running->id << 4 | ALL_BYTES : 0;
    for_each_page(p, bytes, [&](Page *page, size_t begin, size_t end) {
        Cell fresh = {op, {0, 0}};
        if (begin == 0 && end == PAGE) {
            make_uniform(page, fresh, false);
            return true;
        }
        Detail *d = detail_of(page);
        /* Allocations begin at multiples of a cell and share no cell; workspaces are not so
         * exact, but only ours. */
        std::fill(d->cell + begin / CELL, d->cell + (end + CELL - 1) / CELL, fresh);
        set_written(d, begin, end, false);
        return true;
    });
}

void copy_written(const void *to, const void *from, size_t bytes)
{
    const char *source = static_cast<const char *>(from);
    const char *target = static_cast<const char *>(to);
    for_each_page(from, bytes, [&](Page *page, size_t begin, size_t end) {
        const char *start = source;
        source += end - begin;
        if (!page->detail && page->written) return true;
        if (page->detail && all_written(page->detail, begin, end)) return true;
        for (size_t i = begin; i < end; i++) {
            bool written = page->detail ? all_written(page->detail, i, i + 1) : page->written;
            const char *byte = target + (start - static_cast<const char *>(from)) + (i - begin);
            Page *there = page_of(byte);
            if (written || !there) continue;
            size_t at = reinterpret_cast<uintptr_t>(byte) % PAGE;
            set_written(detail_of(there), at, at + 1, false);
        }
        return true;
    });
}

void release_details(Page *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Page *page = &pages[i];
        if (page->detail || page->writer || page->reader[0] || page->reader[1] || page->written)
            make_uniform(page, {0, {0, 0}}, false);
    }
}

} // namespace emu
