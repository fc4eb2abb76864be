/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's edu device, behind VFIO: it copies between its own memory and what is
 * at an address of its DMA, up to EDU_MOST bytes at a time, in 100 ms each.
 */
#ifndef _EDU_H
#define _EDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define EDU_MOST	2048
#define EDU_DENIED	200	/* a seed of its own, for what must not arrive */

struct edu {
	struct vfio_device dev;
	volatile unsigned char *regs;
	size_t size;
};

int edu_open(struct edu *edu, int container, enum container kind);
/* Once its device is open, by whatever way */
int edu_start(struct edu *edu);
void edu_close(struct edu *edu);
/* Both say 0 even where nothing is there: only the IOMMU tells of that */
int edu_read(struct edu *edu, uint64_t iova, size_t len);
int edu_write(struct edu *edu, uint64_t iova, size_t len);

/* What it is to carry, EDU_MOST bytes, others for each @seed */
void edu_fill(unsigned char *to, unsigned int seed);
bool edu_is(const volatile unsigned char *memory, unsigned int seed);
/*
 * From @ram, which the engine has at @ram_iova, to @iova and back. @ram has room for
 * EDU_MOST bytes twice.
 */
bool edu_carries(struct edu *edu, unsigned char *ram, uint64_t ram_iova,
		 uint64_t iova, unsigned int seed);
/* edu_read() or edu_write() of EDU_MOST bytes: the IOMMU stops it, and says so */
bool edu_faults(struct edu *edu,
		int (*access)(struct edu *edu, uint64_t iova, size_t len),
		uint64_t iova);

#endif
