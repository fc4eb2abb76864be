// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vfio.h"

#define DEVICES		"/sys/bus/pci/devices"
#define BIND_TRIES	100

/* ---- PCI, by sysfs ---- */

static int attribute_open(const char *name, const char *attribute, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", name, attribute);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_to(int fd, const char *text)
{
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int pci_write(const char *name, const char *attribute, const char *text)
{
	return write_to(attribute_open(name, attribute, O_WRONLY), text);
}

int pci_rescan(void)
{
	int fd = open("/sys/bus/pci/rescan", O_WRONLY | O_CLOEXEC);

	return write_to(fd < 0 ? -errno : fd, "1");
}

static bool is_kind(const char *name, unsigned int vendor, unsigned int device)
{
	uint16_t id[2];

	return !pci_config_read(name, PCI_VENDOR_ID, id, sizeof(id)) &&
	       id[0] == vendor && id[1] == device;
}

static bool is_below_port(const char *name)
{
	return strncmp(name, "0000:00:", 8);
}

int pci_find(char name[PCI_NAME_LENGTH], unsigned int vendor,
	     unsigned int device, bool below_port, int nth)
{
	struct dirent **entries;
	int nr, i, ret = -ENODEV;

	nr = scandir(DEVICES, &entries, NULL, alphasort);
	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++) {
		const char *found = entries[i]->d_name;

		if (ret && found[0] != '.' &&
		    is_below_port(found) == below_port &&
		    is_kind(found, vendor, device) && !nth--) {
			snprintf(name, PCI_NAME_LENGTH, "%.*s",
				 PCI_NAME_LENGTH - 1, found);
			ret = 0;
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int pci_bar(const char *name, int bar, struct pci_bar *at)
{
	int fd = attribute_open(name, "resource", O_RDONLY), i;
	unsigned long long start, end;
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	for (i = 0; i <= bar; i++) {
		if (fscanf(file, "%llx %llx %*x", &start, &end) != 2) {
			fclose(file);
			return -EIO;
		}
	}
	fclose(file);
	at->start = start;
	at->size = end - start + 1;
	return 0;
}

int pci_config_read(const char *name, int reg, void *to, size_t len)
{
	int fd = attribute_open(name, "config", O_RDONLY), ret = 0;

	if (fd < 0)
		return fd;
	if (pread(fd, to, len, reg) != (ssize_t)len)
		ret = -EIO;
	close(fd);
	return ret;
}

int pci_config_write(const char *name, int reg, const void *from, size_t len)
{
	int fd = attribute_open(name, "config", O_WRONLY), ret = 0;

	if (fd < 0)
		return fd;
	if (pwrite(fd, from, len, reg) != (ssize_t)len)
		ret = -EIO;
	close(fd);
	return ret;
}

int pci_decode(const char *name, bool on)
{
	uint16_t command;
	int ret;

	ret = pci_config_read(name, PCI_COMMAND, &command, sizeof(command));
	if (ret)
		return ret;
	command &= ~PCI_COMMAND_MEMORY;
	if (on)
		command |= PCI_COMMAND_MEMORY;
	return pci_config_write(name, PCI_COMMAND, &command, sizeof(command));
}

bool pci_power_is(const char *name, const char *status)
{
	int fd = attribute_open(name, "power/runtime_status", O_RDONLY);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && !strncmp(text, status, strlen(status));
}

int pci_equip(const char *name, const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC), ret = 0;
	char parameters[64];

	if (fd < 0)
		return -errno;
	snprintf(parameters, sizeof(parameters), "device=%s", name);
	if (syscall(SYS_finit_module, fd, parameters, 0) && errno != EEXIST)
		ret = -errno;
	close(fd);
	return ret;
}

int pci_unbind(const char *name)
{
	return pci_write(name, "driver/unbind", name);
}

/* ---- containers ---- */

static bool is_compat(enum container kind)
{
	return kind == CONTAINER_COMPAT_V1 || kind == CONTAINER_COMPAT;
}

static const char *container_path(enum container kind)
{
	return is_compat(kind) ? "/dev/iommu" : "/dev/vfio/vfio";
}

bool container_missing(enum container kind)
{
	return access(container_path(kind), F_OK);
}

int container_open(enum container kind)
{
	int fd = open(container_path(kind), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int container_map(int container, void *map, size_t len, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)map,
		.iova = iova,
		.size = len,
	};

	return ioctl(container, VFIO_IOMMU_MAP_DMA, &arg) ? -errno : 0;
}

int64_t container_unmap(int container, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = sizeof(arg),
		.iova = iova,
		.size = len,
	};

	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &arg))
		return -errno;
	return arg.size;
}

/* ---- devices ---- */

static bool is_bound_to(const char *name, const char *wanted)
{
	char path[256], driver[256];
	ssize_t len;

	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	len = readlink(path, driver, sizeof(driver) - 1);
	if (len <= 0)
		return false;
	driver[len] = '\0';
	return !strcmp(strrchr(driver, '/') + 1, wanted);
}

/* A device that was plugged in has an address before it may have a driver */
int pci_bind_to(const char *name, const char *wanted)
{
	int ret, i;

	if (is_bound_to(name, wanted))
		return 0;
	ret = pci_write(name, "driver_override", wanted);
	for (i = 0; !ret && i < BIND_TRIES; i++) {
		int fd = open("/sys/bus/pci/drivers_probe", O_WRONLY | O_CLOEXEC);

		ret = write_to(fd < 0 ? -errno : fd, name);
		if (is_bound_to(name, wanted))
			return 0;
		usleep(100000);
	}
	return ret ?: -ETIMEDOUT;
}

int pci_bind(const char *name)
{
	return pci_bind_to(name, "vfio-pci");
}

