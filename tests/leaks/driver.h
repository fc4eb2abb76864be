/* SPDX-License-Identifier: GPL-2.0 */
/* Binding and unbinding through sysfs. */
#ifndef _LEAKS_DRIVER_H
#define _LEAKS_DRIVER_H

#include <stdbool.h>

struct driver {
	const char *dir;
	char device[64];
};

/* The one device that is bound, or the first of several */
bool driver_find_device(struct driver *driver);
/* "bind" or "unbind" it. 0 or a negative errno */
int driver_tell(const struct driver *driver, const char *what);

/* Prints @what if it is not so. */
bool expect(bool good, const char *what);

#endif
