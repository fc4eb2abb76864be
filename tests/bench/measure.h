/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of the benchmark have in common. A measurement leaves as a
 * line "# bench: NAME SIZE COST", which tests/bench/run collects.
 */
#ifndef _MEASURE_H
#define _MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vo_bench.h"

/* "vo_short" on the kernel's command line: only what tests/check compares */
bool measure_is_short(void);

void measure_begin(void);
/* One result line of KTAP; @ret is 0 or a negative errno */
void measure_result(const char *name, int ret);
/* The plan, and the exit status */
int measure_end(void);

void measured(const char *name, uint64_t size, uint64_t cost);
/* The module does it: 0, or a negative errno. Nothing is said without a @name */
int measure(const char *name, enum vo_bench_what what, const void *addr,
	    uint64_t len, int fd, unsigned int reps);
/* A mapping of the module's own memory */
void *measure_map(uint64_t offset, size_t size);

/* Instructions, with -icount */
static inline uint64_t measure_now(void)
{
	return __builtin_ia32_rdtsc();
}

#endif
