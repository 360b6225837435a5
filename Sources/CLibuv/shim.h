#ifndef CLIBUV_SHIM_H
#define CLIBUV_SHIM_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include <uv.h>
#include "cycles.h"

/// A thread, as one type on every platform.
struct airlock_thread {
    uv_thread_t id;
};

/// Starts a thread with a stack of `stack_size` bytes; returns libuv's status.
static inline int airlock_thread_start(
    struct airlock_thread *thread, size_t stack_size, uv_thread_cb body, void *argument) {
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = stack_size};
    return uv_thread_create_ex(&thread->id, &options, body, argument);
}

static inline void airlock_thread_join(struct airlock_thread thread) {
    uv_thread_join(&thread.id);
}

static inline void airlock_thread_detach(struct airlock_thread thread) {
    pthread_detach(thread.id);
}

/// A number, never 0, that no other running thread has.
static inline uintptr_t airlock_current_thread(void) {
    return (uintptr_t)pthread_self();
}

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// A new eventfd (counter 0, non-blocking, close-on-exec), or -1 with `errno` set.
static inline int airlock_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/// A new epoll instance that reports `signalled` once for every write to it, and `ready` for as long as it is
/// readable; or -1 with `errno` set.
static inline int airlock_epoll(int signalled, int ready) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) {
        return -1;
    }
    struct epoll_event once = {.events = EPOLLIN | EPOLLET, .data = {.fd = signalled}};
    struct epoll_event level = {.events = EPOLLIN, .data = {.fd = ready}};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, signalled, &once) < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, ready, &level) < 0) {
        int cause = errno;
        close(poller);
        errno = cause;
        return -1;
    }
    return poller;
}

/// Waits for at most `timeout` milliseconds (-1: for ever) and tells which of the two descriptors have events.
static inline void airlock_epoll_wait(int poller, int timeout, int signalled, bool *is_signalled, bool *is_ready) {
    struct epoll_event events[2];
    int count = epoll_wait(poller, events, 2, timeout);
    for (int index = 0; index < count; index += 1) {
        *(events[index].data.fd == signalled ? is_signalled : is_ready) = true;
    }
}
#endif

/// Names the calling thread. Linux keeps the first 15 bytes.
static inline void airlock_name_current_thread(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
#else
    pthread_setname_np(name);
#endif
}

#endif
