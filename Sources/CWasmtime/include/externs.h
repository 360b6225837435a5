#ifndef CWASMTIME_EXTERNS_H
#define CWASMTIME_EXTERNS_H

#include "errors.h"
#include "store.h"
#include "types.h"

// Handles into a store: copied freely, never freed, and fatal when they meet another store.

typedef struct wasmtime_func {
    uint64_t store_id;
    void *_Nullable private_data;
} wasmtime_func_t;

// The inner struct has padding after its last member, so the layout is not that of three flat members.
typedef struct wasmtime_store_item {
    uint64_t store_id;
    uint32_t private_data;
} wasmtime_store_item_t;

typedef struct wasmtime_table {
    wasmtime_store_item_t item;
    uint32_t private_data;
} wasmtime_table_t;

typedef struct wasmtime_memory {
    wasmtime_store_item_t item;
    uint32_t private_data;
} wasmtime_memory_t;

typedef struct wasmtime_global {
    uint64_t store_id;
    uint32_t private_data[3];
} wasmtime_global_t;

typedef struct wasmtime_instance {
    uint64_t store_id;
    size_t private_data;
} wasmtime_instance_t;

// `wasmtime_extern_kind_t` counts like `WASM_EXTERN_*` up to 3 and differs after that.
#define WASMTIME_EXTERN_FUNC 0
#define WASMTIME_EXTERN_GLOBAL 1
#define WASMTIME_EXTERN_TABLE 2
#define WASMTIME_EXTERN_MEMORY 3

typedef struct wasmtime_extern {
    uint8_t kind;
    union {
        wasmtime_func_t func;
        wasmtime_global_t global;
        wasmtime_table_t table;
        wasmtime_memory_t memory;
    } of;
} wasmtime_extern_t;

void wasmtime_extern_delete(wasmtime_extern_t *_Nonnull);

bool wasmtime_instance_export_get(
    wasmtime_context_t *_Nonnull, const wasmtime_instance_t *_Nonnull, const char *_Nullable name, size_t length,
    wasmtime_extern_t *_Nonnull out);

// Values with their kind. Only numbers and vectors are ever put into one here.
#define WASMTIME_I32 0
#define WASMTIME_I64 1
#define WASMTIME_F32 2
#define WASMTIME_F64 3
#define WASMTIME_V128 4

typedef struct wasmtime_val {
    uint8_t kind;
    // The library's union is 24 bytes (a garbage-collected reference is its largest member); a number or a
    // vector lies at its start.
    uint64_t of[3];
} wasmtime_val_t;

// Memories
uint8_t *_Nullable wasmtime_memory_data(wasmtime_context_t *_Nonnull, const wasmtime_memory_t *_Nonnull);
size_t wasmtime_memory_data_size(const wasmtime_context_t *_Nonnull, const wasmtime_memory_t *_Nonnull);
uint64_t wasmtime_memory_size(const wasmtime_context_t *_Nonnull, const wasmtime_memory_t *_Nonnull);
wasmtime_error_t *_Nullable wasmtime_memory_grow(
    wasmtime_context_t *_Nonnull, const wasmtime_memory_t *_Nonnull, uint64_t delta, uint64_t *_Nonnull previous);

// Globals and tables
wasm_globaltype_t *_Nonnull wasmtime_global_type(const wasmtime_context_t *_Nonnull, const wasmtime_global_t *_Nonnull);
void wasmtime_global_get(
    wasmtime_context_t *_Nonnull, const wasmtime_global_t *_Nonnull, wasmtime_val_t *_Nonnull out);
wasmtime_error_t *_Nullable wasmtime_global_set(
    wasmtime_context_t *_Nonnull, const wasmtime_global_t *_Nonnull, const wasmtime_val_t *_Nonnull);
uint64_t wasmtime_table_size(const wasmtime_context_t *_Nonnull, const wasmtime_table_t *_Nonnull);

#endif
