/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/failing.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
int __real_posix_memalign(void **p, size_t alignment, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *p);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*fn)(void *),
                          void *context);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
int __wrap_posix_memalign(void **p, size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*fn)(void *),
                          void *context);

_Thread_local int64_t until_failure;
_Thread_local bool fired;
int64_t seen;
int64_t alive;

static bool fails(void)
{
    __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
    if (until_failure == 0 || --until_failure > 0) return false;
    fired = true;
    errno = ENOMEM;
    return true;
}

/* The blocks that are alive, in a table with linear probing; freed places are marked by its own
 * address. */
enum { PLACES = 1 << 16 };
static void *places[PLACES];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t first_place(const void *p)
{
    return (size_t)(((uintptr_t)p >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % PLACES;
}

static void *born(void *p)
{
    if (!p) return p;
    pthread_mutex_lock(&table_lock);
    size_t i = first_place(p);
    while (places[i] && places[i] != (void *)places) i = (i + 1) % PLACES;
    places[i] = p;
    alive++;
    pthread_mutex_unlock(&table_lock);
    return p;
}

static void died(const void *p)
{
    if (!p) return;
    pthread_mutex_lock(&table_lock);
    size_t i = first_place(p);
    while (places[i] && places[i] != p) i = (i + 1) % PLACES;
    if (places[i]) {
        places[i] = places;
        alive--;
    }
    pthread_mutex_unlock(&table_lock);
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : born(__real_malloc(bytes));
}
void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : born(__real_calloc(count, bytes));
}
void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : born(__real_aligned_alloc(alignment, bytes));
}
char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : born(__real_strdup(text));
}

void *__wrap_realloc(void *p, size_t bytes)
{
    if (fails()) return NULL;
    died(p);
    return born(__real_realloc(p, bytes));
}

int __wrap_posix_memalign(void **p, size_t alignment, size_t bytes)
{
    if (fails()) return ENOMEM;
    const int error = __real_posix_memalign(p, alignment, bytes);
    if (!error) (void)born(*p);
    return error;
}

void __wrap_free(void *p)
{
    died(p);
    __real_free(p);
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*fn)(void *),
                          void *context)
{
    return fails() ? EAGAIN : __real_pthread_create(id, a, fn, context);
}
