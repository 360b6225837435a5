// A filter that does what its configuration says and writes down what comes of it, so that one guest serves all comparisons.
//
// Each line of the configuration is `EVENT ACTION [ARGUMENT...]`; see run(). What a callback was given and what each action answered goes to
// the log at level info. It has no library: memory is taken from one end and never given back.
#include <stddef.h>
#include <stdint.h>

#define HOST(name) __attribute__((import_module("env"), import_name(#name))) uint32_t name
#define GUEST(name) __attribute__((export_name(#name)))

typedef const char *text;
HOST(proxy_log)(uint32_t level, text message, size_t size);
HOST(proxy_set_tick_period_milliseconds)(uint32_t period);
HOST(proxy_get_buffer_bytes)(uint32_t buffer, size_t start, size_t most, char **value, size_t *size);
HOST(proxy_get_buffer_status)(uint32_t buffer, size_t *size, uint32_t *flags);
HOST(proxy_set_buffer_bytes)(uint32_t buffer, size_t start, size_t size, text value, size_t value_size);
HOST(proxy_get_header_map_value)(uint32_t map, text key, size_t key_size, char **value, size_t *size);
HOST(proxy_add_header_map_value)(uint32_t map, text key, size_t key_size, text value, size_t size);
HOST(proxy_replace_header_map_value)(uint32_t map, text key, size_t key_size, text value, size_t size);
HOST(proxy_remove_header_map_value)(uint32_t map, text key, size_t key_size);
HOST(proxy_continue_stream)(uint32_t stream);
HOST(proxy_close_stream)(uint32_t stream);
HOST(proxy_send_local_response)(uint32_t status, text details, size_t details_size, text body, size_t body_size,
                                text headers, size_t headers_size, int32_t grpc_status);
HOST(proxy_set_effective_context)(uint32_t context);
HOST(proxy_get_shared_data)(text key, size_t key_size, char **value, size_t *size, uint32_t *cas);
HOST(proxy_set_shared_data)(text key, size_t key_size, text value, size_t size, uint32_t cas);
HOST(proxy_get_property)(text path, size_t path_size, char **value, size_t *size);
HOST(proxy_set_property)(text path, size_t path_size, text value, size_t size);
HOST(proxy_http_call)(text upstream, size_t upstream_size, text headers, size_t headers_size, text body, size_t body_size,
                      text trailers, size_t trailers_size, uint32_t timeout, uint32_t *call);
HOST(proxy_define_metric)(uint32_t kind, text name, size_t size, uint32_t *metric);
HOST(proxy_increment_metric)(uint32_t metric, int64_t offset);
HOST(proxy_record_metric)(uint32_t metric, uint64_t value);
HOST(proxy_get_metric)(uint32_t metric, uint64_t *value);
HOST(proxy_register_shared_queue)(text name, size_t size, uint32_t *queue);
HOST(proxy_resolve_shared_queue)(text vm, size_t vm_size, text name, size_t size, uint32_t *queue);
HOST(proxy_enqueue_shared_queue)(uint32_t queue, text value, size_t size);
HOST(proxy_dequeue_shared_queue)(uint32_t queue, char **value, size_t *size);
HOST(proxy_set_header_map_pairs)(uint32_t map, text pairs, size_t size);
HOST(proxy_get_header_map_size)(uint32_t map, size_t *size);
HOST(proxy_call_foreign_function)(text name, size_t name_size, text argument, size_t argument_size, char **value, size_t *size);
HOST(proxy_get_status)(uint32_t *code, char **value, size_t *size);
HOST(proxy_get_log_level)(uint32_t *level);

extern char __heap_base;
static char *heap = &__heap_base;

GUEST(malloc) void *malloc(size_t size) {
    char *place = heap;
    heap += (size + 7) & ~(size_t)7;
    size_t pages = ((size_t)heap >> 16) + 1;
    size_t has = __builtin_wasm_memory_size(0);
    if (pages > has && __builtin_wasm_memory_grow(0, pages - has) == (size_t)-1) return 0;
    return place;
}

// Lines of the log.

static char line[2048];
static size_t length;

