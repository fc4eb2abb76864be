/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/vo_dmabuf: what tests tell its buffer, and ask it.
 */
#ifndef _VO_DMABUF_H
#define _VO_DMABUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum vo_access {
	VO_BEGIN,		/* begin_cpu_access */
	VO_END,			/* end_cpu_access */
	VO_ACCESSES
};

/* The next access of that kind fails, once */
struct vo_dmabuf_fail {
	__u32 access;
	__s32 error;		/* a negative errno; 0: it waits until a signal comes */
};

/* How many there were that did not fail; of end_cpu_access, all */
struct vo_dmabuf_counts {
	__u32 count[VO_ACCESSES];
	__u32 interrupted;
};

/*
 * Of any dma-buf, by its fd: map one attachment twice, which may not turn round in
 * between. -EREMOTEIO if it may, or if the second mapping goes with the first.
 */
#define VO_DMABUF_MAP_TWICE	_IOW('v', 0xf3, __s32)

/* Another file of the dma-buf, returned: what user space can do with those */
#define VO_DMABUF_FD		_IO('v', 0xf4)

#define VO_DMABUF_FAIL		_IOW('v', 0xf1, struct vo_dmabuf_fail)
#define VO_DMABUF_COUNTS	_IOR('v', 0xf2, struct vo_dmabuf_counts)

#endif
