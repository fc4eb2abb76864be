/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LEAKS_SETTINGS_H
#define _LEAKS_SETTINGS_H

/* The number in NAME=NUMBER of the kernel's command line. */
unsigned long setting(const char *name, unsigned long otherwise);

#endif