static void put(text bytes, size_t count) {
    for (size_t i = 0; i < count && length < sizeof line; i++) line[length++] = bytes[i];
}

static size_t size_of(text string) {
    size_t count = 0;
    while (string[count]) count++;
    return count;
}

static void say(text string) { put(string, size_of(string)); }

static void say_number(uint32_t value) {
    char digits[10];
    size_t count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) put(&digits[--count], 1);
}

// Bytes as they are where they are printable, as hexadecimal otherwise.
static void say_bytes(text bytes, size_t count) {
    int printable = 1;
    for (size_t i = 0; i < count; i++) printable &= bytes[i] >= 0x20 && bytes[i] < 0x7f;
    if (printable) return put(bytes, count);
    say("0x");
    for (size_t i = 0; i < count; i++) {
        put(&"0123456789abcdef"[(uint8_t)bytes[i] >> 4], 1);
        put(&"0123456789abcdef"[bytes[i] & 15], 1);
    }
}

static void end_line(void) {
    proxy_log(2, line, length);
    length = 0;
}

// The script of each root context, and the root context of each stream.

enum { roots = 16, streams = 4096 };
static struct { uint32_t id; text script; size_t size; } script[roots];
static uint32_t root_of[streams];
// The stream that asked last: an answer acts on it.
static uint32_t asking;

typedef struct { text bytes; size_t size; } word;

static word next_word(text *place, text end) {
    while (*place < end && **place == ' ') ++*place;
    word found = {*place, 0};
    while (*place < end && **place != ' ') { ++*place; found.size++; }
    return found;
}

static word rest(text *place, text end) {
    while (*place < end && **place == ' ') ++*place;
    return (word){*place, (size_t)(end - *place)};
}

static int is(word found, text name) {
    if (found.size != size_of(name)) return 0;
    for (size_t i = 0; i < found.size; i++) if (found.bytes[i] != name[i]) return 0;
    return 1;
}

static uint32_t number(word found) {
    uint32_t value = 0;
    for (size_t i = 0; i < found.size; i++) value = value * 10 + (uint32_t)(found.bytes[i] - '0');
    return value;
}

static void answer(word action, uint32_t status, text value, size_t size) {
    say("  "); put(action.bytes, action.size); say("="); say_number(status);
    if (status == 0 && value) { say(" "); say_bytes(value, size); }
    end_line();
}

static size_t put_number(char *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (char)(value >> (8 * i));
    return 4;
}

static void copy(char *to, text from, size_t size) { for (size_t i = 0; i < size; i++) to[i] = from[i]; }

// Numbers of metrics and queues by their names; one that is not there is 100.

static struct { word name; uint32_t value; } numbers[64];

static uint32_t *number_of(word name) {
    int index = 0;
    while (index < 63 && numbers[index].name.size) {
        word known = numbers[index].name;
        size_t i = 0;
        while (known.size == name.size && i < name.size && known.bytes[i] == name.bytes[i]) i++;
        if (known.size == name.size && i == name.size) return &numbers[index].value;
        index++;
    }
    numbers[index].name = name;
    numbers[index].value = 100;
    return &numbers[index].value;
}

// The field that is the whole of a map.
static uint32_t set_pair(uint32_t map, word name, word value) {
    static char pairs[512];
    size_t at = put_number(pairs, 1);
    at += put_number(pairs + at, (uint32_t)name.size);
    at += put_number(pairs + at, (uint32_t)value.size);
    copy(pairs + at, name.bytes, name.size);
    pairs[at + name.size] = 0;
    at += name.size + 1;
    copy(pairs + at, value.bytes, value.size);
    pairs[at + value.size] = 0;
    return proxy_set_header_map_pairs(map, pairs, at + value.size + 1);
}

static void answer_number(word action, uint32_t status, uint64_t value) {
    say("  "); put(action.bytes, action.size); say("="); say_number(status);
    if (status == 0) { say(" "); say_number((uint32_t)value); }
    end_line();
}

