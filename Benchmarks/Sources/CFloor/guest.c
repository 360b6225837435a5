#include "CFloor.h"

#include <CWasmtime.h>
#include <stdlib.h>
#include <string.h>

struct floor_guest {
    wasm_engine_t *engine;
    wasmtime_linker_t *linker;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *prelinked;
    wasmtime_store_t *store;
    wasmtime_instance_t instance;
};

static const uint64_t endless = INT64_MAX;

static wasm_engine_t *make_engine(bool pooled) {
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_consume_fuel_set(config, true);
    wasmtime_config_epoch_interruption_set(config, true);
    if (pooled) {
        wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, 1000);
        wasmtime_pooling_allocation_config_total_memories_set(pool, 1000);
        wasmtime_pooling_allocation_config_total_tables_set(pool, 1000);
        wasmtime_pooling_allocation_config_total_stacks_set(pool, 1000);
        wasmtime_pooling_allocation_config_max_memory_size_set(pool, 64 << 20);
        wasmtime_pooling_allocation_strategy_set(config, pool);
        wasmtime_pooling_allocation_config_delete(pool);
        wasmtime_config_memory_reservation_set(config, 64 << 20);
    }
    return wasm_engine_new_with_config(config);
}

static wasm_trap_t *add(void *data, wasmtime_caller_t *caller, void *slots, size_t count) {
    (void)data;
    (void)caller;
    (void)count;
    int32_t first, second;
    memcpy(&first, slots, sizeof first);
    memcpy(&second, (char *)slots + 16, sizeof second);
    int32_t sum = (int32_t)((uint32_t)first + (uint32_t)second);
    memcpy(slots, &sum, sizeof sum);
    return NULL;
}

static wasm_valtype_vec_t integers(wasm_engine_t *engine, size_t count) {
    wasm_valtype_vec_t types;
    wasm_valtype_vec_new_uninitialized(&types, count);
    const wasmtime_valtype_t integer = {.kind = WASMTIME_VALTYPE_KIND_I32};
    for (size_t index = 0; index < count; index++) types.data[index] = wasmtime_valtype_to_wasm(engine, &integer);
    return types;
}

static bool define_add(floor_guest_t *guest) {
    wasm_valtype_vec_t parameters = integers(guest->engine, 2), results = integers(guest->engine, 1);
    wasm_functype_t *type = wasm_functype_new(&parameters, &results);
    wasmtime_error_t *error =
        wasmtime_linker_define_func_unchecked(guest->linker, "host", 4, "add", 3, type, add, NULL, NULL);
    wasm_functype_delete(type);
    return error == NULL;
}

static bool instantiate(floor_guest_t *guest, wasmtime_store_t *store, wasmtime_instance_t *instance) {
    wasm_trap_t *trap = NULL;
    return wasmtime_instance_pre_instantiate(
               guest->prelinked, wasmtime_store_context(store), instance, &trap) == NULL && trap == NULL;
}

static bool prepare(floor_guest_t *guest, const char *wat) {
    wasm_byte_vec_t bytes;
    if (wasmtime_wat2wasm(wat, strlen(wat), &bytes) != NULL) return false;
    wasmtime_error_t *error =
        wasmtime_module_new(guest->engine, (const uint8_t *)bytes.data, bytes.size, &guest->module);
    wasm_byte_vec_delete(&bytes);
    if (error != NULL || !define_add(guest)) return false;
    if (wasmtime_linker_instantiate_pre(guest->linker, guest->module, &guest->prelinked) != NULL) return false;
    wasmtime_context_t *context = wasmtime_store_context(guest->store);
    if (wasmtime_context_set_fuel(context, endless) != NULL) return false;
    wasmtime_context_set_epoch_deadline(context, endless);
    return instantiate(guest, guest->store, &guest->instance);
}

floor_guest_t *floor_guest_new(const char *wat, bool pooled) {
    floor_guest_t *guest = calloc(1, sizeof *guest);
    if (guest == NULL) return NULL;
    guest->engine = make_engine(pooled);
    guest->linker = wasmtime_linker_new(guest->engine);
    guest->store = wasmtime_store_new(guest->engine, NULL, NULL);
    if (prepare(guest, wat)) return guest;
    floor_guest_delete(guest);
    return NULL;
}

void floor_guest_delete(floor_guest_t *guest) {
    wasmtime_store_delete(guest->store);
    if (guest->prelinked != NULL) wasmtime_instance_pre_delete(guest->prelinked);
    if (guest->module != NULL) wasmtime_module_delete(guest->module);
    wasmtime_linker_delete(guest->linker);
    wasm_engine_delete(guest->engine);
    free(guest);
}

static bool find(floor_guest_t *guest, const char *name, wasmtime_func_t *out) {
    wasmtime_extern_t found;
    if (!wasmtime_instance_export_get(
            wasmtime_store_context(guest->store), &guest->instance, name, strlen(name), &found)) return false;
    *out = found.of.func;
    return true;
}

int32_t floor_guest_call_pairs(floor_guest_t *guest, const char *name, size_t count) {
    wasmtime_func_t function;
    if (!find(guest, name, &function)) return -1;
    wasmtime_context_t *context = wasmtime_store_context(guest->store);
    int32_t result = 0;
    for (size_t index = 0; index < count; index++) {
        _Alignas(16) unsigned char slots[32];
        int32_t first = (int32_t)(index & 0xFFFF), second = 1;
        memcpy(slots, &first, sizeof first);
        memcpy(slots + 16, &second, sizeof second);
        wasm_trap_t *trap = NULL;
        if (wasmtime_func_call_unchecked(context, &function, slots, 2, &trap) != NULL || trap != NULL) return -1;
        memcpy(&result, slots, sizeof result);
    }
    return result;
}

int32_t floor_guest_call(floor_guest_t *guest, const char *name, int32_t argument) {
    wasmtime_func_t function;
    if (!find(guest, name, &function)) return -1;
    _Alignas(16) unsigned char slots[16];
    memcpy(slots, &argument, sizeof argument);
    wasm_trap_t *trap = NULL;
    if (wasmtime_func_call_unchecked(wasmtime_store_context(guest->store), &function, slots, 1, &trap) != NULL
        || trap != NULL) return -1;
    int32_t result;
    memcpy(&result, slots, sizeof result);
    return result;
}

size_t floor_guest_instantiate(floor_guest_t *guest, size_t count) {
    for (size_t index = 0; index < count; index++) {
        wasmtime_store_t *store = wasmtime_store_new(guest->engine, NULL, NULL);
        wasmtime_instance_t instance;
        bool made = instantiate(guest, store, &instance);
        wasmtime_store_delete(store);
        if (!made) return index;
    }
    return count;
}
