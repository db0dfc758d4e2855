/* What the files of the emulated runtime share among themselves: control, fault, count, handle,
 * memory, pinned, cells, graph,
 * trap, stream, event, copy, allocate, runtime. The rest of the emulation sees emu_int.h only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_STATE_H
#define RITZ_TESTS_CUDAEMU_STATE_H

#include <deque>
#include <memory>
#include <mutex>

#include "emu_int.h"

namespace emu
{

/* ---- control.cpp ----------------------------------------------------------------------------- */

std::recursive_mutex &global_lock();
using Locked = std::lock_guard<std::recursive_mutex>;

Settings &mutable_settings();
const char *reproduce(); /* "EMU_SEED=1 EMU_ORDER=... EMU_MODE=..." */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Return addresses outside the emulation, innermost first, for addr2line. */
std::string backtrace_text(int frames);

/* ---- fault.cpp, count.cpp -------------------------------------------------------------------- */

void begin_call(const char *name, unsigned kind); /* numbering and counting of an outermost call */
const char *current_call();                       /* its name, or nullptr */
cudaError_t async_failure_wish();                 /* for the next op: cudaSuccess if none */
void count_call(const char *name, unsigned kind);
void count_sync(bool hidden);
void count_graph(size_t nodes);
void count_device_bytes(size_t live);

/* ---- memory.cpp ------------------------------------------------------------------------------ */

struct Pool;
struct Page;

/* An allocation with what only the allocator needs to know. Device memory lies in a block:
 * redzone, the bytes asked for, redzone. */
struct Record : Allocation {
    char *block;
    size_t block_bytes;
    char *guard;              /* page that is never accessible (EMU_GUARD), or nullptr */
    bool armed;               /* redzones are written; later for stream-ordered allocations */
    bool registered;          /* cudaHostRegister: the memory is not ours */
    Pool *pool;               /* stream-ordered, or nullptr */
    std::vector<Page> *pages; /* cells of page-locked memory; device memory has them by arena */
};
Record *find_record(const void *p); /* find() for writers */
Record *new_device_record(size_t bytes, int device, const char *origin, cudaError_t *error);
void fill_unwritten(char *p, size_t bytes); /* the pattern of poison(), on any memory */
void arm(Record *r);        /* redzones, pattern, nothing initialised; arenas are open */
void mark_freed(Record *r); /* the call has been made: its bytes count no longer */
void retire(Record *r);     /* the free has run: verify redzones, hand the block back */
cudaError_t register_pinned(void *p, size_t bytes);
cudaError_t unregister_pinned(void *p);
void verify_redzones(); /* of all allocations, if an op has run since the last time */
void note_op_ran(const char *name);
size_t live_bytes(int device);
int list_live_memory(); /* prints; returns the number */
void reset_memory();
const Record *nearest(const void *p); /* the allocation whose block holds p */

/* Physical protection, changed by open_arenas and at the end of a call. */
void protect_all();
bool arenas_are_open();

/* ---- cells.cpp ------------------------------------------------------------------------------- */

/* Who wrote and read the bytes of a page, and which of them anybody wrote. */
struct Detail;
struct Page {
    Detail *detail; /* byte by byte; nullptr: the same for the whole page, as follows */
    uint32_t writer, reader[2];
    bool written;
};
constexpr size_t PAGE = 4096;
Page *page_of(const void *p); /* memory.cpp; nullptr: this memory has no cells */

void fresh_cells(const void *p, size_t bytes); /* as after an allocation, made by the running op */
void touch_unchecked(const Range &r);          /* touch() that does not ask for initialised bytes */
void copy_written(const void *to, const void *from, size_t bytes);
/* True if all accesses to these bytes are ordered before `clock`; else the text of the other op. */
bool ordered_before(const void *p, size_t bytes, const Clock &clock, std::string *other);
void release_details(Page *pages, size_t count);

/* ---- pinned.cpp ------------------------------------------------------------------------------ */

/* A queued copy that will read or write page-locked memory; the host must leave it alone until the
 * copy has run.
 * Whole pages are protected, so that the guilty line faults. What shares a page with other bytes is
 * compared:
 * sources must not change, destinations hold the pattern until the copy comes. */
class PendingCopy
{
  public:
    PendingCopy(const char *name, char *p, size_t width, size_t pitch, size_t count,
                bool device_writes);
    ~PendingCopy();
    PendingCopy(const PendingCopy &) = delete;
    void check_untouched() const;

    struct Run {
        char *begin, *end;
    };
    struct Fragment {
        char *p;
        std::vector<char> expected;
        bool tainted; /* another op has written here in the meantime */
    };
    const char *name;
    bool device_writes;
    std::vector<Run> pages;
    std::vector<Fragment> fragments;

  private:
    void add(const Record *r, char *begin, char *end);
};
void open_pinned();
void close_pinned();
void taint_pinned(const void *p, size_t bytes); /* device work wrote here */
void taint_all_pinned();
const PendingCopy *pending_copy_at(const void *p); /* whose protected pages hold p */

/* ---- trap.cpp -------------------------------------------------------------------------------- */

void prepare_thread(); /* the fault handler, and an alternate signal stack for this thread */

/* ---- stream.cpp ------------------------------------------------------------------------------ */

