/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between vma_owner_torture and the program whose address spaces it uses.
 *
 * All that is random is the module's. A thread says TORTURE_RUN over and over; the
 * calls that a module cannot make come back to it, and their result goes with the next
 * TORTURE_RUN.
 */
#ifndef _VMA_OWNER_TORTURE_H
#define _VMA_OWNER_TORTURE_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum torture_todo {
	TORTURE_DONE,		/* no more of this worker */
	TORTURE_AGAIN,		/* nothing: let the kernel do what it does on the way out */
	TORTURE_MREMAP,		/* @len bytes at @addr to @to */
	TORTURE_MPROTECT,	/* @len bytes at @addr, @prot */
	TORTURE_FORK,		/* the child runs as @child, and is killed after @kill_us */
};

struct torture_run {
	__u32 worker;
	__u32 todo;
	__u64 addr;
	__u64 len;
	__u64 to;
	__u32 prot;
	__u32 child;
	__u32 kill_us;		/* 0: it is not */
	__s32 ret;		/* 0 or -errno, from user space */
};

#define TORTURE_RUN	_IOWR('V', 0xf0, struct torture_run)
#define TORTURE_CHILD	_IOW('V', 0xf1, __u32)
/* When all threads are done and the children dead: let go of everything */
#define TORTURE_END	_IO('V', 0xf2)
/* After that: is all gone? Returns the number of failures */
#define TORTURE_JUDGE	_IO('V', 0xf3)

#endif
