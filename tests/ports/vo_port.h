/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/vo_port: four importers of a page at a user address, for ports.c. Two are
 * as public drivers outside of the tree are that predate the API, and two are
 * these after their port.
 */
#ifndef _VO_PORT_H
#define _VO_PORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum port_shape {
	/* By the name of the file a dma-buf, or else the pfn in the page table */
	PORT_BY_NAME,
	/* What GUP refuses is looked up in the page table by hand */
	PORT_BY_WALK,
	PORT_PIN,
	PORT_PIN_REVOCABLE,
	PORT_SHAPES
};

struct port_register {
	__u64 addr;
	__u32 shape;
	__u32 pad;
};

#define PORT_REGISTER	_IOW('p', 0, struct port_register)
/* Writes this byte to all of the page */
#define PORT_FILL	_IO('p', 1)
#define PORT_DROP	_IO('p', 2)

#ifdef __KERNEL__

#include <linux/vma_owner.h>

struct port {
	const struct port_ops	*ops;	/* NULL: nothing is registered */

	/* before */
	struct dma_buf		*dmabuf;
	unsigned long		offset;
	struct page		*page;
	unsigned long		pfn;

	/* after */
	struct vma_pin		pin;
};

struct port_ops {
	int (*get)(struct port *port, unsigned long addr);
	int (*fill)(struct port *port, int byte);
	void (*put)(struct port *port);
};

extern const struct port_ops port_by_name, port_by_walk;
extern const struct port_ops port_pin, port_pin_revocable;

#endif
#endif
