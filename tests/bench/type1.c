// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO_IOMMU_MAP_DMA of a BAR of 1 GiB and of RAM. Runs on the untouched kernel
 * as well, which reads the pfns of the BAR out of the page table.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../attacks/vfio.h"
#include "measure.h"

#define MIB	(1UL << 20)
#define GIB	(1UL << 30)
#define IOVA	0x100000000ULL
#define REPS	3

static const size_t sizes[] = { 4096, 2 * MIB, 64 * MIB, GIB };

static int map_least(const char *name, int container, char *map, size_t size)
{
	uint64_t best = UINT64_MAX, best_unmap = UINT64_MAX, begin;
	char other[64];
	int64_t ret;
	int i;

	for (i = 0; i < REPS; i++) {
		begin = measure_now();
		ret = container_map(container, map, size, IOVA);
		begin = measure_now() - begin;
		if (ret)
			return ret;
		if (begin < best)
			best = begin;
		begin = measure_now();
		ret = container_unmap(container, IOVA, size);
		begin = measure_now() - begin;
		if (ret != (int64_t)size)
			return ret < 0 ? ret : -EIO;
		if (begin < best_unmap)
			best_unmap = begin;
	}
	snprintf(other, sizeof(other), "%s-unmap", name);
	measured(name, size, best);
	measured(other, size, best_unmap);
	return 0;
}

static int map_all(const char *name, int container, char *map, size_t most)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !ret; i++)
		if (sizes[i] <= most)
			ret = map_least(name, container, map, sizes[i]);
	return ret;
}

static int bar(int container)
{
	char name[PCI_NAME_LENGTH];
	struct vfio_device dev;
	size_t size = 0;
	void *map;
	int ret;

	ret = pci_find(name, IVSHMEM, true, 0);
	if (!ret)
		ret = vfio_open(&dev, name, container, CONTAINER_TYPE1);
	if (ret)
		return ret;
	ret = vfio_command(&dev, PCI_COMMAND_MEMORY, 0);
	map = ret ? MAP_FAILED : vfio_map_bar(&dev, MEMORY_BAR, &size);
	if (map == MAP_FAILED)
		ret = ret ?: -errno;
	if (!ret && size < GIB)
		ret = -ENOSPC;
	if (!ret)
		ret = map_all("type1-bar", container, map, size);
	if (map != MAP_FAILED)
		munmap(map, size);
	vfio_close(&dev);
	return ret;
}

static int ram(int container)
{
	char *map = mmap(NULL, GIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (map == MAP_FAILED)
		return -errno;
	/* As many pages as there are, in every boot */
	if (madvise(map, GIB, MADV_NOHUGEPAGE) ||
	    madvise(map, GIB, MADV_POPULATE_WRITE))
		return -errno;
	ret = map_all("type1-ram", container, map, GIB);
	munmap(map, GIB);
	return ret;
}

int main(void)
{
	char name[PCI_NAME_LENGTH];
	struct vfio_device edu;
	int container, ret;

	measure_begin();
	container = container_open(CONTAINER_TYPE1);
	ret = container < 0 ? container : pci_find(name, EDU, false, 0);
	if (!ret)
		ret = vfio_open(&edu, name, container, CONTAINER_TYPE1);
	measure_result("container", ret);
	if (!ret) {
		measure_result("bar", bar(container));
		measure_result("ram", ram(container));
		vfio_close(&edu);
	}
	close(container);
	return measure_end();
}