static int group_open(const char *name)
{
	char path[256], link[256];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", name);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(link, '/'));
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int join(int group, int container, enum container kind)
{
	static const int types[] = {
		[CONTAINER_TYPE1_V1] = VFIO_TYPE1_IOMMU,
		[CONTAINER_TYPE1] = VFIO_TYPE1v2_IOMMU,
		[CONTAINER_COMPAT_V1] = VFIO_TYPE1_IOMMU,
		[CONTAINER_COMPAT] = VFIO_TYPE1v2_IOMMU,
	};

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		return -errno;
	/* Only the first of the devices says which */
	if (ioctl(container, VFIO_SET_IOMMU, types[kind]) && errno != EINVAL)
		return -errno;
	return 0;
}

int vfio_open(struct vfio_device *dev, const char *name, int container,
	      enum container kind)
{
	int ret;

	dev->fd = -1;
	snprintf(dev->name, sizeof(dev->name), "%.*s", PCI_NAME_LENGTH - 1,
		 name);
	ret = pci_bind(name);
	if (ret)
		return ret;
	dev->group = group_open(name);
	if (dev->group < 0)
		return dev->group;
	ret = join(dev->group, container, kind);
	if (!ret) {
		dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, name);
		if (dev->fd < 0)
			ret = -errno;
	}
	if (ret)
		close(dev->group);
	return ret;
}

int vfio_open_beside(struct vfio_device *dev, const char *name, int group)
{
	snprintf(dev->name, sizeof(dev->name), "%.*s", PCI_NAME_LENGTH - 1,
		 name);
	dev->group = dup(group);
	if (dev->group < 0)
		return -errno;
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (dev->fd >= 0)
		return 0;
	close(dev->group);
	return -errno;
}

void vfio_close(struct vfio_device *dev)
{
	if (dev->fd < 0)
		return;
	close(dev->fd);
	close(dev->group);
	dev->fd = -1;
}

int vfio_feature_set(const struct vfio_device *dev, unsigned int feature,
		     const void *data, size_t len)
{
	struct {
		struct vfio_device_feature head;
		unsigned char data[64];
	} arg = {
		.head.argsz = sizeof(arg.head) + len,
		.head.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	if (len > sizeof(arg.data))
		return -EINVAL;
	if (len)
		memcpy(arg.data, data, len);
	return ioctl(dev->fd, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

static int region_info(const struct vfio_device *dev, int index,
		       struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info),
		.index = index,
	};
	return ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

void *vfio_map_bar_at(const struct vfio_device *dev, int bar, void *at,
		      size_t *size)
{
	struct vfio_region_info info;

	if (region_info(dev, bar, &info))
		return MAP_FAILED;
	*size = info.size;
	return mmap(at, info.size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | (at ? MAP_FIXED : 0), dev->fd, info.offset);
}

void *vfio_map_bar(const struct vfio_device *dev, int bar, size_t *size)
{
	return vfio_map_bar_at(dev, bar, NULL, size);
}

int vfio_read_bar(const struct vfio_device *dev, int bar, size_t len)
{
	struct vfio_region_info info;
	char *buffer;
	int ret;

	ret = region_info(dev, bar, &info);
	if (ret)
		return ret;
	buffer = malloc(len);
	if (!buffer)
		return -ENOMEM;
	if (pread(dev->fd, buffer, len, info.offset) != (ssize_t)len)
		ret = -EIO;
	free(buffer);
	return ret;
}

int vfio_reset(const struct vfio_device *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

int vfio_hot_reset(const struct vfio_device *dev, int group)
{
	struct {
		struct vfio_pci_hot_reset head;
		int32_t group;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.count = group >= 0,
		.group = group,
	};

	return ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}

int vfio_config_read16(const struct vfio_device *dev, int reg)
{
	struct vfio_region_info info;
	uint16_t value;
	int ret;

	ret = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (ret)
		return ret;
	if (pread(dev->fd, &value, sizeof(value), info.offset + reg) !=
	    sizeof(value))
		return -errno;
	return value;
}

int vfio_config_write16(const struct vfio_device *dev, int reg, uint16_t value)
{
	struct vfio_region_info info;
	int ret;

	ret = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (ret)
		return ret;
	if (pwrite(dev->fd, &value, sizeof(value), info.offset + reg) !=
	    sizeof(value))
		return -errno;
	return 0;
}

int vfio_capability(const struct vfio_device *dev, int id)
{
	int at = vfio_config_read16(dev, PCI_CAPABILITY_LIST) & 0xff, head;

	while (at) {
		head = vfio_config_read16(dev, at);
		if (head < 0 || (head & 0xff) == id)
			return head < 0 ? head : at;
		at = head >> 8;
	}
	return -ENOENT;
}

static int change16(const struct vfio_device *dev, int reg, uint16_t clear,
		    uint16_t set)
{
	int old = vfio_config_read16(dev, reg);

	if (old < 0)
		return old;
	return vfio_config_write16(dev, reg, (old & ~clear) | set);
}

int vfio_capability_change(const struct vfio_device *dev, int id, int reg,
			   uint16_t clear, uint16_t set)
{
	int at = vfio_capability(dev, id);

	return at < 0 ? at : change16(dev, at + reg, clear, set);
}

int vfio_power(const struct vfio_device *dev, unsigned int state)
{
	return vfio_capability_change(dev, PCI_CAP_ID_PM, PCI_PM_CTRL,
				      PCI_PM_CTRL_STATE_MASK, state);
}

int vfio_command(const struct vfio_device *dev, uint16_t set, uint16_t clear)
{
	return change16(dev, PCI_COMMAND, clear, set);
}
