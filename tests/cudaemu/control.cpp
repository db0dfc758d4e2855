/* What the test wishes: settings and environment, violations, choices, reset.
 *
 * All state sits behind a function-local static, because kernels may be registered and CUDA called
 * from static
 * constructors; nothing of it is destroyed, because CUDA may be called from destructors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>

#include "state.h"

namespace emu
{

namespace
{

constexpr size_t DEFAULT_CAPACITY = size_t(1) << 30;
constexpr int DEFAULT_DEVICES = 2, CHOICES = int(Choice::Other) + 1;

struct Violation {
    std::string kind, text;
};
struct Control {
    Settings settings;
    uint64_t choices[CHOICES];
    bool collecting;
    std::vector<Violation> violations;
    std::vector<void (*)()> at_reset;
};

uint64_t next(uint64_t *state)
{
    /* splitmix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014. */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void seed_choices(Control *c)
{
    uint64_t state = c->settings.seed;
    for (uint64_t &choice : c->choices) choice = next(&state);
}

[[noreturn]] void bad_environment(const char *name, const char *value, const char *expected)
{
    fprintf(stderr, "emu: %s=%s: expected %s\n", name, value, expected);
    exit(2);
}

uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    if (!value || !*value) return otherwise;
    char *end;
    errno = 0;
    uint64_t number = strtoull(value, &end, 0);
    if (errno != 0 || *end || *value == '-') bad_environment(name, value, "a number");
    return number;
}

/* The index of the environment's value in a list that ends with nullptr. */
int environment_word(const char *name, const char *const *words, const char *expected)
{
    const char *value = getenv(name);
    if (!value || !*value) return 0;
    for (int i = 0; words[i]; i++)
        if (strcmp(value, words[i]) == 0) return i;
    bad_environment(name, value, expected);
}

const char *const order_words[] = {"ascending", "descending", "random", nullptr};
const char *const mode_words[] = {"late", "early", "random", nullptr};
const char *const profile_words[] = {"normal",   "no-driver", "stub", "old-driver",
                                     "unusable", "none",      nullptr};

Control *read_environment()
{
    Control *c = new Control();
    Settings *s = &c->settings;
    s->seed = environment_number("EMU_SEED", 1);
    s->order = emu_order_kind(
        environment_word("EMU_ORDER", order_words, "ascending, descending or random"));
    s->mode = emu_mode_kind(environment_word("EMU_MODE", mode_words, "late, early or random"));
    int profile = environment_word("EMU_PROFILE", profile_words,
                                   "normal, none, no-driver, stub, old-driver or unusable");
    bool none = strcmp(profile_words[profile], "none") == 0;
    s->profile = none ? EMU_NORMAL : emu_profile(profile);
    s->devices = none ? 0 : int(environment_number("EMU_DEVICES", DEFAULT_DEVICES));
    s->capacity = DEFAULT_CAPACITY;
    s->guard = environment_number("EMU_GUARD", 0) != 0;
    s->trace = environment_number("EMU_TRACE", 0) != 0;
    seed_choices(c);
    return c;
}

Control &control()
{
    static Control *c = read_environment();
    return *c;
}

std::string formatted(const char *format, va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    return text;
}

/* The test changes the machine, or starts anew, while the program still holds parts of the old
 * one. */
void refuse_if_alive(const char *what)
{
    synchronise_everything();
    int alive = list_live_handles() + list_live_memory();
    if (alive == 0) return;
    fprintf(stderr, "emu: %s while %d objects (above) are alive\n", what, alive);
    abort();
}

} // namespace

std::recursive_mutex &global_lock()
{
    static std::recursive_mutex *lock = new std::recursive_mutex;
    return *lock;
}

const Settings &settings()
{
    return control().settings;
}

Settings &mutable_settings()
{
    return control().settings;
}

const char *reproduce()
{
    static char text[128];
    const Settings &s = settings();
    snprintf(text, sizeof text, "EMU_SEED=%llu EMU_ORDER=%s EMU_MODE=%s%s",
             static_cast<unsigned long long>(s.seed), order_words[s.order], mode_words[s.mode],
             s.guard ? " EMU_GUARD=1" : "");
    return text;
}

