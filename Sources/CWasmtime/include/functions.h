#ifndef CWASMTIME_FUNCTIONS_H
#define CWASMTIME_FUNCTIONS_H

#include "externs.h"

/// What a host function sees of the call that it serves; valid during the call only.
typedef struct wasmtime_caller wasmtime_caller_t;

wasmtime_context_t *_Nonnull wasmtime_caller_context(wasmtime_caller_t *_Nonnull);
bool wasmtime_caller_export_get(
    wasmtime_caller_t *_Nonnull, const char *_Nullable name, size_t length, wasmtime_extern_t *_Nonnull out);

/// A host function: arguments in, results out, in the same slots of 16 bytes. Returns a trap to end the guest.
typedef wasm_trap_t *_Nullable (*wasmtime_func_unchecked_callback_t)(
    void *_Nullable env, wasmtime_caller_t *_Nonnull, void *_Nonnull slots, size_t count);

/// Calls a function without looking at its type: `slots` holds the arguments, then the results.
wasmtime_error_t *_Nullable wasmtime_func_call_unchecked(
    wasmtime_context_t *_Nonnull, const wasmtime_func_t *_Nonnull, void *_Nullable slots, size_t count,
    wasm_trap_t *_Nullable *_Nonnull trap);
wasm_functype_t *_Nonnull wasmtime_func_type(const wasmtime_context_t *_Nonnull, const wasmtime_func_t *_Nonnull);

#endif
