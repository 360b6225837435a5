#ifndef CWASMTIME_VERSION_H
#define CWASMTIME_VERSION_H

#include "base.h"

/// Whether the loaded libwasmtime is of the major version that these headers describe. The layouts differ
/// from one major version to the next, so nothing else may be called when it is not.
bool airlock_wasmtime_version_matches(void);

/// The major version that these headers describe.
#define AIRLOCK_WASMTIME_MAJOR_VERSION 50

#endif
