// SPDX-License-Identifier: GPL-2.0
/*
 * What vfio_iommu_type1 does with memory that nobody owns, and with BARs in the
 * ways that worked before they had an owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "edu.h"
#include "faults.h"
#include "observe.h"
#include "vfio.h"

#define IOVA		0x40000000ULL
#define RAM_IOVA	0x100000ULL
#define RAM_SIZE	4096
#define LEN		EDU_MOST
#define TIMEOUT		120
#define LONG_TIMEOUT	600
#define RESETS		10
#define PARAMETER	"/sys/module/vfio_iommu_type1/parameters/allow_raw_pfns"
#define TAINT_USER	(1 << 6)

static int set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

FIXTURE(type1)
{
	struct edu edu;
	struct vfio_device victim;
	unsigned char *ram;
	int container;
	int pins;
};

FIXTURE_SETUP(type1)
{
	char name[PCI_NAME_LENGTH];

	self->pins = observe_pins();
	self->container = container_open(CONTAINER_TYPE1);
	ASSERT_LE(0, self->container);
	ASSERT_EQ(0, edu_open(&self->edu, self->container, CONTAINER_TYPE1));
	ASSERT_EQ(0, pci_find(name, IVSHMEM, true, 0));
	ASSERT_EQ(0, vfio_open(&self->victim, name, self->container,
			       CONTAINER_TYPE1));
	ASSERT_EQ(0, vfio_command(&self->victim, PCI_COMMAND_MEMORY, 0));
	self->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->ram);
	ASSERT_EQ(0, container_map(self->container, self->ram, RAM_SIZE,
				   RAM_IOVA));
}

FIXTURE_TEARDOWN(type1)
{
	/* However a test ended */
	set(PARAMETER, "N");
	vfio_close(&self->victim);
	edu_close(&self->edu);
	close(self->container);
	EXPECT_EQ(self->pins, observe_pins());
}

/* What the engine carries there from RAM */
static int put(FIXTURE_DATA(type1) *self, unsigned int seed)
{
	int ret;

	edu_fill(self->ram, seed);
	ret = edu_read(&self->edu, RAM_IOVA, LEN);
	return ret ?: edu_write(&self->edu, IOVA, LEN);
}

static bool faults(FIXTURE_DATA(type1) *self,
		   int (*access)(struct edu *edu, uint64_t iova, size_t len))
{
	edu_fill(self->ram, EDU_DENIED);
	return !edu_read(&self->edu, RAM_IOVA, LEN) &&
	       edu_faults(&self->edu, access, IOVA);
}

static int map_for(FIXTURE_DATA(type1) *self, void *map, size_t len,
		   unsigned int flags)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.vaddr = (uintptr_t)map,
		.iova = IOVA,
		.size = len,
	};

	return ioctl(self->container, VFIO_IOMMU_MAP_DMA, &arg) ? -errno : 0;
}

static int64_t unmap(FIXTURE_DATA(type1) *self, size_t len)
{
	return container_unmap(self->container, IOVA, len);
}

/* ---- memory that nobody owns ---- */

/* It is there for our kernels, and its device wherever it is loaded */
#define SKIP_WITHOUT_MODULE()						\
	do {								\
		if (access("/modules/vma_raw.ko", F_OK))		\
			SKIP(return, "no module that maps pfns");	\
	} while (0)

static bool is_allowed(void)
{
	char text = 0;
	int fd = open(PARAMETER, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &text, 1) != 1)
		text = 0;
	close(fd);
	return text == 'Y';
}

static unsigned int taint(void)
{
	unsigned int value = 0;
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");

	if (!file || fscanf(file, "%u", &value) != 1)
		value = ~0;
	fclose(file);
	return value & TAINT_USER;
}

/* How many lines of the log since then have all of these words */
static int said(int fd, const char *a, const char *b, const char *c)
{
	char line[1024];
	int count = 0;

	while (kernel_log_read(fd, line, sizeof(line)))
		count += strstr(line, a) && strstr(line, b) && strstr(line, c);
	return count;
}

struct raw {
	unsigned char *map;
	size_t size;
};

/* The memory of a device without a driver, by an exporter that owns nothing */
static int raw_open(struct raw *raw)
{
	int fd = open("/modules/vma_raw.ko", O_RDONLY | O_CLOEXEC);
	char name[PCI_NAME_LENGTH];
	struct pci_bar bar;
	uint16_t command;

	if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		return -errno;
	close(fd);
	if (pci_find(name, IVSHMEM, false, 0) ||
	    pci_bar(name, MEMORY_BAR, &bar) ||
	    pci_config_read(name, PCI_COMMAND, &command, sizeof(command)))
		return -ENODEV;
	command |= PCI_COMMAND_MEMORY;
	if (pci_config_write(name, PCI_COMMAND, &command, sizeof(command)))
		return -EIO;
	fd = open("/dev/vma_raw", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	raw->size = bar.size;
	raw->map = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			bar.start);
	close(fd);
	return raw->map == MAP_FAILED ? -errno : 0;
}

