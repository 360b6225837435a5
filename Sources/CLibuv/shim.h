#ifndef CLIBUV_SHIM_H
#define CLIBUV_SHIM_H

#include <uv.h>

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// A new eventfd (counter 0, non-blocking, close-on-exec), or -1 with `errno` set.
static inline int airlock_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
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
