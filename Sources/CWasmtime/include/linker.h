#ifndef CWASMTIME_LINKER_H
#define CWASMTIME_LINKER_H

#include "functions.h"
#include "module.h"

typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;

wasmtime_linker_t *_Nonnull wasmtime_linker_new(wasm_engine_t *_Nonnull);
void wasmtime_linker_delete(wasmtime_linker_t *_Nonnull);

/// Owns `data` from the call on, also when it fails: `finalizer` runs when nothing can call the function any more.
wasmtime_error_t *_Nullable wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *_Nonnull, const char *_Nullable module, size_t module_length, const char *_Nullable name,
    size_t name_length, const wasm_functype_t *_Nonnull, wasmtime_func_unchecked_callback_t _Nonnull callback,
    void *_Nullable data, void (*_Nullable finalizer)(void *_Nullable));

wasmtime_error_t *_Nullable wasmtime_linker_instantiate_pre(
    const wasmtime_linker_t *_Nonnull, const wasmtime_module_t *_Nonnull,
    wasmtime_instance_pre_t *_Nullable *_Nonnull out);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *_Nonnull);
wasmtime_error_t *_Nullable wasmtime_instance_pre_instantiate(
    const wasmtime_instance_pre_t *_Nonnull, wasmtime_context_t *_Nonnull, wasmtime_instance_t *_Nonnull out,
    wasm_trap_t *_Nullable *_Nonnull trap);

#endif
