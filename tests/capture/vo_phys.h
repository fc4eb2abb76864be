/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/vo_phys: where does memory lie that /proc/self/pagemap leaves out?
 */
#ifndef _VO_PHYS_H
#define _VO_PHYS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* In: an address of the caller in a VM_PFNMAP mapping; out: what it is mapped to */
#define VO_PHYS		_IOWR('v', 0xf0, __u64)

#endif
