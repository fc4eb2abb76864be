// SPDX-License-Identifier: GPL-2.0
/*
 * For a program that opens its file by name, linked with -Wl,--wrap=open: a
 * dma-buf has no name that can be opened, so "fd:N" is file descriptor N.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	unsigned int mode;
	va_list args;

	if (!strncmp(path, "fd:", 3))
		return dup(atoi(path + 3));
	va_start(args, flags);
	mode = va_arg(args, unsigned int);
	va_end(args);
	return __real_open(path, flags, mode);
}
