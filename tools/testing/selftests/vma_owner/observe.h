/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can be seen of the kernel's books from outside, and how results are
 * told: one line "# row: NAME | RESULT" per test, printed before the test
 * judges, so that runs on two kernels can be laid side by side.
 */
#ifndef _VMA_OWNER_OBSERVE_H
#define _VMA_OWNER_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "kselftest.h"
#include "memory.h"

#define NO_DRIVER	"no such driver here"
#define ROW_LENGTH	128

/* -1 if the kernel does not tell. */
long observe_in_use(enum memory_kind kind);	/* bytes */
int observe_pins(void);
long observe_cma_pages(void);			/* allocated of all areas; CONFIG_CMA_DEBUGFS */

/* Is a function in this kernel, or in a module that is loaded? */
bool observe_function(const char *name);

/*
 * Without CONFIG_CMA_DEBUGFS only CmaFree tells of CMA.  Pages linger on per-CPU
 * lists when freed, where it does not count them; this keeps the lists short.
 * Returns what to give back to observe_restore(), or -1.
 */
int observe_exactly(void);
void observe_restore(int saved);

/* Wait for what another process, or a work item, is still about to do. */
bool observe_until_below(enum memory_kind kind, long bytes);
bool observe_until_pins(int pins);

const char *errno_name(int err);

/* A test names its row first, since a test that cannot run has one as well. */
__printf(2, 3) void name_row(char row[ROW_LENGTH], const char *format, ...);
__printf(2, 3) void print_row(const char *row, const char *format, ...);
/* Returns @missing, having printed the row if so; the caller then skips. */
bool no_driver(bool missing, const char *row);

#endif
