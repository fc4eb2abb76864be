// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own vfio_dma_mapping_mmio_test, which wants a device that is
 * bound to vfio-pci already, and its name. Of edu all BARs have a page at least:
 * libvfio's mmap_reserve() fails for smaller ones, as ivshmem has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfio.h"

int vfio_dma_mapping_mmio_test(int argc, char *argv[]);

int main(int argc, char *argv[])
{
	struct vfio_device victim = { .fd = -1 };
	char name[PCI_NAME_LENGTH];
	int container, ret;

	container = container_open(CONTAINER_TYPE1);
	ret = container < 0 ? container : pci_find(name, EDU, false, 0);
	if (!ret)
		ret = vfio_open(&victim, name, container, CONTAINER_TYPE1);
	if (ret) {
		printf("Bail out! no device: %s\n", strerror(-ret));
		return 1;
	}
	vfio_close(&victim);
	close(container);
	setenv("VFIO_SELFTESTS_BDF", name, 1);
	return vfio_dma_mapping_mmio_test(argc, argv);
}
