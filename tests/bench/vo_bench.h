/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/vo_bench measures, for the module and for the programs. Where QEMU
 * runs with -icount shift=0 the time stamp counter counts instructions.
 */
#ifndef _VO_BENCH_H
#define _VO_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum vo_bench_what {
	/* Each is done and undone; the least of all repetitions counts */
	VO_BENCH_PIN,		/* vma_pin_user(), vma_unpin() */
	VO_BENCH_PFNMAP,	/* follow_pfnmap_start() and _end(), page by page */
	VO_BENCH_MAP,		/* vma_pin_user(), vma_pin_map_dma_unlocked(), vma_unpin() */
	VO_BENCH_BY_FD,		/* dma_buf_get(), attach, map */
	VO_BENCH_GUP,		/* pin_user_pages_fast(), unpin_user_pages_dirty_lock() */
	VO_BENCH_GUP_MAP,	/* the same, a table, dma_map_sgtable() */

	/* @len pins of the page at @addr, which its owner takes back */
	VO_BENCH_REVOKE,	/* vma_owner_revoke() */
	VO_BENCH_REVOKE_MAPPED,	/* of pins that are mapped for a device */
	VO_BENCH_CALLBACKS,	/* the importer's invalidate, once for each */
	VO_BENCH_UNMAPS,	/* that, and vma_pin_unmap_dma_unlocked() */

	/*
	 * @reps times, of which nothing is counted: whoever reads the time stamp
	 * counter without -icount takes a lock of QEMU's that all processors share
	 */
	VO_BENCH_PINS,		/* vma_pin_user(), vma_unpin() */
	VO_BENCH_TURNS,		/* of a loop that shares nothing */

	/* Bytes, not instructions */
	VO_BENCH_SIZE,		/* of struct vma_pin */
	VO_BENCH_PIN_BYTES,	/* allocated by the slab allocator meanwhile */
	VO_BENCH_MAP_BYTES,
};

/**
 * struct vo_bench - one measurement
 * @what: of &enum vo_bench_what
 * @reps: how often
 * @addr: user address
 * @len: bytes, or a number
 * @fd: of a dma-buf
 * @cost: the answer
 */
struct vo_bench {
	__u32 what;
	__u32 reps;
	__u64 addr;
	__u64 len;
	__s32 fd;
	__u32 unused;
	__u64 cost;
};

#define VO_BENCH_IOCTL		_IOWR('V', 0x60, struct vo_bench)

/*
 * mmap() of /dev/vo_bench: device memory that is contiguous, as large as one
 * likes, and that nobody accesses. The offset says whether it can be revoked.
 */
#define VO_BENCH_STATIC		0ULL
#define VO_BENCH_REVOCABLE	(1ULL << 36)

#endif
