#include "version.h"

// The library exports its major version only as a part of this symbol's name. A weak reference is null when the
// loaded library has no such symbol.
extern void set_vmctx_memory_50_0_0(void) __attribute__((weak));

bool airlock_wasmtime_version_matches(void) { return set_vmctx_memory_50_0_0 != NULL; }