static int raw_map(FIXTURE_DATA(type1) *self, const struct raw *raw)
{
	return container_map(self->container, raw->map, raw->size, IOVA);
}

TEST_F_TIMEOUT(type1, raw_is_off, TIMEOUT)
{
	unsigned int tainted = taint();
	struct raw raw;

	SKIP_WITHOUT_MODULE();
	ASSERT_FALSE(is_allowed());
	ASSERT_EQ(0, raw_open(&raw));
	EXPECT_EQ(-EFAULT, raw_map(self, &raw));
	EXPECT_TRUE(faults(self, edu_write));
	EXPECT_EQ(0, unmap(self, raw.size));
	EXPECT_EQ(tainted, taint());
	munmap(raw.map, raw.size);
}

TEST_F_TIMEOUT(type1, raw_is_allowed, TIMEOUT)
{
	struct raw raw;
	int fd;

	SKIP_WITHOUT_MODULE();
	ASSERT_EQ(0, raw_open(&raw));
	memset(raw.map, 0, raw.size);
	ASSERT_EQ(0, set(PARAMETER, "Y"));
	ASSERT_EQ(0, set("/sys/kernel/debug/clear_warn_once", "1"));
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, fd);
	lseek(fd, 0, SEEK_END);

	/* Twice, and says so once */
	EXPECT_EQ(0, raw_map(self, &raw));
	EXPECT_EQ(0, put(self, 1));
	EXPECT_TRUE(edu_is(raw.map, 1));
	EXPECT_EQ((int64_t)raw.size, unmap(self, raw.size));
	EXPECT_EQ(0, raw_map(self, &raw));
	EXPECT_EQ((int64_t)raw.size, unmap(self, raw.size));
	EXPECT_EQ(1, said(fd, " maps memory of", " vma_raw ", "raw_mmap"));
	EXPECT_EQ(TAINT_USER, taint());

	ASSERT_EQ(0, set(PARAMETER, "N"));
	EXPECT_EQ(-EFAULT, raw_map(self, &raw));
	EXPECT_EQ(-EFAULT, raw_map(self, &raw));
	EXPECT_TRUE(faults(self, edu_write));
	EXPECT_TRUE(edu_is(raw.map, 1));
	EXPECT_EQ(1, said(fd, "does not map memory of", " vma_raw ",
			  "allow_raw_pfns"));
	close(fd);
	munmap(raw.map, raw.size);
}

/* ---- as before ---- */

TEST_F_TIMEOUT(type1, write_only, TIMEOUT)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = MEMORY_BAR,
	};
	unsigned char *bar, *map;
	size_t size;

	bar = vfio_map_bar(&self->victim, MEMORY_BAR, &size);
	ASSERT_NE(MAP_FAILED, bar);
	memset(bar, 0, LEN);
	ASSERT_EQ(0, ioctl(self->victim.fd, VFIO_DEVICE_GET_REGION_INFO,
			   &info));
	map = mmap(NULL, size, PROT_WRITE, MAP_SHARED, self->victim.fd,
		   info.offset);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, map_for(self, map, size, VFIO_DMA_MAP_FLAG_READ));
	ASSERT_EQ(0, map_for(self, map, size, VFIO_DMA_MAP_FLAG_WRITE));
	/* First: QEMU says nothing of what its IOTLB has refused */
	EXPECT_TRUE(faults(self, edu_read));
	EXPECT_EQ(0, put(self, 1));
	EXPECT_TRUE(edu_is(bar, 1));
	EXPECT_EQ((int64_t)size, unmap(self, size));
	munmap(map, size);
	munmap(bar, size);
}

struct resets {
	const struct vfio_device *victim;
	atomic_int left;
	int ret;
};

static void *reset(void *data)
{
	struct resets *resets = data;

	while (!resets->ret && atomic_load(&resets->left) > 0) {
		resets->ret = vfio_reset(resets->victim);
		atomic_fetch_sub(&resets->left, 1);
	}
	return NULL;
}

/* A reset that is under way is waited for */
TEST_F_TIMEOUT(type1, map_while_being_reset, LONG_TIMEOUT)
{
	struct resets resets = { .victim = &self->victim, .left = RESETS };
	int maps = 0, ret = 0;
	unsigned char *bar;
	pthread_t thread;
	size_t size;

	bar = vfio_map_bar(&self->victim, MEMORY_BAR, &size);
	ASSERT_NE(MAP_FAILED, bar);
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset, &resets));
	while (!ret && atomic_load(&resets.left) > 0) {
		ret = container_map(self->container, bar, size, IOVA);
		if (!ret && unmap(self, size) != (int64_t)size)
			ret = -EIO;
		maps++;
	}
	atomic_store(&resets.left, 0);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, resets.ret);
	printf("# mapped %d times\n", maps);
	ASSERT_EQ(0, container_map(self->container, bar, size, IOVA));
	EXPECT_EQ(0, put(self, 2));
	EXPECT_TRUE(edu_is(bar, 2));
	munmap(bar, size);
}

TEST_HARNESS_MAIN
