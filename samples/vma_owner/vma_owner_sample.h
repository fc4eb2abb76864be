/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What user space says to vma_owner_importer. The exporter takes no ioctl: it
 * is mapped, and revoked through sysfs.
 */
#ifndef _VMA_OWNER_SAMPLE_H
#define _VMA_OWNER_SAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Flags of a pin */
#define VMA_SAMPLE_FOR_WRITE	0x1	/* the importer means to write */
#define VMA_SAMPLE_STATIC	0x2	/* as an importer that cannot be revoked */

/* Mappings of a pin */
#define VMA_SAMPLE_DMA		0x1	/* for the importer's device */
#define VMA_SAMPLE_KERNEL	0x2	/* for the kernel */

/* Why a pin cannot be accessed */
#define VMA_SAMPLE_HELD		0		/* it can */
#define VMA_SAMPLE_MOVED	1		/* map it again */
#define VMA_SAMPLE_REVOKED	2		/* until it is restored */
#define VMA_SAMPLE_GONE		3		/* for good */

struct vma_sample_pin {
	__u64 addr;
	__u64 len;
	__u32 flags;
	__u32 id;		/* returned */
};

struct vma_sample_map {
	__u32 id;
	__u32 mappings;
};

/* Copy between user space and the pinned memory, by the kernel mapping */
struct vma_sample_copy {
	__u64 user;
	__u64 offset;		/* in the pinned range */
	__u32 len;
	__u32 id;
};

struct vma_sample_report {
	__u32 id;
	__u32 owned;		/* 0: ordinary memory */
	__u32 state;		/* VMA_SAMPLE_HELD to VMA_SAMPLE_GONE */
	__u32 mappings;		/* those that are live */
	__u32 dma_count;	/* DMA addresses */
	__u32 invalidated;	/* how often told to stop */
	__u32 restored;		/* how often mapped again by the owner's word */
	__u32 reserved;
	__u64 dma_bytes;	/* what the DMA addresses cover */
};

#define VMA_SAMPLE_IOC_PIN		_IOWR('V', 0xe0, struct vma_sample_pin)
#define VMA_SAMPLE_IOC_UNPIN	_IOW('V', 0xe1, __u32)
#define VMA_SAMPLE_IOC_MAP	_IOW('V', 0xe2, struct vma_sample_map)
#define VMA_SAMPLE_IOC_UNMAP	_IOW('V', 0xe3, struct vma_sample_map)
#define VMA_SAMPLE_IOC_READ	_IOW('V', 0xe4, struct vma_sample_copy)
#define VMA_SAMPLE_IOC_WRITE	_IOW('V', 0xe5, struct vma_sample_copy)
#define VMA_SAMPLE_IOC_REPORT	_IOWR('V', 0xe6, struct vma_sample_report)

#endif
