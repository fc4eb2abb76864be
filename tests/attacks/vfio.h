/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI devices of the guest, and VFIO's ioctls on them. What returns an int
 * returns an errno negated when it fails.
 */
#ifndef _VFIO_H
#define _VFIO_H

#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_NAME_LENGTH	16

/* The device numbers that QEMU gives */
#define EDU		0x1234, 0x11e8
#define IVSHMEM		0x1af4, 0x1110
#define NVME		0x1b36, 0x0010

/* ivshmem's memory, and the buffer of nvme's controller */
#define MEMORY_BAR	2

struct pci_bar {
	uint64_t start;
	size_t size;
};

/*
 * Name the @nth device of a kind, in the order of their addresses: on the root
 * bus, or below a root port.
 */
int pci_find(char name[PCI_NAME_LENGTH], unsigned int vendor,
	     unsigned int device, bool below_port, int nth);
int pci_bar(const char *name, int bar, struct pci_bar *at);
int pci_config_read(const char *name, int reg, void *to, size_t len);
int pci_config_write(const char *name, int reg, const void *from, size_t len);
/* Memory decode, and nothing else */
int pci_decode(const char *name, bool on);
/* 0, or an errno negated, of what is written to that file of a device */
int pci_write(const char *name, const char *attribute, const char *text);
/* Whatever was removed, and is there still, comes back */
int pci_rescan(void);
/* "suspended", "active", or what else is in power/runtime_status */
bool pci_power_is(const char *name, const char *status);

/* To that driver, or to vfio-pci, if it is not yet */
int pci_bind_to(const char *name, const char *driver);
int pci_bind(const char *name);
/* By a module of modules/, whose path it is; only the first device of each module */
int pci_equip(const char *name, const char *module);
/* Waits until nobody has the device open */
int pci_unbind(const char *name);

/* How the DMA of a process gets its addresses */
enum container {
	CONTAINER_TYPE1_V1,
	CONTAINER_TYPE1,	/* vfio_iommu_type1, v2 */
	CONTAINER_COMPAT_V1,
	CONTAINER_COMPAT,	/* iommufd in its place */
};

/* Debian's kernel has no iommufd */
bool container_missing(enum container kind);
/* A file, of which the first device decides the kind of IOMMU */
int container_open(enum container kind);
int container_map(int container, void *map, size_t len, uint64_t iova);
/* How much was unmapped */
int64_t container_unmap(int container, uint64_t iova, size_t len);

struct vfio_device {
	char name[PCI_NAME_LENGTH];
	int group;
	int fd;
};

/* Binds the device to vfio-pci as well */
int vfio_open(struct vfio_device *dev, const char *name, int container,
	      enum container kind);
/* Another device of a group that is open */
int vfio_open_beside(struct vfio_device *dev, const char *name, int group);
void vfio_close(struct vfio_device *dev);
/* MAP_FAILED, and errno */
void *vfio_map_bar(const struct vfio_device *dev, int bar, size_t *size);
/* In place of what is mapped there */
void *vfio_map_bar_at(const struct vfio_device *dev, int bar, void *at,
		      size_t *size);
/* By read() */
int vfio_read_bar(const struct vfio_device *dev, int bar, size_t len);
/* VFIO_DEVICE_FEATURE_... */
int vfio_feature_set(const struct vfio_device *dev, unsigned int feature,
		     const void *data, size_t len);
int vfio_reset(const struct vfio_device *dev);
/* Of all that is in the slot, for who has @group; native ones have -1 */
int vfio_hot_reset(const struct vfio_device *dev, int group);
int vfio_config_read16(const struct vfio_device *dev, int reg);
int vfio_config_write16(const struct vfio_device *dev, int reg, uint16_t value);
/* Where in config space the capability is */
int vfio_capability(const struct vfio_device *dev, int id);
/* Bits of the register that is there in it */
int vfio_capability_change(const struct vfio_device *dev, int id, int reg,
			   uint16_t clear, uint16_t set);
/* 0 is D0, 3 is D3hot */
int vfio_power(const struct vfio_device *dev, unsigned int state);
/* Set and clear bits of the command register */
int vfio_command(const struct vfio_device *dev, uint16_t set, uint16_t clear);

#endif
