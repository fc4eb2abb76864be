// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "native.h"

#define ACCESS	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | \
		 IOMMU_IOAS_MAP_WRITEABLE)

int native_open(struct native *native)
{
	struct iommu_ioas_alloc arg = { .size = sizeof(arg) };

	native->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (native->iommufd < 0 ||
	    ioctl(native->iommufd, IOMMU_IOAS_ALLOC, &arg))
		return -errno;
	native->ioas = arg.out_ioas_id;
	return 0;
}

void native_close(struct native *native)
{
	close(native->iommufd);
}

static int node_open(const char *name)
{
	struct dirent *entry;
	char path[300];
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", name);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd < 0 ? -errno : fd;
}

int native_attach(const struct native *native, struct vfio_device *dev,
		  const char *name)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = native->iommufd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = native->ioas,
	};
	int ret = pci_bind(name);

	dev->group = -1;
	snprintf(dev->name, sizeof(dev->name), "%.*s", PCI_NAME_LENGTH - 1,
		 name);
	dev->fd = ret ?: node_open(name);
	if (dev->fd < 0)
		return dev->fd;
	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) ||
	    ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach)) {
		ret = -errno;
		vfio_close(dev);
	}
	return ret;
}

int native_map(const struct native *native, void *map, size_t len,
	       uint64_t iova)
{
	struct iommu_ioas_map arg = {
		.size = sizeof(arg),
		.flags = ACCESS,
		.ioas_id = native->ioas,
		.user_va = (uintptr_t)map,
		.length = len,
		.iova = iova,
	};

	return ioctl(native->iommufd, IOMMU_IOAS_MAP, &arg) ? -errno : 0;
}

int native_map_dmabuf(const struct native *native, int dmabuf, size_t len,
		      uint64_t iova)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = ACCESS,
		.ioas_id = native->ioas,
		.fd = dmabuf,
		.length = len,
		.iova = iova,
	};

	return ioctl(native->iommufd, IOMMU_IOAS_MAP_FILE, &arg) ? -errno : 0;
}

int native_unmap(const struct native *native, uint64_t iova, size_t len)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg),
		.ioas_id = native->ioas,
		.iova = iova,
		.length = len,
	};

	return ioctl(native->iommufd, IOMMU_IOAS_UNMAP, &arg) ? -errno : 0;
}

int vfio_dmabuf(const struct vfio_device *dev, int bar, size_t len)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf dmabuf;
		struct vfio_region_dma_range range;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.flags = VFIO_DEVICE_FEATURE_GET |
			      VFIO_DEVICE_FEATURE_DMA_BUF,
		.dmabuf.region_index = bar,
		.dmabuf.open_flags = O_RDWR | O_CLOEXEC,
		.dmabuf.nr_ranges = 1,
		.range.length = len,
	};
	int fd = ioctl(dev->fd, VFIO_DEVICE_FEATURE, &arg);

	return fd < 0 ? -errno : fd;
}