// A GET of a path at an upstream.
static uint32_t call(word upstream, word path) {
    struct { text name; word value; } fields[] = {
        {":method", {"GET", 3}}, {":path", path}, {":authority", upstream},
    };
    static char map[1024];
    size_t at = put_number(map, 3);
    for (int i = 0; i < 3; i++) {
        at += put_number(map + at, (uint32_t)size_of(fields[i].name));
        at += put_number(map + at, (uint32_t)fields[i].value.size);
    }
    for (int i = 0; i < 3; i++) {
        size_t name = size_of(fields[i].name);
        copy(map + at, fields[i].name, name + 1);
        copy(map + at + name + 1, fields[i].value.bytes, fields[i].value.size);
        map[at + name + 1 + fields[i].value.size] = 0;
        at += name + 2 + fields[i].value.size;
    }
    uint32_t id;
    return proxy_http_call(upstream.bytes, upstream.size, map, at, 0, 0, 0, 0, 2000, &id);
}

// Runs the actions of an event, and returns what the last `return` among them says, or `result` without one.
static uint32_t run_with(uint32_t result, uint32_t root, text event, uint32_t stream) {
    for (int index = 0; index < roots; index++) {
        if (script[index].id != root) continue;
        text place = script[index].script, all = place + script[index].size;
        while (place < all) {
            text end = place;
            while (end < all && *end != '\n') end++;
            word when = next_word(&place, end), action = next_word(&place, end);
            char *value = 0;
            size_t size = 0;
            uint32_t cas = 0;
            if (!is(when, event)) {
            } else if (is(action, "return")) {
                result = number(next_word(&place, end));
            } else if (is(action, "get")) {
                uint32_t map = number(next_word(&place, end));
                word key = next_word(&place, end);
                uint32_t status = proxy_get_header_map_value(map, key.bytes, key.size, &value, &size);
                answer(action, status, value, size);
            } else if (is(action, "add") || is(action, "replace")) {
                uint32_t map = number(next_word(&place, end));
                word key = next_word(&place, end), to = rest(&place, end);
                answer(action,
                       is(action, "add") ? proxy_add_header_map_value(map, key.bytes, key.size, to.bytes, to.size)
                                         : proxy_replace_header_map_value(map, key.bytes, key.size, to.bytes, to.size),
                       0, 0);
            } else if (is(action, "remove")) {
                uint32_t map = number(next_word(&place, end));
                word key = next_word(&place, end);
                answer(action, proxy_remove_header_map_value(map, key.bytes, key.size), 0, 0);
            } else if (is(action, "body")) {
                uint32_t buffer = number(next_word(&place, end)), start = number(next_word(&place, end));
                uint32_t status = proxy_get_buffer_bytes(buffer, start, number(next_word(&place, end)), &value, &size);
                answer(action, status, value, size);
            } else if (is(action, "setbody")) {
                uint32_t buffer = number(next_word(&place, end)), start = number(next_word(&place, end));
                uint32_t count = number(next_word(&place, end));
                word to = rest(&place, end);
                answer(action, proxy_set_buffer_bytes(buffer, start, count, to.bytes, to.size), 0, 0);
            } else if (is(action, "property")) {
                word path = next_word(&place, end);
                char *segments = malloc(path.size);
                for (size_t i = 0; i < path.size; i++) segments[i] = path.bytes[i] == '/' ? 0 : path.bytes[i];
                uint32_t status = proxy_get_property(segments, path.size, &value, &size);
                answer(path, status, value, size);
            } else if (is(action, "reply")) {
                uint32_t status = number(next_word(&place, end));
                word body = rest(&place, end);
                answer(action, proxy_send_local_response(status, "", 0, body.bytes, body.size, 0, 0, -1), 0, 0);
            } else if (is(action, "share")) {
                word key = next_word(&place, end), to = rest(&place, end);
                answer(action, proxy_set_shared_data(key.bytes, key.size, to.bytes, to.size, 0), 0, 0);
            } else if (is(action, "shared")) {
                word key = next_word(&place, end);
                uint32_t status = proxy_get_shared_data(key.bytes, key.size, &value, &size, &cas);
                answer(action, status, value, size);
            } else if (is(action, "call")) {
                word upstream = next_word(&place, end);
                asking = stream;
                answer(action, call(upstream, rest(&place, end)), 0, 0);
            } else if (is(action, "continue")) {
                answer(action, proxy_continue_stream(number(next_word(&place, end))), 0, 0);
            } else if (is(action, "close")) {
                answer(action, proxy_close_stream(number(next_word(&place, end))), 0, 0);
            } else if (is(action, "remember")) {
                asking = stream;
            } else if (is(action, "tick")) {
                answer(action, proxy_set_tick_period_milliseconds(number(next_word(&place, end))), 0, 0);
            } else if (is(action, "define")) {
                uint32_t kind = number(next_word(&place, end));
                word name = next_word(&place, end);
                answer(action, proxy_define_metric(kind, name.bytes, name.size, number_of(name)), 0, 0);
            } else if (is(action, "increment") || is(action, "decrement")) {
                uint32_t metric = *number_of(next_word(&place, end));
                int64_t by = number(next_word(&place, end));
                answer(action, proxy_increment_metric(metric, is(action, "increment") ? by : -by), 0, 0);
            } else if (is(action, "record")) {
                uint32_t metric = *number_of(next_word(&place, end));
                answer(action, proxy_record_metric(metric, number(next_word(&place, end))), 0, 0);
            } else if (is(action, "metric")) {
                uint64_t count = 0;
                uint32_t status = proxy_get_metric(*number_of(next_word(&place, end)), &count);
                answer_number(action, status, count);
            } else if (is(action, "register")) {
                word name = next_word(&place, end);
                answer(action, proxy_register_shared_queue(name.bytes, name.size, number_of(name)), 0, 0);
            } else if (is(action, "resolve")) {
                word vm = next_word(&place, end), name = next_word(&place, end);
                uint32_t *queue = number_of(name);
                answer(action, proxy_resolve_shared_queue(vm.bytes, vm.size, name.bytes, name.size, queue), 0, 0);
            } else if (is(action, "enqueue")) {
                uint32_t queue = *number_of(next_word(&place, end));
                word item = rest(&place, end);
                answer(action, proxy_enqueue_shared_queue(queue, item.bytes, item.size), 0, 0);
            } else if (is(action, "dequeue")) {
                uint32_t status = proxy_dequeue_shared_queue(*number_of(next_word(&place, end)), &value, &size);
                answer(action, status, value, size);
            } else if (is(action, "pair")) {
                uint32_t map = number(next_word(&place, end));
                word name = next_word(&place, end);
                answer(action, set_pair(map, name, rest(&place, end)), 0, 0);
            } else if (is(action, "mapsize")) {
                uint32_t status = proxy_get_header_map_size(number(next_word(&place, end)), &size);
                answer_number(action, status, size);
            } else if (is(action, "foreign")) {
                word name = next_word(&place, end), argument = rest(&place, end);
                uint32_t status = proxy_call_foreign_function(name.bytes, name.size, argument.bytes, argument.size, &value, &size);
                answer(action, status, value, size);
            } else if (is(action, "status")) {
                uint32_t code = 0;
                uint32_t status = proxy_get_status(&code, &value, &size);
                answer_number(action, status, code);
            } else if (is(action, "loglevel")) {
                uint32_t level = 0;
                uint32_t status = proxy_get_log_level(&level);
                answer_number(action, status, level);
            } else if (is(action, "trap")) {
                __builtin_trap();
            }
            place = end + 1;
        }
    }
    return result;
}

