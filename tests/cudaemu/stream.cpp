/* Streams: queues of ops, in which order they run, and what each is ordered after.
 *
 * Two orders are kept apart. The *execution* order is what happens here: queues run when the mode
 * says so, each op after
 * the earlier ones of its stream and after what events demand. The *promised* order is what CUDA
 * guarantees: each op
 * carries a vector clock, and two accesses race unless one clock contains the other (cells.cpp),
 * whatever happened here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <map>
#include <unordered_set>

#include "state.h"

namespace emu
{

Running *running;

namespace
{

constexpr size_t MOST_OPS = size_t(1) << 28; /* cells keep 28 bits of an op's number */

struct DeviceErrors {
    cudaError_t sticky = cudaSuccess, pending = cudaSuccess;
};
struct PerThread {
    std::map<std::pair<uint64_t, int>, std::shared_ptr<Stream>> streams; /* by thread and device */
};
struct Streams {
    std::vector<std::shared_ptr<Stream>> all; /* alive, or destroyed with work left */
    std::map<int, std::shared_ptr<Stream>> legacy;
    PerThread per_thread;
    std::vector<uint64_t> last_epoch = {0}; /* by stream number; 0 is the host */
    std::vector<uint32_t> free_numbers;
    Clock host;
    std::vector<OpInfo> ops = {{"none", 0, 0}};
    std::unordered_set<std::string> names;
    std::map<int, DeviceErrors> errors;
    std::shared_ptr<int> host_functions = std::make_shared<int>(); /* shared by those queued */
    bool in_host_function = false;
    bool results_are_lost = false;
};

Streams &streams()
{
    static Streams *s = new Streams();
    return *s;
}

/* Op names outlive their callers: races are reported much later. */
const char *intern(const char *name)
{
    return streams().names.insert(name).first->c_str();
}

uint32_t take_number()
{
    Streams &s = streams();
    if (!s.free_numbers.empty()) {
        uint32_t number = s.free_numbers.back();
        s.free_numbers.pop_back();
        return number;
    }
    s.last_epoch.push_back(0);
    return uint32_t(s.last_epoch.size() - 1);
}

uint64_t component(const Clock &clock, uint32_t number)
{
    return number < clock.at.size() ? clock.at[number] : 0;
}

/* Nobody can name this stream any more and its work is done. Its number may be used again only if
 * the host knows that,
 * since clocks would confuse the two. */
void bury(Stream *s)
{
    if (s->blocking) merge(streams().legacy[s->device]->clock, s->clock);
    streams().last_epoch[s->number] = s->last;
    if (component(streams().host, s->number) >= s->last)
        streams().free_numbers.push_back(s->number);
}

void bury_finished()
{
    std::vector<std::shared_ptr<Stream>> &all = streams().all;
    auto finished = [](const std::shared_ptr<Stream> &s) {
        if (!s->destroyed || !s->queue.empty()) return false;
        bury(s.get());
        return true;
    };
    all.erase(std::remove_if(all.begin(), all.end(), finished), all.end());
}

void wait_for(Stream *s, Stream *other, std::vector<Dependency> *after)
{
    merge(s->clock, other->clock);
    if (!idle(other)) after->push_back({other->shared_from_this(), other->last});
}

/* The legacy stream and the blocking streams of a device wait for one another. */
void wait_implicitly(Stream *s, std::vector<Dependency> *after)
{
    if (s->legacy) {
        for (const std::shared_ptr<Stream> &other : streams().all)
            if (other->device == s->device && other->blocking && other.get() != s)
                wait_for(s, other.get(), after);
    } else if (s->blocking) {
        auto legacy = streams().legacy.find(s->device);
        if (legacy != streams().legacy.end()) wait_for(s, legacy->second.get(), after);
    }
}

uint64_t push(Stream *s, const char *name, std::vector<Dependency> after, Run run, Kind kind)
{
    Streams &all = streams();
    wait_implicitly(s, &after);
    merge(s->clock, all.host);
    if (s->clock.at.size() <= s->number) s->clock.at.resize(s->number + 1);
    s->clock.at[s->number] = ++s->last;
    if (all.ops.size() >= MOST_OPS)
        violation("limit", "more than %zu ops since emu_reset", MOST_OPS);
    Op op = {};
    op.name = intern(name);
    op.epoch = s->last;
    op.id = uint32_t(all.ops.size());
    op.clock = s->clock;
    op.after = std::move(after);
    op.run = std::move(run);
    op.failure = kind == Kind::Work ? async_failure_wish() : cudaSuccess;
    op.work = kind != Kind::Mark;
    all.ops.push_back({op.name, s->number, op.epoch});
    trace("enqueue %s, stream %u, op %llu", op.name, s->number,
          static_cast<unsigned long long>(op.epoch));
    s->queue.push_back(std::move(op));
    return s->last;
}

