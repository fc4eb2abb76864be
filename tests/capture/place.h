/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places to capture into: memory of every maker, physically contiguous or
 * surely not. Files stay open and memory mapped until the process ends.
 */
#ifndef _PLACE_H
#define _PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "makers.h"

enum place_kind {
	PLACE_VB2_CONTIG,	/* MMAP buffer of another capture device */
	PLACE_VB2_NON_COHERENT,	/* the same, of memory that is not coherent */
	PLACE_VIVID,
	PLACE_SYSTEM_HEAP,
	PLACE_CMA_HEAP,
	PLACE_UDMABUF,
	PLACE_UDMABUF_SCATTERED,
	PLACE_EXTENTS,
	PLACE_EXTENTS_SCATTERED,
	PLACE_EXTENTS_VMAP,
	PLACE_ANONYMOUS,
	PLACE_ANONYMOUS_SCATTERED,
	PLACE_HUGETLB,
	PLACE_MEMFD,
	PLACE_MEMFD_SCATTERED,
	/* for tests of their own */
	PLACE_EXTENTS_PIECES,	/* an extent for each page, within 4 GiB */
	PLACE_DMABUF,		/* its exporter fails when it is told to */
	PLACE_DMABUF_NO_VMAP,	/* pages in the VMA, and no kernel mapping */
};

/* A heap whose memory is contiguous */
#define PLACE_HEAP	(SYSTEM_HEAP_SCATTERS ? PLACE_CMA_HEAP : PLACE_SYSTEM_HEAP)

#define PLACE_PAGES	16
#define PLACE_SIZE	(PLACE_PAGES * 4096)

struct place {
	unsigned char *target;	/* for the importer */
	unsigned char *view;	/* another mapping of it; @target if there is none */
	int fd;			/* what @target maps from @offset on, in one piece; else -1 */
	off_t offset;
	size_t size;
	int node;		/* whose first MMAP buffer it is; else -1 */
};

/* Returns 0 or a negative errno */
int place_make(struct place *place, enum place_kind kind);

#define PLACE_SMALL	(2 * 4096)

/* PLACE_SMALL bytes that are all of their dma-buf: for makers of dma-bufs, not vivid */
int place_make_small(struct place *place, enum place_kind kind);

#define PLACE_BIG	(8UL << 20)

/*
 * PLACE_BIG bytes of huge pages that adjoin, as a udmabuf or as they are; @view is
 * @target. -ENOENT: the pool has no such pages.
 */
int place_make_big(struct place *place, bool udmabuf);

/* Make the mapping handed to the importer read-only */
int place_protect(struct place *place);
/*
 * Cut the mapping handed to the importer into several VMAs: by a flag or a
 * protection around its second page, and by mapping the third anew.
 */
int place_split(struct place *place);
/* The number of VMAs that show PLACE_SIZE bytes from @start on */
int place_vmas(const void *start);

/* The physical address that @addr is mapped to, 0 if it is not */
unsigned long long place_phys(const void *addr);
bool place_is_contiguous(const struct place *place);
/* No page of it adjoins the one before */
bool place_is_scattered(const struct place *place);
bool place_is_above_4g(const struct place *place);

#endif
