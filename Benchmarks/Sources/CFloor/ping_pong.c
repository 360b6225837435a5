#include "CFloor.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    int ping, pong;
    size_t count;
    bool failed;
} table_t;

static bool wait_for(int descriptor) {
    uint64_t value;
    return read(descriptor, &value, sizeof value) == sizeof value;
}

static bool wake(int descriptor) {
    const uint64_t one = 1;
    return write(descriptor, &one, sizeof one) == sizeof one;
}

static void *answer(void *argument) {
    table_t *table = argument;
    for (size_t index = 0; index < table->count; index++) {
        if (wait_for(table->ping) && wake(table->pong)) continue;
        table->failed = true;
        break;
    }
    return NULL;
}

bool floor_ping_pong(size_t count) {
    table_t table = {.ping = eventfd(0, EFD_CLOEXEC), .pong = eventfd(0, EFD_CLOEXEC), .count = count};
    pthread_t thread;
    bool passed = table.ping >= 0 && table.pong >= 0 && pthread_create(&thread, NULL, answer, &table) == 0;
    if (passed) {
        for (size_t index = 0; index < count && passed; index++) {
            passed = wake(table.ping) && wait_for(table.pong);
        }
        pthread_join(thread, NULL);
        passed = passed && !table.failed;
    }
    close(table.ping);
    close(table.pong);
    return passed;
}