/* Into the queue, or into the graph that the stream captures. */
uint64_t push_or_record(Stream *s, const char *name, std::vector<Dependency> after, Prepare prepare,
                        Kind kind)
{
    if (sticky_error(s->device) != cudaSuccess) return s->last;
    if (!s->capture) return push(s, name, std::move(after), prepare(), kind);
    record_node(s, intern(name), kind, std::move(prepare));
    return s->last;
}

void execute(Stream *s, Op op)
{
    Running now = {op.name, s->device, s->number, op.epoch, &op.clock, op.id};
    trace("run %s, stream %u, op %llu", op.name, s->number,
          static_cast<unsigned long long>(op.epoch));
    if (op.failure != cudaSuccess) {
        streams().results_are_lost = true;
        raise_async(s->device, op.failure);
    } else if (op.work) {
        open_arenas();
        running = &now;
        op.run();
        running = nullptr;
        close_arenas();
        note_op_ran(op.name);
    } else if (op.run) {
        op.run();
    }
    s->done = std::max(s->done, op.epoch);
}

/* The context is lost: nothing that was queued will run. */
void drop_queues(int device)
{
    for (const std::shared_ptr<Stream> &s : streams().all) {
        if (s->device != device) continue;
        std::deque<Op> dropped = std::move(s->queue);
        s->queue.clear();
        s->done = s->last;
    }
}

bool has_work()
{
    for (const std::shared_ptr<Stream> &s : streams().all)
        if (!s->queue.empty()) return true;
    return false;
}

Stream *legacy_stream(int device)
{
    std::shared_ptr<Stream> &s = streams().legacy[device];
    if (!s) {
        s = new_stream(device, true);
        s->legacy = true;
    }
    return s.get();
}

Stream *per_thread_stream(int device)
{
    std::shared_ptr<Stream> &s = streams().per_thread.streams[{this_thread(), device}];
    if (!s) s = new_stream(device, true);
    return s.get();
}

/* Host code: device memory is closed to it as always. Page-locked memory is open, since the
 * function is part of the
 * stream and may fill the source of a later copy. */
void call_host_function(cudaHostFn_t function, void *data)
{
    protect_all();
    open_pinned();
    streams().in_host_function = true;
    function(data);
    streams().in_host_function = false;
    taint_all_pinned();
}

} // namespace

/* ---- clocks ---------------------------------------------------------------------------------- */

void merge(Clock &into, const Clock &from)
{
    if (into.at.size() < from.at.size()) into.at.resize(from.at.size());
    for (size_t i = 0; i < from.at.size(); i++) into.at[i] = std::max(into.at[i], from.at[i]);
}

void host_waited_for(const Clock &clock)
{
    merge(streams().host, clock);
}

const Clock &host_clock()
{
    return streams().host;
}

const OpInfo &op_info(uint32_t id)
{
    return streams().ops[id];
}

bool results_are_lost()
{
    return streams().results_are_lost;
}

uint64_t this_thread()
{
    static uint64_t count;
    static thread_local uint64_t number;
    if (number == 0) number = ++count; /* under the lock */
    return number;
}

/* ---- streams --------------------------------------------------------------------------------- */

std::shared_ptr<Stream> new_stream(int device, bool blocking)
{
    std::shared_ptr<Stream> s = std::make_shared<Stream>();
    s->number = take_number();
    s->device = device;
    s->blocking = blocking;
    s->last = s->done = streams().last_epoch[s->number];
    streams().all.push_back(s);
    return s;
}

void abandon_stream(Stream *s)
{
    legacy_stream(s->device); /* bury() merges into its clock */
    s->destroyed = true;
    bury_finished();
}

Stream *stream_of(cudaStream_t handle)
{
    if (handle == nullptr || handle == cudaStreamLegacy) {
        if (settings().forbidden & EMU_FORBID_LEGACY_STREAM)
            violation("legacy-stream", "%s uses the legacy default stream, which is forbidden here",
                      current_call() ? current_call() : "the program");
        return legacy_stream(current_device());
    }
    if (handle == cudaStreamPerThread) return per_thread_stream(current_device());
    return static_cast<Stream *>(handle_object(handle, "stream"));
}

int device_of(const Stream *s)
{
    return s->device;
}

bool capturing(const Stream *s)
{
    return s->capture != nullptr;
}

bool idle(const Stream *s)
{
    return s->queue.empty();
}

/* ---- queueing -------------------------------------------------------------------------------- */

void enqueue(Stream *s, const char *name, std::function<void()> op)
{
    push_or_record(
        s, name, {}, [op] { return op; }, Kind::Work);
}

void enqueue_prepared(Stream *s, const char *name, Prepare prepare)
{
    push_or_record(s, name, {}, std::move(prepare), Kind::Work);
}

void enqueue_memory_op(Stream *s, const char *name, std::function<void()> run)
{
    push_or_record(
        s, name, {}, [run] { return run; }, Kind::MemoryOp);
}

