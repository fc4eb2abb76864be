/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What module_misc_device() does, for several devices.
 */
#ifndef _VO_MISC_H
#define _VO_MISC_H

#include <linux/miscdevice.h>

static inline void vo_misc_deregister(struct miscdevice *devices, int nr)
{
	while (nr--)
		misc_deregister(&devices[nr]);
}

static inline int vo_misc_register(struct miscdevice *devices, int nr)
{
	int i, ret;

	for (i = 0; i < nr; i++) {
		ret = misc_register(&devices[i]);
		if (ret) {
			vo_misc_deregister(devices, i);
			return ret;
		}
	}
	return 0;
}

#endif
