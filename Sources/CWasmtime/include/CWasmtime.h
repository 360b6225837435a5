#ifndef CWASMTIME_H
#define CWASMTIME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#endif
