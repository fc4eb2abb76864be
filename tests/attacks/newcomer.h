/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device of the root bus, without a driver, whose memory is put where
 * another device's was, by its registers: what DMA goes there now finds it.
 */
#ifndef _NEWCOMER_H
#define _NEWCOMER_H

#include <stdbool.h>

#include "vfio.h"

struct newcomer {
	char name[PCI_NAME_LENGTH];
	struct pci_bar own;
	unsigned char *map;
};

/* As it is, where it is */
int newcomer_watch(struct newcomer *newcomer, const char *name);
/* Again, after it was watched and closed */
int newcomer_look(struct newcomer *newcomer, const char *name);
/* To that address, where nothing decodes, and is of that size */
int newcomer_take_at(struct newcomer *newcomer, uint64_t at, size_t size);
/* To the address of that BAR of that device, whose decode is off */
int newcomer_take(struct newcomer *newcomer, const char *victim, int bar);
/* Back to its own address, where its content is seen */
int newcomer_leave(struct newcomer *newcomer);
/* Has nobody written to it? */
bool newcomer_is_whole(const struct newcomer *newcomer);
void newcomer_close(struct newcomer *newcomer);

#endif
