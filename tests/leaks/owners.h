/* SPDX-License-Identifier: GPL-2.0 */
/* Whose memory is captured into, and one round of doing so, step by step. */
#ifndef _LEAKS_OWNERS_H
#define _LEAKS_OWNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"
#include "video.h"

/*
 * What is queued: more than a frame, and more than vm_map_ram() maps from blocks,
 * which come and go by no rule that could be counted on.
 */
#define ROUND_LENGTH	(72 * 4096)

struct owner {
	enum memory_kind kind;
	const char *name;
	size_t size;
	bool ordinary;
};

extern const struct owner owners[];
extern const size_t nr_owners;

/* One importer and one piece of memory. */
struct round {
	const struct owner *owner;
	int importer;
	struct memory mem;
	unsigned char *target;
};

/* All return 0 or a negative errno and leave what they made to round_end(). */
int round_open(struct round *round, const struct owner *owner);
int round_map(struct round *round);
/* REQBUFS and QBUF; STREAMON and the first frame. */
int round_queue(struct round *round, void *addr);
int round_stream(struct round *round);

void round_unmap(struct round *round);
void round_close_memory(struct round *round);
void round_close_importer(struct round *round);
void round_end(struct round *round);

#endif
