/* Fibers, for x86-64 and aarch64.
 *
 * Only what a called function must preserve is saved, so a switch costs about as much as a call.
 * The sanitizers and valgrind are told, if they are there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0
#endif

/* Absent unless the program runs under that sanitizer. */
extern "C" {
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **fake, const void *low,
                                                          size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                                           size_t *size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *p, size_t size);
__attribute__((weak)) void *__tsan_get_current_fiber(void);
__attribute__((weak)) void *__tsan_create_fiber(unsigned flags);
__attribute__((weak)) void __tsan_switch_to_fiber(void *fiber, unsigned flags);

void emu_switch_context(void **save, void *to);
}

#if defined(__x86_64__)
asm(R"(
    .text
    .globl emu_switch_context
    .hidden emu_switch_context
    .type emu_switch_context, @function
emu_switch_context:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size emu_switch_context, .-emu_switch_context
)");
/* Six registers, then the return address; a function is entered with the stack at 8 mod 16. Above
 * lies a zero, where a backtrace ends. */
constexpr size_t SAVED_WORDS = 8, ENTRY_WORD = 6;
#elif defined(__aarch64__)
asm(R"(
    .text
    .globl emu_switch_context
    .hidden emu_switch_context
    .type emu_switch_context, %function
emu_switch_context:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size emu_switch_context, .-emu_switch_context
)");
constexpr size_t SAVED_WORDS = 20, ENTRY_WORD = 11;
#else
#error "the emulation's context switch is written for x86-64 and aarch64"
#endif

namespace emu
{

namespace
{

constexpr size_t STACK = size_t(256) << 10;
Fiber *previous; /* who made the last switch */

void arrived(Fiber *f)
{
    if (!__sanitizer_finish_switch_fiber) return;
    const void *low = nullptr;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(f->fake_stack, &low, &size);
    if (!previous->low) { /* the thread's own stack is known only now */
        previous->low = static_cast<char *>(const_cast<void *>(low));
        previous->high = previous->low + size;
    }
}

void (*first_entry)();
Fiber *entering;

[[noreturn]] void begin()
{
    arrived(entering);
    first_entry();
    abort();
}

} // namespace

void restart_fiber(Fiber *f, void (*entry)())
{
    first_entry = entry; /* all fibers have the same */
    if (__asan_unpoison_memory_region) __asan_unpoison_memory_region(f->low, STACK);
    void **sp = reinterpret_cast<void **>(f->high) - SAVED_WORDS;
    memset(sp, 0, static_cast<size_t>(f->high - reinterpret_cast<char *>(sp)));
    sp[ENTRY_WORD] = reinterpret_cast<void *>(&begin);
    f->sp = sp;
    f->fake_stack = nullptr;
}

Fiber *new_fiber(void (*entry)())
{
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void *p = mmap(nullptr, STACK + page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) != 0) {
        perror("cudaemu: no memory for the stack of a thread");
        abort();
    }
    Fiber *f = new Fiber();
    f->low = static_cast<char *>(p) + page;
    f->high = f->low + STACK;
    static_cast<void>(VALGRIND_STACK_REGISTER(f->low, f->high));
    if (__tsan_create_fiber) f->shadow = __tsan_create_fiber(0);
    restart_fiber(f, entry);
    return f;
}

void switch_fiber(Fiber *from, Fiber *to)
{
    previous = from;
    entering = to;
    if (__tsan_get_current_fiber) {
        if (!from->shadow) from->shadow = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(to->shadow, 0);
    }
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(&from->fake_stack, to->low,
                                       static_cast<size_t>(to->high - to->low));
    emu_switch_context(&from->sp, to->sp);
    arrived(from);
}

} // namespace emu
