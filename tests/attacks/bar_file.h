/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BARs as files of sysfs and procfs show them, of devices without a driver. What
 * returns an int returns an errno negated when it fails.
 */
#ifndef _BAR_FILE_H
#define _BAR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "peer.h"
#include "vfio.h"

enum bar_way {
	BAR_SYSFS,
	BAR_SYSFS_WC,
	BAR_PROCFS,
};

struct bar_file {
	int fd;
	off_t at;		/* for mmap() */
	struct pci_bar bar;
};

/* Turns memory decode on as well */
int bar_file_open(struct bar_file *file, const char *name, int bar,
		  enum bar_way way);
/* All of it; MAP_FAILED, and errno */
void *bar_file_map(const struct bar_file *file, int prot, int flags);
/* The memory of a victim that is nobody's, mapped for the CPU */
int bar_file_open_peer(struct peer *peer, struct bar_file *file,
		       const char *victim, enum bar_way way);
void bar_file_close(struct bar_file *file);

/* Does the CPU get a SIGBUS there? If not, it has read, or written @byte */
bool read_is_sigbus(const volatile unsigned char *at);
bool write_is_sigbus(volatile unsigned char *at, unsigned char byte);

/*
 * Its mapping is of a BAR that is gone: nobody reads or writes there, and to map it for
 * DMA is refused with @err
 */
bool bar_file_is_gone(struct peer *peer, int err);

#endif
