// SPDX-License-Identifier: GPL-2.0
/*
 * UDMABUF_BY_ADDRESS: the dma-buf of a mapping as a file descriptor, for those
 * who have all of it already.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "memory.h"
#include "node.h"
#include "observe.h"
#include "variants.h"
#include "video.h"

#define PAGE	4096UL
#define SIZE	(32 * PAGE)	/* a frame of vivid at least */

FIXTURE(address_fd)
{
	struct memory mem;
	unsigned char *map;
	int device;
	int pins;
};

FIXTURE_VARIANT(address_fd)
{
	enum memory_kind kind;
	bool is_dmabuf;		/* what is mapped is the dma-buf's own file */
	int errno_of_all;
};

#define OF(name, memory, is_file, ret)						\
	FIXTURE_VARIANT_ADD(address_fd, name) {					\
		.kind = memory, .is_dmabuf = is_file, .errno_of_all = ret,	\
	}
OF(system_heap, MEMORY_SYSTEM_HEAP, true, 0);
OF(cma_heap, MEMORY_CMA_HEAP, true, 0);
OF(udmabuf, MEMORY_UDMABUF, true, 0);
OF(vivid, MEMORY_VIVID, false, 0);
OF(anonymous, MEMORY_ANONYMOUS, false, -EOPNOTSUPP);
OF(memfd, MEMORY_MEMFD, false, -EOPNOTSUPP);

FIXTURE_SETUP(address_fd)
{
	self->pins = observe_pins();
	self->device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, memory_alloc(&self->mem, variant->kind, SIZE));
	self->map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(address_fd)
{
	EXPECT_EQ(self->pins, observe_pins());
}

static int fd_with(int device, const void *addr, size_t size, unsigned int flags)
{
	struct udmabuf_by_address by = {
		.address = (unsigned long)addr, .size = size, .flags = flags,
	};
	int fd = ioctl(device, UDMABUF_BY_ADDRESS, &by);

	return fd < 0 ? -errno : fd;
}

static int fd_of(int device, const void *addr, size_t size)
{
	return fd_with(device, addr, size, UDMABUF_FLAGS_CLOEXEC);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

TEST_F_TIMEOUT(address_fd, of_all, TIMEOUT)
{
	unsigned char *again;
	int fd;

	fd = fd_of(self->device, self->map, self->mem.size);
	if (variant->errno_of_all) {
		EXPECT_EQ(variant->errno_of_all, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	if (variant->is_dmabuf)
		EXPECT_EQ(inode_of(self->mem.fd), inode_of(fd));
	/* the same memory, also once the first mapping and its file are gone */
	memset(self->map, 0x42, self->mem.size);
	munmap(self->map, self->mem.size);
	memory_close(&self->mem);
	again = mmap(NULL, self->mem.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_EQ(0x42, again[0]);
	EXPECT_EQ(0x42, again[self->mem.size - 1]);
	munmap(again, self->mem.size);
	close(fd);
}

/* It would be more than the mapping gives */
TEST_F_TIMEOUT(address_fd, of_a_part, TIMEOUT)
{
	int expected = variant->errno_of_all ?: -EINVAL;

	EXPECT_EQ(expected, fd_of(self->device, self->map, self->mem.size - PAGE));
	EXPECT_EQ(expected, fd_of(self->device, self->map + PAGE, self->mem.size - PAGE));
	EXPECT_EQ(expected, fd_of(self->device, self->map + 1, self->mem.size - 1));
	munmap(self->map, PAGE);
	EXPECT_EQ(expected, fd_of(self->device, self->map + PAGE, self->mem.size - PAGE));
	EXPECT_EQ(-EFAULT, fd_of(self->device, self->map, self->mem.size));
}

TEST_F_TIMEOUT(address_fd, of_what_is_only_read, TIMEOUT)
{
	ASSERT_EQ(0, mprotect(self->map, self->mem.size, PROT_READ));
	EXPECT_EQ(-EFAULT, fd_of(self->device, self->map, self->mem.size));
}

TEST_F_TIMEOUT(address_fd, of_what_is_only_written, TIMEOUT)
{
	ASSERT_EQ(0, mprotect(self->map, self->mem.size, PROT_WRITE));
	EXPECT_EQ(-EFAULT, fd_of(self->device, self->map, self->mem.size));
}

TEST_F_TIMEOUT(address_fd, bad_arguments, TIMEOUT)
{
	struct udmabuf_by_address by = {
		.address = (unsigned long)self->map, .size = self->mem.size, .__pad = 1,
	};

	EXPECT_EQ(-EINVAL, fd_with(self->device, self->map, self->mem.size, 2));
	EXPECT_EQ(-EINVAL, fd_of(self->device, self->map, 0));
	EXPECT_EQ(-EINVAL, fd_of(self->device, (void *)-PAGE, 2 * PAGE));
	EXPECT_EQ(-1, ioctl(self->device, UDMABUF_BY_ADDRESS, &by));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->device, UDMABUF_BY_ADDRESS, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* An importer that takes dma-bufs by file descriptor only has it from an address */
TEST_F_TIMEOUT(address_fd, into_an_importer, TIMEOUT)
{
	int fd, importer;

	if (variant->errno_of_all || variant->kind == MEMORY_VIVID)
		SKIP(return, "it is no dma-buf, or vivid's own");
	importer = video_open_importer();
	ASSERT_LE(0, importer);
	munmap(self->map, self->mem.size);
	memory_close(&self->mem);
	ASSERT_EQ(0, memory_alloc(&self->mem, variant->kind,
				  (FRAME_SIZE + PAGE - 1) & -PAGE));
	self->map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->map);
	fd = fd_of(self->device, self->map, self->mem.size);
	ASSERT_LE(0, fd);
	memset(self->map, 0xee, FRAME_SIZE);
	ASSERT_EQ(0, video_reqbufs(importer, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, video_queue_dmabuf(importer, 0, fd));
	ASSERT_EQ(0, video_stream(importer, true));
	EXPECT_EQ(0, video_dequeue(importer, V4L2_MEMORY_DMABUF));
	EXPECT_NE(0xee, self->map[0]);
	EXPECT_NE(0xee, self->map[FRAME_SIZE - 1]);
	close(importer);
	close(fd);
}

TEST_HARNESS_MAIN
