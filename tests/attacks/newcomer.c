// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "newcomer.h"

#define POISON	0x5a

static int map(struct newcomer *newcomer)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d",
		 newcomer->name, MEMORY_BAR);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	newcomer->map = mmap(NULL, newcomer->own.size, PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
	close(fd);
	return newcomer->map == MAP_FAILED ? -errno : 0;
}

static int move(const struct newcomer *newcomer, uint64_t to)
{
	int reg = PCI_BASE_ADDRESS_0 + 4 * MEMORY_BAR, ret;
	uint32_t half[2] = { to, to >> 32 };

	ret = pci_decode(newcomer->name, false);
	if (!ret)
		ret = pci_config_write(newcomer->name, reg, &half[0], 4);
	if (!ret)
		ret = pci_config_write(newcomer->name, reg + 4, &half[1], 4);
	return ret ?: pci_decode(newcomer->name, true);
}

int newcomer_look(struct newcomer *newcomer, const char *name)
{
	int ret;

	snprintf(newcomer->name, sizeof(newcomer->name), "%.*s",
		 PCI_NAME_LENGTH - 1, name);
	ret = pci_bar(name, MEMORY_BAR, &newcomer->own);
	if (!ret)
		ret = pci_decode(name, true);
	return ret ?: map(newcomer);
}

int newcomer_watch(struct newcomer *newcomer, const char *name)
{
	int ret = newcomer_look(newcomer, name);

	if (!ret)
		memset(newcomer->map, POISON, newcomer->own.size);
	return ret;
}

int newcomer_take_at(struct newcomer *newcomer, uint64_t at, size_t size)
{
	char name[PCI_NAME_LENGTH];
	int ret;

	ret = pci_find(name, IVSHMEM, false, 0);
	if (!ret)
		ret = newcomer_watch(newcomer, name);
	if (!ret && size != newcomer->own.size)
		ret = -EINVAL;
	return ret ?: move(newcomer, at);
}

int newcomer_take(struct newcomer *newcomer, const char *victim, int bar)
{
	struct pci_bar at;
	int ret = pci_bar(victim, bar, &at);

	return ret ?: newcomer_take_at(newcomer, at.start, at.size);
}

int newcomer_leave(struct newcomer *newcomer)
{
	return move(newcomer, newcomer->own.start);
}

bool newcomer_is_whole(const struct newcomer *newcomer)
{
	size_t i;

	for (i = 0; i < newcomer->own.size; i++) {
		if (newcomer->map[i] != POISON) {
			printf("# the newcomer's byte %#zx was overwritten\n", i);
			return false;
		}
	}
	return true;
}

void newcomer_close(struct newcomer *newcomer)
{
	munmap(newcomer->map, newcomer->own.size);
}
