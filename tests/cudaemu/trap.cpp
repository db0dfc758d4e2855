/* The fault handler: host code that touches device memory, or page-locked memory under a queued
 * copy, ends here with
 * the name of what it touched, and exit status 99.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <execinfo.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "state.h"

namespace emu
{

namespace
{

constexpr int CAUGHT = 99;
constexpr size_t STACK_BYTES = size_t(128) << 10;

struct sigaction previous_segv, previous_bus;

/* Not through stdio, whose lock the faulting code may hold. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say(const char *format, ...)
{
    char text[1536];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = n < 0 ? 0 : size_t(n) < sizeof text ? size_t(n) : sizeof text - 1;
    if (write(STDERR_FILENO, text, length) < 0) return;
}

const char *verb(void *context)
{
#if defined(__x86_64__)
    /* Bit 1 of the page fault's error code: a write. */
    return (static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_ERR] & 2) ? "wrote" : "read";
#else
    (void)context;
    return "touched";
#endif
}

[[noreturn]] void finish()
{
    say("emu:   reproduce with %s\n", reproduce());
    void *frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    _exit(CAUGHT);
}

void on_fault(int signal, siginfo_t *info, void *context)
{
    const void *p = info->si_addr;
    int device = arena_device(p);
    if (device >= 0 && running) {
        say("emu: op '%s' of stream %u %s beyond an allocation: %s\n", running->name,
            running->stream, verb(context), locate(p).c_str());
        finish();
    }
    if (device >= 0) {
        say("emu: host code touched device memory (%s device %d): %s\n", verb(context), device,
            locate(p).c_str());
        finish();
    }
    if (const PendingCopy *copy = pending_copy_at(p)) {
        say("emu: host code %s page-locked memory that the queued '%s' has still to %s: %s\n",
            verb(context), copy->name, copy->device_writes ? "write" : "read", locate(p).c_str());
        finish();
    }
    /* Not ours: the fault happens again, under the handler that was there before. */
    sigaction(signal, signal == SIGSEGV ? &previous_segv : &previous_bus, nullptr);
}

struct AlternateStack {
    void *memory = nullptr;

    AlternateStack()
    {
        stack_t now;
        if (sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE)) return;
        memory =
            mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            memory = nullptr;
            return;
        }
        stack_t stack = {};
        stack.ss_sp = memory;
        stack.ss_size = STACK_BYTES;
        sigaltstack(&stack, nullptr);
    }
    ~AlternateStack()
    {
        if (!memory) return;
        stack_t off = {};
        off.ss_flags = SS_DISABLE;
        sigaltstack(&off, nullptr);
        munmap(memory, STACK_BYTES);
    }
};

bool install()
{
    void *frame;
    backtrace(&frame, 1); /* loads what backtrace needs before it is called in the handler */
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
    return true;
}

} // namespace

void prepare_thread()
{
    static bool installed = install();
    static thread_local AlternateStack stack;
    (void)installed;
    (void)stack;
}

} // namespace emu