void trace(const char *format, ...)
{
    if (!settings().trace) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "emu: %s\n", formatted(format, arguments).c_str());
    va_end(arguments);
}

std::string backtrace_text(int frames)
{
    constexpr int MOST = 32;
    void *address[MOST];
    int found = backtrace(address, MOST);
    Dl_info own, at;
    bool have_own = dladdr(reinterpret_cast<void *>(&global_lock), &own) != 0;
    std::string text;
    for (int i = 0; i < found && frames > 0; i++) {
        if (!dladdr(address[i], &at) || (have_own && at.dli_fbase == own.dli_fbase)) continue;
        const char *file = at.dli_fname ? at.dli_fname : "?";
        const char *slash = strrchr(file, '/');
        char frame[256];
        snprintf(frame, sizeof frame, "%s%s%s+0x%zx", text.empty() ? "" : " < ",
                 at.dli_sname ? (std::string(at.dli_sname) + " in ").c_str() : "",
                 slash ? slash + 1 : file,
                 size_t(static_cast<char *>(address[i]) - static_cast<char *>(at.dli_fbase)));
        text += frame;
        frames--;
    }
    return text;
}

void violation(const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    std::string text = formatted(format, arguments);
    va_end(arguments);
    Locked locked(global_lock());
    Control &c = control();
    if (c.collecting) {
        c.violations.push_back({kind, text});
        return;
    }
    fflush(stdout);
    fprintf(stderr, "emu: violation [%s]: %s\n", kind, text.c_str());
    if (current_call()) fprintf(stderr, "emu:   during the call of %s\n", current_call());
    if (running)
        fprintf(stderr, "emu:   while op '%s' of stream %u ran on device %d\n", running->name,
                running->stream, running->device);
    fprintf(stderr, "emu:   from %s\n", backtrace_text(8).c_str());
    fprintf(stderr, "emu:   reproduce with %s\n", reproduce());
    fflush(stderr);
    abort();
}

uint32_t choose(Choice purpose, uint32_t n)
{
    return n <= 1 ? 0 : uint32_t(next(&control().choices[int(purpose)]) % n);
}

void at_reset(void (*function)())
{
    Locked locked(global_lock());
    control().at_reset.push_back(function);
}

} // namespace emu

using namespace emu;

void emu_reset(uint64_t seed)
{
    Locked locked(global_lock());
    refuse_if_alive("emu_reset");
    reset_captures();
    reset_streams();
    reset_pools();
    reset_memory();
    reset_handles();
    reset_runtime();
    Control &c = control();
    for (void (*function)() : c.at_reset) function();
    c.settings.seed = seed;
    c.settings.forbidden = 0;
    seed_choices(&c);
    c.collecting = false;
    c.violations.clear();
    emu_fail_clear();
    emu_counters_clear();
}

void emu_order(enum emu_order_kind kind)
{
    Locked locked(global_lock());
    control().settings.order = kind;
}

void emu_mode(enum emu_mode_kind kind)
{
    Locked locked(global_lock());
    control().settings.mode = kind;
}

void emu_set_devices(int count, enum emu_profile profile)
{
    Locked locked(global_lock());
    refuse_if_alive("emu_set_devices");
    control().settings.devices = count;
    control().settings.profile = profile;
}

void emu_set_capacity(size_t bytes)
{
    Locked locked(global_lock());
    control().settings.capacity = bytes;
}

void emu_guard(int on)
{
    Locked locked(global_lock());
    control().settings.guard = on != 0;
}

int emu_check_idle(void)
{
    Locked locked(global_lock());
    synchronise_everything();
    protect_all();
    return list_live_handles() + list_live_memory();
}

void emu_forbid(unsigned mask)
{
    Locked locked(global_lock());
    control().settings.forbidden = mask;
}

void emu_collect(int on)
{
    Locked locked(global_lock());
    control().collecting = on != 0;
    if (on) control().violations.clear();
}

int emu_violations(void)
{
    Locked locked(global_lock());
    return int(control().violations.size());
}

const char *emu_violation_kind(int index)
{
    Locked locked(global_lock());
    return control().violations.at(size_t(index)).kind.c_str();
}

const char *emu_violation_text(int index)
{
    Locked locked(global_lock());
    return control().violations.at(size_t(index)).text.c_str();
}