struct Dependency {
    std::shared_ptr<Stream> stream;
    uint64_t epoch;
};
/* Where an op stands in its stream, with all that it is ordered after; no stream: nowhere. */
struct Position {
    std::shared_ptr<Stream> stream;
    uint64_t epoch;
    Clock clock;
};
bool passed(const Position &p); /* the op has run */

/* A mark touches no memory (records, waits, host functions); a memory op never fails by
 * injection. */
enum class Kind { Mark, MemoryOp, Work };
using Run = std::function<void()>;
/* Makes what an op runs, each time that it is queued: once, or at each launch of a graph. */
using Prepare = std::function<Run()>;
struct Capture;
struct Op {
    const char *name;
    uint64_t epoch;
    uint32_t id;
    Clock clock;
    std::vector<Dependency> after; /* besides the earlier ops of its own stream */
    std::function<void()> run;
    cudaError_t failure; /* injected */
    bool work;           /* touches memory; false for records, waits and host functions */
};
struct Stream : std::enable_shared_from_this<Stream> {
    uint32_t number;
    int device;
    bool blocking; /* waits for the legacy stream and is waited for */
    bool legacy;
    bool destroyed; /* its queue may still hold work */
    std::deque<Op> queue;
    uint64_t last;                    /* epoch of the op enqueued last */
    uint64_t done;                    /* and of the op run last */
    Clock clock;                      /* what the next op is ordered after */
    std::shared_ptr<Capture> capture; /* under way, or invalidated and not yet ended */
    size_t lane;                      /* of the captured graph */
    std::vector<size_t> tips;         /* its nodes that the next one comes after */
};
void merge(Clock &into, const Clock &from);
/* A queue entry that is not work: event records, waits, host functions. Returns its epoch. */
uint64_t enqueue_mark(Stream *s, const char *name, std::vector<Dependency> after,
                      std::function<void()> run);
/* Work with a closure of its own for each time that it is queued. */
void enqueue_prepared(Stream *s, const char *name, Prepare prepare);
/* The same in a replay: promised to run after these ops, and in fact also after `previous`. */
Position enqueue_replayed(Stream *s, const char *name, Kind kind, const Prepare &prepare,
                          const std::vector<Position> &promised, const Position &previous);
Position position_of(Stream *s); /* of the op enqueued last */
/* Allocation and free in stream order: work, but never an injected failure. */
void enqueue_memory_op(Stream *s, const char *name, std::function<void()> run);
std::shared_ptr<Stream> new_stream(int device, bool blocking);
void abandon_stream(Stream *s); /* destroyed: goes when its work is done */
bool idle(const Stream *s);
void run_until(Stream *s, uint64_t epoch);
void run_some(Stream *s, uint64_t epoch); /* one op towards that epoch */
void run_everything();
void synchronise_everything(); /* all devices; errors stay pending */
void progress();               /* at the end of a call, as the mode says */
void host_waited_for(const Clock &clock);
const Clock &host_clock();
void after_synchronisation();
bool is_sticky(cudaError_t code);
cudaError_t sticky_error(int device);
bool in_host_function();
/* An op has failed as the test wished: what it should have written is unwritten, which is no
 * mistake of the program. */
bool results_are_lost();
void enqueue_host_function(Stream *s, cudaHostFn_t function, void *data);
bool host_functions_are_queued();
struct OpInfo {
    const char *name;
    uint32_t stream;
    uint64_t epoch;
};
const OpInfo &op_info(uint32_t id);
uint64_t this_thread();
void reset_streams();

/* ---- graph.cpp ------------------------------------------------------------------------------- */

/* The next node of the graph that the stream captures. */
void record_node(Stream *s, const char *name, Kind kind, Prepare prepare);
void invalidate(Capture *c);
/* What an event remembers of a record in a stream that captures. */
struct CapturedRecord {
    std::shared_ptr<Capture> capture; /* nullptr: recorded elsewhere */
    std::vector<size_t> tips;
};
CapturedRecord captured_record(const Stream *s);
/* The stream joins the capture of the record, or comes after it there. */
cudaError_t wait_for_captured(Stream *s, const CapturedRecord &r);
/* A captured event, or a stream that is capturing, is waited for or asked: violations. */
cudaError_t refuse_captured(const CapturedRecord &r);
cudaError_t refuse_capturing(Stream *s);
cudaError_t refuse_capturing_device(int device);
void reset_captures();

/* ---- handle.cpp, allocate.cpp, runtime.cpp --------------------------------------------------- */

int list_live_handles();
void reset_handles();
void reset_pools();
void reset_runtime();

/* How a runtime call begins: the code to return at once, or cudaSuccess. In this order: called from
 * a host function, no
 * driver, injected failure (`injected` unless the test says otherwise), unusable device, earlier
 * asynchronous error. */
enum Needs { NEEDS_DRIVER, NEEDS_CONTEXT };
cudaError_t begin(Call &call, cudaError_t injected, Needs needs = NEEDS_CONTEXT);
/* Of calls that release something: they do it in any case, and return this. */
cudaError_t begin_release(const Call &call);
cudaError_t end_release(int device);
cudaError_t driver_state();

} // namespace emu

#endif
