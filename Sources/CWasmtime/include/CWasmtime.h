// The part of the Wasmtime 50 C API that Airlock uses, declared by Airlock.
//
// The engine's own headers are not in the package that its shared library comes from, and only a tenth of
// them is needed. Names and layouts are the library's (https://docs.wasmtime.dev/c-api/); `layout.c` pins
// every layout that crosses the boundary, and `version.h` tells whether the loaded library is the expected one.
//
// Ownership follows the library's convention: what a `_new` function or an `out` parameter hands over is
// deleted by whoever received it, and `const` results belong to the object they were read from.
#ifndef CWASMTIME_H
#define CWASMTIME_H

#include "version.h"
#include "vectors.h"
#include "errors.h"
#include "engine.h"
#include "types.h"
#include "module.h"
#include "store.h"
#include "externs.h"
#include "functions.h"
#include "linker.h"
#include "async.h"

#endif
