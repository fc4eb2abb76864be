/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit of 6.1 has otherwise than that of 5.10. kunit/device.h includes it.
 */
#ifndef _KUNIT_OLDER_H
#define _KUNIT_OLDER_H

#include <kunit/test-bug.h>
#include <linux/anon_inodes.h>
#include <linux/string.h>

#define KUNIT_ARRAY_PARAM_DESC(name, array, member)			\
	static const void *name##_gen_params(const void *prev, char *desc) \
	{								\
		const typeof((array)[0]) *next = prev;			\
									\
		next = next ? next + 1 : (array);			\
		if (next - (array) >= ARRAY_SIZE(array))		\
			return NULL;					\
		strscpy(desc, next->member, KUNIT_PARAM_DESC_SIZE);	\
		return next;						\
	}

/* Another name */
#define anon_inode_create_getfile	anon_inode_getfile_secure

#endif