uint64_t enqueue_mark(Stream *s, const char *name, std::vector<Dependency> after,
                      std::function<void()> run)
{
    return push_or_record(
        s, name, std::move(after), [run] { return run; }, Kind::Mark);
}

bool passed(const Position &p)
{
    return !p.stream || p.stream->done >= p.epoch;
}

Position position_of(Stream *s)
{
    return {s->shared_from_this(), s->last, s->clock};
}

Position enqueue_replayed(Stream *s, const char *name, Kind kind, const Prepare &prepare,
                          const std::vector<Position> &promised, const Position &previous)
{
    std::vector<Dependency> after;
    for (const Position &p : promised) {
        merge(s->clock, p.clock);
        if (!passed(p)) after.push_back({p.stream, p.epoch});
    }
    if (!passed(previous)) after.push_back({previous.stream, previous.epoch});
    if (sticky_error(s->device) == cudaSuccess) push(s, name, std::move(after), prepare(), kind);
    return position_of(s);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Dependencies point to ops enqueued earlier, so the recursion ends. */
void run_some(Stream *s, uint64_t epoch)
{
    if (s->queue.empty() || s->queue.front().epoch > epoch) return;
    Op op = std::move(s->queue.front());
    s->queue.pop_front();
    for (const Dependency &d : op.after) run_until(d.stream.get(), d.epoch);
    if (sticky_error(s->device) == cudaSuccess) execute(s, std::move(op));
}

void run_until(Stream *s, uint64_t epoch)
{
    while (!s->queue.empty() && s->queue.front().epoch <= epoch) run_some(s, epoch);
}

void run_everything()
{
    /* By index: a host function may create a default stream. */
    for (size_t i = 0; i < streams().all.size(); i++) {
        std::shared_ptr<Stream> s = streams().all[i];
        run_until(s.get(), s->last);
    }
    bury_finished();
}

void progress()
{
    if (settings().mode == EMU_LATE) return;
    if (settings().mode == EMU_EARLY) {
        run_everything();
        return;
    }
    constexpr uint32_t MOST_AT_ONCE = 4;
    for (uint32_t n = choose(Choice::StreamOrder, MOST_AT_ONCE + 1); n > 0 && has_work(); n--) {
        std::vector<std::shared_ptr<Stream>> ready;
        for (const std::shared_ptr<Stream> &s : streams().all)
            if (!s->queue.empty()) ready.push_back(s);
        Stream *s = ready[choose(Choice::StreamOrder, uint32_t(ready.size()))].get();
        run_some(s, s->last);
    }
    bury_finished();
}

void after_synchronisation()
{
    verify_redzones();
    bury_finished();
}

cudaError_t synchronise(Stream *s)
{
    int device = s->device;
    run_until(s, s->last);
    host_waited_for(s->clock);
    after_synchronisation();
    return pending_error(device);
}

cudaError_t synchronise_device(int device)
{
    for (size_t i = 0; i < streams().all.size(); i++) {
        std::shared_ptr<Stream> s = streams().all[i];
        if (s->device != device) continue;
        run_until(s.get(), s->last);
        host_waited_for(s->clock);
    }
    after_synchronisation();
    return pending_error(device);
}

void synchronise_everything()
{
    run_everything();
    for (const std::shared_ptr<Stream> &s : streams().all) host_waited_for(s->clock);
    after_synchronisation();
}

/* ---- host functions -------------------------------------------------------------------------- */

bool in_host_function()
{
    return streams().in_host_function;
}

bool host_functions_are_queued()
{
    return streams().host_functions.use_count() > 1;
}

void enqueue_host_function(Stream *s, cudaHostFn_t function, void *data)
{
    auto prepare = [function, data]() -> Run {
        std::shared_ptr<int> queued = streams().host_functions;
        return [queued, function, data] { call_host_function(function, data); };
    };
    push_or_record(s, "cudaLaunchHostFunc", {}, prepare, Kind::Mark);
}

/* ---- errors of execution --------------------------------------------------------------------- */

bool is_sticky(cudaError_t code)
{
    switch (code) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak: return true;
    default: return false;
    }
}

cudaError_t sticky_error(int device)
{
    return streams().errors[device].sticky;
}

cudaError_t pending_error(int device)
{
    DeviceErrors &e = streams().errors[device];
    if (e.sticky != cudaSuccess) return e.sticky;
    cudaError_t code = e.pending;
    e.pending = cudaSuccess;
    return code;
}

void raise_async(int device, cudaError_t code)
{
    DeviceErrors &e = streams().errors[device];
    if (is_sticky(code)) {
        if (e.sticky == cudaSuccess) e.sticky = code;
        drop_queues(device);
    } else if (e.pending == cudaSuccess) {
        e.pending = code;
    }
}

void reset_streams()
{
    streams() = Streams();
}

} // namespace emu
