/* Calls: how each begins and ends, their numbers, and the failures that the test wished for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstdlib>
#include <cstring>
#include <map>

#include "state.h"

namespace emu
{

namespace
{

constexpr int64_t NEVER = 0;

/* "The k-th call of that name": counted since emu_fail_clear. */
struct Wish {
    std::string name;
    int64_t k;
    int value;
};
struct Faults {
    int64_t calls = 0; /* fallible ones */
    int64_t at = NEVER, from = NEVER;
    std::map<std::string, int64_t> made; /* calls by name, fallible or not */
    std::vector<Wish> failures, infos, poisons;
    int64_t ops = 0, async_at = NEVER;
    cudaError_t async_code = cudaSuccess;
    std::string failed, after; /* the call that failed, and the one that came next */
};
struct Current {
    const char *name;
    bool fallible;
    int64_t number; /* among the fallible calls */
};

Faults *from_environment()
{
    Faults *f = new Faults();
    const char *n = getenv("EMU_FAIL");
    if (n && *n) f->at = atoll(n);
    return f;
}

Faults &faults()
{
    static Faults *f = from_environment();
    return *f;
}

int depth;
Current current;

/* The wish for the call of that name which was made last. */
const Wish *wish_for(const std::vector<Wish> &wishes, const char *name)
{
    auto made = faults().made.find(name);
    if (made == faults().made.end()) return nullptr;
    for (const Wish &w : wishes)
        if (w.k == made->second && w.name == name) return &w;
    return nullptr;
}

void complain_if_forbidden(const char *name, unsigned kind)
{
    unsigned forbidden = settings().forbidden;
    if ((kind & (SYNCHRONISES | HIDDEN_SYNC)) && (forbidden & EMU_FORBID_SYNC))
        violation("sync", "%s synchronises, which is forbidden here", name);
    if ((kind & (ALLOCATES | FREES)) && (forbidden & EMU_FORBID_ALLOC))
        violation("alloc", "%s allocates or frees, which is forbidden here", name);
}

} // namespace

void begin_call(const char *name, unsigned kind)
{
    Faults &f = faults();
    if (!f.failed.empty() && f.after.empty()) f.after = name;
    current = {name, !(kind & INFALLIBLE), 0};
    f.made[name]++;
    if (current.fallible) current.number = ++f.calls;
    count_call(name, kind);
    if (settings().trace)
        trace("call %s #%lld from %s", name, static_cast<long long>(current.number),
              backtrace_text(1).c_str());
    complain_if_forbidden(name, kind);
}

const char *current_call()
{
    return depth > 0 ? current.name : nullptr;
}

cudaError_t async_failure_wish()
{
    Faults &f = faults();
    return ++f.ops == f.async_at ? f.async_code : cudaSuccess;
}

Call::Call(const char *name, unsigned kind) : name_(name), kind_(kind)
{
    global_lock().lock();
    outermost_ = depth++ == 0;
    if (in_host_function())
        violation("callback", "%s is called from a host function that cudaLaunchHostFunc runs",
                  name);
    if (!outermost_) return;
    prepare_thread();
    begin_call(name, kind);
}

Call::~Call()
{
    if (outermost_) {
        progress();
        protect_all();
    }
    depth--;
    global_lock().unlock();
}

bool Call::injected(int *status, int otherwise)
{
    if (!outermost_ || !current.fallible) return false;
    Faults &f = faults();
    if (const Wish *w = wish_for(f.failures, name_)) {
        *status = w->value;
    } else if (current.number == f.at || (f.from != NEVER && current.number >= f.from)) {
        *status = otherwise;
    } else {
        return false;
    }
    f.failed = name_;
    f.after.clear();
    trace("%s fails with %d, as wished", name_, *status);
    return true;
}

void note_sync(const char *why, bool hidden)
{
    count_sync(hidden);
    complain_if_forbidden(why, hidden ? HIDDEN_SYNC : SYNCHRONISES);
}

bool forced_info(const char *name, int *value)
{
    const Wish *w = wish_for(faults().infos, name);
    if (w) *value = w->value;
    return w != nullptr;
}

bool forced_poison(const char *name)
{
    return wish_for(faults().poisons, name) != nullptr;
}

} // namespace emu

using namespace emu;

void emu_fail_clear(void)
{
    Locked locked(global_lock());
    faults() = Faults();
}

int64_t emu_calls(void)
{
    Locked locked(global_lock());
    return faults().calls;
}

int64_t emu_ops(void)
{
    Locked locked(global_lock());
    return faults().ops;
}

void emu_fail_at(int64_t n)
{
    Locked locked(global_lock());
    faults().at = n;
}

void emu_fail_from(int64_t n)
{
    Locked locked(global_lock());
    faults().from = n;
}

void emu_fail_call(const char *name, int64_t k, int status)
{
    Locked locked(global_lock());
    faults().failures.push_back({name, k, status});
}

void emu_fail_async(int64_t k, int cuda_error)
{
    Locked locked(global_lock());
    faults().async_at = k;
    faults().async_code = cudaError_t(cuda_error);
}

const char *emu_failed_call(void)
{
    Locked locked(global_lock());
    return faults().failed.c_str();
}

const char *emu_call_after_failure(void)
{
    Locked locked(global_lock());
    return faults().after.c_str();
}

void emu_set_info(const char *name, int64_t k, int value)
{
    Locked locked(global_lock());
    faults().infos.push_back({name, k, value});
}

void emu_poison_output(const char *name, int64_t k)
{
    Locked locked(global_lock());
    faults().poisons.push_back({name, k, 0});
}
