/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host does to the guest: it plugs in devices and pulls them out, see
 * kit/qemu/run.
 */
#ifndef _HOST_H
#define _HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "vfio.h"

/*
 * An ivshmem of that id, with that memory, which no device has had before. Waits until
 * it is there by that name, with an address for its memory.
 */
bool host_plug(const char *name, const char *port, const char *id,
	       const char *memory);
void host_pull(const char *id);
bool host_wait_gone(const char *name);
/*
 * The one that is there to be swapped, and has its name, and address, from the one
 * before it
 */
#define HOST_SWAPPED_SIZE	0x400000
int host_find_swapped(char name[PCI_NAME_LENGTH]);
int host_swap(const char *name);

#endif
