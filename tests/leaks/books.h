/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that the kernel counts and that a leak would show in: pins, pinned pages,
 * dma-bufs, CMA, huge pages, vmalloc areas, files, references to modules,
 * processes, and the objects of every slab cache.
 *
 * Slab counts are exact only with slab_debug=F and slab_nomerge. vo_traces=1 on the
 * kernel's command line, and slab_debug=U, tell who allocated what is left.
 */
#ifndef _LEAKS_BOOKS_H
#define _LEAKS_BOOKS_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_BOOKS	512

struct book {
	char name[56];
	long value;
};

struct books {
	unsigned long threads;		/* changes when a kernel thread comes or goes */
	size_t count;
	struct book entries[MAX_BOOKS];
};

/* What must be counted for a result to mean anything; prints what is missing. */
bool books_complete(void);

/* Reads until two readings agree. */
void books_read(struct books *books);

/* How many tenths of a second to wait for what a work item still has to do. */
enum { BOOKS_BRIEF = 10, BOOKS_PATIENT = 60 };

/*
 * Waits until the books read as @before. False if they do not: each that
 * differs has been printed then, with @what.
 */
bool books_return(const struct books *before, const char *what, int patience);

/*
 * Runs @job between two readings; true if it is, and the books agree. Once more
 * where kernel threads came or went meanwhile, with their stacks and tasks.
 */
bool books_balanced(const char *what, bool (*job)(void *arg), void *arg);

#endif
