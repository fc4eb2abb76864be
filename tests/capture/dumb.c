// SPDX-License-Identifier: GPL-2.0
/*
 * Dumb buffers of DRM, by their address: GEM owns them. Memory of shmem is
 * scattered, which contig takes behind an IOMMU only.
 */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "fence.h"
#include "guest.h"
#include "memory.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define PAGE	4096

FIXTURE(dumb)
{
	struct drm_mode_create_dumb create;
	struct window window;	/* seen through a mapping of its own */
	unsigned char *target;
	off_t offset;
	int card;
	int fd;
	int pins;
};

FIXTURE_VARIANT(dumb)
{
	enum node node;
	const char *driver;
};

ON_NODE(dumb, NODE_SG, sg_vgem, .driver = "vgem");
ON_NODE(dumb, NODE_VMALLOC, vmalloc_vgem, .driver = "vgem");
ON_NODE(dumb, NODE_SG, sg_vkms, .driver = "vkms");
ON_NODE(dumb, NODE_VMALLOC, vmalloc_vkms, .driver = "vkms");

static void *map(int fd, off_t offset, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

FIXTURE_SETUP(dumb)
{
	struct drm_mode_map_dumb where = {};

	self->pins = observe_pins();
	self->card = drm_open_card(variant->driver);
	ASSERT_LE(0, self->card);
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	self->create = (struct drm_mode_create_dumb) {
		.width = 64, .height = PLACE_SIZE / 64 / 4, .bpp = 32,
	};
	ASSERT_EQ(0, ioctl(self->card, DRM_IOCTL_MODE_CREATE_DUMB, &self->create));
	ASSERT_EQ(PLACE_SIZE, self->create.size);
	where.handle = self->create.handle;
	ASSERT_EQ(0, ioctl(self->card, DRM_IOCTL_MODE_MAP_DUMB, &where));
	self->offset = where.offset;
	self->target = map(self->card, self->offset, PLACE_SIZE);
	self->window = (struct window) {
		.map = map(self->card, self->offset, PLACE_SIZE),
		.size = PLACE_SIZE, .len = NODE_FRAME,
	};
	ASSERT_NE(MAP_FAILED, self->target);
	ASSERT_NE(MAP_FAILED, self->window.map);
}

FIXTURE_TEARDOWN(dumb)
{
}

/* GEM does not say how a device that bounces is synced */
static int expected(enum node node)
{
	return guest_kind() == GUEST_32BIT && node == NODE_SG ? -EOPNOTSUPP : 0;
}

static int let_go(int card, uint32_t handle)
{
	struct drm_mode_destroy_dumb destroy = { .handle = handle };

	return ioctl(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy) ? -errno : close(card);
}

TEST_F_TIMEOUT(dumb, shows_each_frame, TIMEOUT)
{
	EXPECT_EQ(expected(variant->node), node_capture(self->fd, self->target, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(dumb, in_the_middle, TIMEOUT)
{
	self->window.offset = 5 * PAGE + 64;
	EXPECT_EQ(expected(variant->node),
		  node_capture(self->fd, self->target + self->window.offset, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* Neither handle nor card nor mapping is left while the device writes */
TEST_F_TIMEOUT(dumb, is_kept, TIMEOUT)
{
	if (expected(variant->node))
		SKIP(return, "there is none for this device");
	ASSERT_EQ(0, node_start(self->fd, self->target, &self->window));
	EXPECT_EQ(self->pins + 1, observe_pins());
	ASSERT_EQ(0, let_go(self->card, self->create.handle));
	ASSERT_EQ(0, munmap(self->target, PLACE_SIZE));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 0));
	ASSERT_EQ(0, munmap(self->window.map, PLACE_SIZE));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

/* What is not mapped any more is not there; the rest is what it was */
TEST_F_TIMEOUT(dumb, split, TIMEOUT)
{
	unsigned char *rest = self->target + 3 * PAGE;

	ASSERT_EQ(0, munmap(self->target, 3 * PAGE));
	EXPECT_EQ(-EFAULT, node_start(self->fd, rest - PAGE, &self->window));
	node_stop(self->fd);
	/* first touched after the split */
	rest[0] = 0x3c;
	EXPECT_EQ(0x3c, self->window.map[3 * PAGE]);
	EXPECT_NE(0x3c, self->window.map[0]);
	self->window.offset = 3 * PAGE;
	EXPECT_EQ(expected(variant->node), node_capture(self->fd, rest, &self->window));
}

/* The dma-buf that the object has already, mapped from its second page on */
TEST_F_TIMEOUT(dumb, by_its_dma_buf, TIMEOUT)
{
	struct drm_prime_handle prime = {
		.handle = self->create.handle, .flags = DRM_CLOEXEC | DRM_RDWR,
	};
	unsigned char *second;

	ASSERT_EQ(0, ioctl(self->card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	second = map(prime.fd, PAGE, PLACE_SIZE - PAGE);
	ASSERT_NE(MAP_FAILED, second);
	second[0] = 0x5d;
	EXPECT_EQ(0x5d, self->window.map[PAGE]);
	EXPECT_EQ(0, self->window.map[0]);
	self->window.offset = PAGE;
	EXPECT_EQ(expected(variant->node), node_capture(self->fd, second, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* PRIME knows one for each object: what importers have of it does not get out */
TEST_F_TIMEOUT(dumb, has_one_dma_buf, TIMEOUT)
{
	struct udmabuf_by_address by = {
		.address = (unsigned long)self->target, .size = PLACE_SIZE,
	};
	struct drm_prime_handle prime = {
		.handle = self->create.handle, .flags = DRM_CLOEXEC | DRM_RDWR,
	};
	uint32_t handle = self->create.handle;
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, device);
	ASSERT_EQ(expected(variant->node),
		  node_start(self->fd, self->target, &self->window));
	EXPECT_EQ(-1, ioctl(device, UDMABUF_BY_ADDRESS, &by));
	EXPECT_EQ(EOPNOTSUPP, errno);
	ASSERT_EQ(0, ioctl(self->card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	/* It comes back as the object that it is */
	EXPECT_EQ(0, ioctl(self->card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	EXPECT_EQ(handle, prime.handle);
	EXPECT_EQ(-1, ioctl(device, UDMABUF_BY_ADDRESS, &by));
	EXPECT_EQ(EOPNOTSUPP, errno);
	node_stop(self->fd);
	close(prime.fd);
	close(device);
}

TEST_HARNESS_MAIN
