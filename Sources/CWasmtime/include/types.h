#ifndef CWASMTIME_TYPES_H
#define CWASMTIME_TYPES_H

#include "engine.h"
#include "vectors.h"

typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_globaltype_t wasm_globaltype_t;
typedef struct wasm_tabletype_t wasm_tabletype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_tagtype_t wasm_tagtype_t;
typedef struct wasm_externtype_t wasm_externtype_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;

// Value types. `wasm_valtype_kind` is left out on purpose: it aborts the process when the type is v128 or
// any reference but funcref and externref, which a guest may declare.
#define WASMTIME_VALTYPE_KIND_I32 0
#define WASMTIME_VALTYPE_KIND_I64 1
#define WASMTIME_VALTYPE_KIND_F32 2
#define WASMTIME_VALTYPE_KIND_F64 3
#define WASMTIME_VALTYPE_KIND_V128 4
#define WASMTIME_VALTYPE_KIND_REF 5

typedef struct wasmtime_heaptype {
    uint8_t kind;
    void *_Nullable of;
} wasmtime_heaptype_t;

typedef struct wasmtime_reftype {
    bool nullable;
    wasmtime_heaptype_t heaptype;
} wasmtime_reftype_t;

typedef struct wasmtime_valtype {
    uint8_t kind;
    wasmtime_reftype_t reftype;
} wasmtime_valtype_t;

void wasmtime_valtype_new(const wasm_valtype_t *_Nonnull, wasmtime_valtype_t *_Nonnull out);
void wasmtime_valtype_delete(wasmtime_valtype_t *_Nonnull);
wasm_valtype_t *_Nonnull wasmtime_valtype_to_wasm(
    const wasm_engine_t *_Nonnull, const wasmtime_valtype_t *_Nonnull);

typedef struct wasm_valtype_vec_t {
    size_t size;
    wasm_valtype_t *_Nullable *_Nullable data;
} wasm_valtype_vec_t;

void wasm_valtype_vec_new_uninitialized(wasm_valtype_vec_t *_Nonnull out, size_t);

// Function types. `wasm_functype_new` takes both vectors and what is in them.
wasm_functype_t *_Nonnull wasm_functype_new(
    wasm_valtype_vec_t *_Nonnull parameters, wasm_valtype_vec_t *_Nonnull results);
void wasm_functype_delete(wasm_functype_t *_Nonnull);
const wasm_valtype_vec_t *_Nonnull wasm_functype_params(const wasm_functype_t *_Nonnull);
const wasm_valtype_vec_t *_Nonnull wasm_functype_results(const wasm_functype_t *_Nonnull);

// Global, table, memory and tag types. `wasm_tabletype_limits` is left out on purpose: it aborts the process
// when a limit needs more than 32 bits, which a 64-bit table may declare.
#define WASM_CONST 0
#define WASM_VAR 1

void wasm_globaltype_delete(wasm_globaltype_t *_Nonnull);
const wasm_valtype_t *_Nonnull wasm_globaltype_content(const wasm_globaltype_t *_Nonnull);
uint8_t wasm_globaltype_mutability(const wasm_globaltype_t *_Nonnull);

const wasm_valtype_t *_Nonnull wasm_tabletype_element(const wasm_tabletype_t *_Nonnull);

uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *_Nonnull);
bool wasmtime_memorytype_maximum(const wasm_memorytype_t *_Nonnull, uint64_t *_Nonnull maximum);
bool wasmtime_memorytype_is64(const wasm_memorytype_t *_Nonnull);
bool wasmtime_memorytype_isshared(const wasm_memorytype_t *_Nonnull);
uint64_t wasmtime_memorytype_page_size(const wasm_memorytype_t *_Nonnull);

const wasm_functype_t *_Nonnull wasm_tagtype_functype(const wasm_tagtype_t *_Nonnull);

// Extern types
#define WASM_EXTERN_FUNC 0
#define WASM_EXTERN_GLOBAL 1
#define WASM_EXTERN_TABLE 2
#define WASM_EXTERN_MEMORY 3
#define WASM_EXTERN_TAG 4

uint8_t wasm_externtype_kind(const wasm_externtype_t *_Nonnull);
const wasm_functype_t *_Nullable wasm_externtype_as_functype_const(const wasm_externtype_t *_Nonnull);
const wasm_globaltype_t *_Nullable wasm_externtype_as_globaltype_const(const wasm_externtype_t *_Nonnull);
const wasm_tabletype_t *_Nullable wasm_externtype_as_tabletype_const(const wasm_externtype_t *_Nonnull);
const wasm_memorytype_t *_Nullable wasm_externtype_as_memorytype_const(const wasm_externtype_t *_Nonnull);
const wasm_tagtype_t *_Nullable wasm_externtype_as_tagtype_const(const wasm_externtype_t *_Nonnull);

// Imports and exports
typedef struct wasm_importtype_vec_t {
    size_t size;
    wasm_importtype_t *_Nullable *_Nullable data;
} wasm_importtype_vec_t;

typedef struct wasm_exporttype_vec_t {
    size_t size;
    wasm_exporttype_t *_Nullable *_Nullable data;
} wasm_exporttype_vec_t;

void wasm_importtype_vec_delete(wasm_importtype_vec_t *_Nonnull);
const wasm_byte_vec_t *_Nonnull wasm_importtype_module(const wasm_importtype_t *_Nonnull);
const wasm_byte_vec_t *_Nonnull wasm_importtype_name(const wasm_importtype_t *_Nonnull);
const wasm_externtype_t *_Nonnull wasm_importtype_type(const wasm_importtype_t *_Nonnull);

void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *_Nonnull);
const wasm_byte_vec_t *_Nonnull wasm_exporttype_name(const wasm_exporttype_t *_Nonnull);
const wasm_externtype_t *_Nonnull wasm_exporttype_type(const wasm_exporttype_t *_Nonnull);

#endif