static uint32_t run(uint32_t root, text event, uint32_t stream) { return run_with(0, root, event, stream); }

// An event of a stream, with the numbers that it was given.
static uint32_t note(text event, uint32_t stream, text first, uint32_t a, text second, uint32_t b) {
    say(event);
    if (first) { say(" "); say(first); say("="); say_number(a); }
    if (second) { say(" "); say(second); say("="); say_number(b); }
    end_line();
    return run(root_of[stream % streams], event, stream);
}

// A part of a body; the last part has an event of its own behind that of each part.
static uint32_t note_part(text event, text last, uint32_t stream, uint32_t size, uint32_t end) {
    uint32_t result = note(event, stream, "size", size, "end", end);
    return end ? run_with(result, root_of[stream % streams], last, stream) : result;
}

// Bytes of a connection; its end, which comes without any, has an event of its own.
static uint32_t note_bytes(text event, text last, uint32_t stream, uint32_t size, uint32_t end) {
    say(event); say(" size="); say_number(size); say(" end="); say_number(end);
    end_line();
    return run(root_of[stream % streams], end ? last : event, stream);
}

GUEST(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1(void) {}

GUEST(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t parent) {
    root_of[id % streams] = parent ? parent : id;
}

GUEST(proxy_on_configure) uint32_t proxy_on_configure(uint32_t root, uint32_t size) {
    char *bytes = 0;
    size_t count = 0;
    if (size) proxy_get_buffer_bytes(7, 0, size, &bytes, &count);
    for (int index = 0; index < roots; index++) {
        if (script[index].id && script[index].id != root) continue;
        script[index].id = root;
        script[index].script = bytes;
        script[index].size = count;
        break;
    }
    return 1;
}

GUEST(proxy_on_tick) void proxy_on_tick(uint32_t root) {
    if (asking) proxy_set_effective_context(asking);
    run(root, "tick", asking);
}

GUEST(proxy_on_queue_ready) void proxy_on_queue_ready(uint32_t root, uint32_t queue) {
    say("queue_ready"); end_line();
    run(root, "queue-as-root", 0);
    if (asking && proxy_set_effective_context(asking) == 0) run(root, "queue", asking);
}

GUEST(proxy_on_request_headers) uint32_t proxy_on_request_headers(uint32_t id, uint32_t count, uint32_t end) {
    return note("request_headers", id, "end", end, 0, 0);
}
GUEST(proxy_on_request_body) uint32_t proxy_on_request_body(uint32_t id, uint32_t size, uint32_t end) {
    return note_part("request_body", "request_body_end", id, size, end);
}
GUEST(proxy_on_response_headers) uint32_t proxy_on_response_headers(uint32_t id, uint32_t count, uint32_t end) {
    return note("response_headers", id, "end", end, 0, 0);
}
GUEST(proxy_on_response_body) uint32_t proxy_on_response_body(uint32_t id, uint32_t size, uint32_t end) {
    return note_part("response_body", "response_body_end", id, size, end);
}
GUEST(proxy_on_new_connection) uint32_t proxy_on_new_connection(uint32_t id) {
    return note("new_connection", id, 0, 0, 0, 0);
}
GUEST(proxy_on_downstream_data) uint32_t proxy_on_downstream_data(uint32_t id, uint32_t size, uint32_t end) {
    return note_bytes("downstream_data", "downstream_data_end", id, size, end);
}
GUEST(proxy_on_upstream_data) uint32_t proxy_on_upstream_data(uint32_t id, uint32_t size, uint32_t end) {
    return note_bytes("upstream_data", "upstream_data_end", id, size, end);
}
GUEST(proxy_on_downstream_connection_close) void proxy_on_downstream_connection_close(uint32_t id, uint32_t peer) {
    note("downstream_close", id, "peer", peer, 0, 0);
}
GUEST(proxy_on_upstream_connection_close) void proxy_on_upstream_connection_close(uint32_t id, uint32_t peer) {
    note("upstream_close", id, "peer", peer, 0, 0);
}
GUEST(proxy_on_http_call_response)
void proxy_on_http_call_response(uint32_t root, uint32_t call, uint32_t headers, uint32_t size, uint32_t trailers) {
    say("answer has-headers="); say_number(headers > 0); say(" size="); say_number(size); say(" trailers="); say_number(trailers);
    end_line();
    run(root, "answer-as-root", 0);
    if (proxy_set_effective_context(asking) == 0) run(root, "answer", asking);
}
GUEST(proxy_on_log) void proxy_on_log(uint32_t id) { note("log", id, 0, 0, 0, 0); }
GUEST(proxy_on_done) uint32_t proxy_on_done(uint32_t id) {
    if (root_of[id % streams] == id) return 1;
    note("done", id, 0, 0, 0, 0);
    return 1;
}
GUEST(proxy_on_delete) void proxy_on_delete(uint32_t id) {
    if (root_of[id % streams] != id) note("delete", id, 0, 0, 0, 0);
}
