#ifndef CWASMTIME_BASE_H
#define CWASMTIME_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#endif
