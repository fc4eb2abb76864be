/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of several makers behind one face: what the tests capture into.
 *
 * Functions return a negative errno on failure; memory_map*() return
 * MAP_FAILED and leave errno.
 */
#ifndef _VMA_OWNER_MEMORY_H
#define _VMA_OWNER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum memory_kind {
	MEMORY_VIVID,		/* dma-contig MMAP buffer, mapped through /dev/videoN */
	MEMORY_VIVID_DMABUF,	/* the same, exported and mapped through its dma-buf */
	MEMORY_CMA_HEAP,
	MEMORY_SYSTEM_HEAP,
	MEMORY_UDMABUF,
	MEMORY_MEMFD,		/* ordinary memory from here on */
	MEMORY_ANONYMOUS,
	MEMORY_HUGETLB,		/* a memfd of huge pages; needs a pool of them */
};

struct memory {
	enum memory_kind kind;
	size_t size;
	int fd;			/* what mmap() is called on; -1 for anonymous memory */
	off_t offset;		/* where in @fd the memory begins */
	int device;		/* vivid's node, else -1 */
	unsigned int index;	/* of vivid's buffer */
	int memfd;		/* the pages under a udmabuf, else -1 */
};

/* For the rows. */
const char *memory_name(enum memory_kind kind);
/* -ENODEV: the driver is not there. */
int memory_alloc(struct memory *mem, enum memory_kind kind, size_t size);
/* Opens vivid's importer first, which may be what is not there. */
int memory_alloc_for_importer(struct memory *mem, enum memory_kind kind, size_t size,
			      int *importer);
/* Another buffer of the same maker, of the same size. */
int memory_alloc_sibling(struct memory *mem, const struct memory *first);
/* Closes every file; mappings are the caller's. */
void memory_close(struct memory *mem);

void *memory_map(const struct memory *mem);
void *memory_map_at(const struct memory *mem, void *where, size_t offset, size_t len);
void *memory_map_with(const struct memory *mem, int prot, int flags);
/* An address range with nothing mapped behind or before it. */
void *memory_reserve(size_t len);

#endif
