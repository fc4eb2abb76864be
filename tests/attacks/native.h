/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd as it is by itself, with devices that are opened without groups. It
 * takes no BAR by its address, but by the dma-buf that VFIO makes of it.
 */
#ifndef _NATIVE_H
#define _NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

struct native {
	int iommufd;
	uint32_t ioas;
};

int native_open(struct native *native);
void native_close(struct native *native);
/* Opens the device, and has its DMA go through the address space */
int native_attach(const struct native *native, struct vfio_device *dev,
		  const char *name);
int native_map(const struct native *native, void *map, size_t len,
	       uint64_t iova);
int native_map_dmabuf(const struct native *native, int dmabuf, size_t len,
		      uint64_t iova);
int native_unmap(const struct native *native, uint64_t iova, size_t len);
/* A file */
int vfio_dmabuf(const struct vfio_device *dev, int bar, size_t len);

#endif
