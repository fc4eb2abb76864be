// SPDX-License-Identifier: GPL-2.0
/*
 * What is iommufd's own, in the container that it emulates: address spaces that
 * outlive their devices, areas that share their pages, and pages that are
 * neither MMIO nor in one piece.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "edu.h"
#include "faults.h"
#include "observe.h"
#include "peer.h"
#include "vfio.h"

#define PAGE		4096
#define LEN		EDU_MOST
#define BAR_IOVA	0x40000000ULL
#define COPY_IOVA	0x60000000ULL
#define PLACE		0x3800	/* in the BAR */
#define TIMEOUT		120

/* ---- the engine ---- */

/* It arrives where the CPU sees it, and comes back */
static bool carries(struct peer *engine, uint64_t iova,
		    const volatile unsigned char *at, unsigned int seed)
{
	return edu_carries(&engine->edu, engine->ram, PEER_RAM_IOVA, iova,
			   seed) && edu_is(at, seed);
}

static bool denied(struct peer *engine, uint64_t iova)
{
	edu_fill(engine->ram, EDU_DENIED);
	return !edu_read(&engine->edu, PEER_RAM_IOVA, LEN) &&
	       edu_faults(&engine->edu, edu_write, iova);
}

/* ---- iommufd's ioctls on a container; negative errno on failure ---- */

#define ACCESS	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | \
		 IOMMU_IOAS_MAP_WRITEABLE)

static int ioas_of(int container, uint32_t *id)
{
	struct iommu_vfio_ioas arg = {
		.size = sizeof(arg),
		.op = IOMMU_VFIO_IOAS_GET,
	};

	if (ioctl(container, IOMMU_VFIO_IOAS, &arg))
		return -errno;
	*id = arg.ioas_id;
	return 0;
}

static int ioas_map(int container, void *map, size_t len, uint64_t iova)
{
	struct iommu_ioas_map arg = {
		.size = sizeof(arg),
		.flags = ACCESS,
		.user_va = (uintptr_t)map,
		.length = len,
		.iova = iova,
	};
	int ret = ioas_of(container, &arg.ioas_id);

	if (!ret && ioctl(container, IOMMU_IOAS_MAP, &arg))
		ret = -errno;
	return ret;
}

static int ioas_copy(int container, uint64_t from, size_t len, uint64_t to)
{
	struct iommu_ioas_copy arg = {
		.size = sizeof(arg),
		.flags = ACCESS,
		.length = len,
		.src_iova = from,
		.dst_iova = to,
	};
	int ret = ioas_of(container, &arg.src_ioas_id);

	arg.dst_ioas_id = arg.src_ioas_id;
	if (!ret && ioctl(container, IOMMU_IOAS_COPY, &arg))
		ret = -errno;
	return ret;
}

/* ---- a BAR, whose device is in another container than the engine ---- */

FIXTURE(compat)
{
	struct peer engine;
	struct vfio_device victim;
	unsigned char *bar;
	size_t size;
	int other;
	int pins;
};

FIXTURE_VARIANT(compat)
{
	enum container kind;
};

FIXTURE_VARIANT_ADD(compat, v1) { .kind = CONTAINER_COMPAT_V1 };
FIXTURE_VARIANT_ADD(compat, v2) { .kind = CONTAINER_COMPAT };

FIXTURE_SETUP(compat)
{
	char name[PCI_NAME_LENGTH];

	self->pins = observe_pins();
	ASSERT_EQ(0, peer_open_engine(&self->engine, variant->kind));
	ASSERT_EQ(0, pci_find(name, IVSHMEM, true, 0));
	self->other = container_open(variant->kind);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, vfio_open(&self->victim, name, self->other,
			       variant->kind));
	ASSERT_EQ(0, vfio_command(&self->victim, PCI_COMMAND_MEMORY, 0));
	self->bar = vfio_map_bar(&self->victim, MEMORY_BAR, &self->size);
	ASSERT_NE(MAP_FAILED, self->bar);
	memset(self->bar, 0, self->size);
	ASSERT_EQ(0, container_map(self->engine.container, self->bar,
				   self->size, BAR_IOVA));
}

FIXTURE_TEARDOWN(compat)
{
	munmap(self->bar, self->size);
	vfio_close(&self->victim);
	close(self->other);
	peer_close_engine(&self->engine);
	EXPECT_EQ(self->pins, observe_pins());
}

static int decode(FIXTURE_DATA(compat) *self, bool on)
{
	return vfio_command(&self->victim, on ? PCI_COMMAND_MEMORY : 0,
			    on ? 0 : PCI_COMMAND_MEMORY);
}

static bool bar_works(FIXTURE_DATA(compat) *self, uint64_t iova,
		      unsigned int seed)
{
	return carries(&self->engine, iova + PLACE, self->bar + PLACE, seed);
}

static bool bar_denied(FIXTURE_DATA(compat) *self, uint64_t iova)
{
	return denied(&self->engine, iova + PLACE);
}

/* The only device leaves, and with it all page tables; the mappings stay */
static int engine_leaves(FIXTURE_DATA(compat) *self)
{
	edu_close(&self->engine.edu);
	return 0;
}

static int engine_comes(FIXTURE_DATA(compat) *self)
{
	return edu_open(&self->engine.edu, self->engine.container,
			self->engine.kind);
}

TEST_F_TIMEOUT(compat, native_by_address, TIMEOUT)
{
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
	EXPECT_EQ(-EFAULT, ioas_map(self->engine.container, self->bar,
				    self->size, COPY_IOVA));
	EXPECT_TRUE(bar_denied(self, COPY_IOVA));
}

TEST_F_TIMEOUT(compat, attach_while_decode_is_off, TIMEOUT)
{
	ASSERT_EQ(0, engine_leaves(self));
	ASSERT_EQ(0, decode(self, false));
	ASSERT_EQ(0, engine_comes(self));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
}

TEST_F_TIMEOUT(compat, detach_while_decode_is_off, TIMEOUT)
{
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
	ASSERT_EQ(0, decode(self, false));
	ASSERT_EQ(0, engine_leaves(self));
	ASSERT_EQ(0, decode(self, true));
	ASSERT_EQ(0, engine_comes(self));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 2));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
}

/* Nobody maps anything until a device comes */
TEST_F_TIMEOUT(compat, map_without_devices, TIMEOUT)
{
	int container = self->engine.container;

	ASSERT_EQ((int64_t)self->size,
		  container_unmap(container, BAR_IOVA, self->size));
	ASSERT_EQ(0, engine_leaves(self));
	ASSERT_EQ(0, container_map(container, self->bar, self->size,
				   BAR_IOVA));
	ASSERT_EQ(0, decode(self, false));
	ASSERT_EQ(0, decode(self, true));
	ASSERT_EQ(0, engine_comes(self));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
}

TEST_F_TIMEOUT(compat, copied, TIMEOUT)
{
	int container = self->engine.container;

	ASSERT_EQ(0, ioas_copy(container, BAR_IOVA, self->size, COPY_IOVA));
	EXPECT_EQ(self->pins + 1, observe_pins());
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
	EXPECT_TRUE(bar_works(self, COPY_IOVA, 2));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
	EXPECT_TRUE(bar_denied(self, COPY_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 3));
	EXPECT_TRUE(bar_works(self, COPY_IOVA, 4));

	EXPECT_EQ((int64_t)self->size,
		  container_unmap(container, BAR_IOVA, self->size));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(bar_denied(self, COPY_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(bar_works(self, COPY_IOVA, 5));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
}

/* A part of the pages, in another order than in the object */
TEST_F_TIMEOUT(compat, copied_in_part, TIMEOUT)
{
	int container = self->engine.container;
	uint64_t behind = self->size / 2;

	ASSERT_EQ(0, ioas_copy(container, BAR_IOVA + behind,
			       self->size - behind, COPY_IOVA));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(bar_denied(self, COPY_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(carries(&self->engine, COPY_IOVA + PLACE,
			    self->bar + behind + PLACE, 1));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 2));
}

/* v1 takes parts of ordinary memory away, v2 of none */
TEST_F_TIMEOUT(compat, unmap_a_part, TIMEOUT)
{
	EXPECT_EQ(self->engine.kind == CONTAINER_COMPAT_V1 ? -EOPNOTSUPP :
							     -ENOENT,
		  container_unmap(self->engine.container, BAR_IOVA, PAGE));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 1));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(bar_denied(self, BAR_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(bar_works(self, BAR_IOVA, 2));
}

/* ---- the sample exporter's pages, each of which is elsewhere ---- */

#define EXPORTER	"vma_owner_exporter"
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"
#define SIZE		65536

static int load_exporter(const char *params)
{
	struct utsname uts;
	char path[512];
	int fd, ret;

	uname(&uts);
	snprintf(path, sizeof(path),
		 "/lib/modules/%s/kernel/samples/vma_owner/" EXPORTER ".ko",
		 uts.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int tell_exporter(const char *how)
{
	int fd = open(REVOKE, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, how, strlen(how)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

FIXTURE(pages)
{
	struct peer engine;
	unsigned char *map;
	int exporter;
	int pins;
};

FIXTURE_VARIANT(pages)
{
	enum container kind;
};

FIXTURE_VARIANT_ADD(pages, v1) { .kind = CONTAINER_COMPAT_V1 };
FIXTURE_VARIANT_ADD(pages, v2) { .kind = CONTAINER_COMPAT };

FIXTURE_SETUP(pages)
{
	self->pins = observe_pins();
	ASSERT_EQ(0, load_exporter("memory=pages size=65536"));
	self->exporter = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->exporter);
	self->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->exporter, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	memset(self->map, 0, SIZE);
	ASSERT_EQ(0, peer_open_engine(&self->engine, variant->kind));
	ASSERT_EQ(0, container_map(self->engine.container, self->map, SIZE,
				   BAR_IOVA));
}

FIXTURE_TEARDOWN(pages)
{
	munmap(self->map, SIZE);
	close(self->exporter);
	peer_close_engine(&self->engine);
	EXPECT_EQ(self->pins, observe_pins());
	EXPECT_EQ(0, syscall(SYS_delete_module, EXPORTER, O_NONBLOCK));
}

/* Over the border of two pages, for each of them */
static bool pages_work(FIXTURE_DATA(pages) *self, unsigned int seed)
{
	size_t at;

	for (at = PAGE - LEN / 2; at + LEN <= SIZE; at += PAGE) {
		if (!carries(&self->engine, BAR_IOVA + at, self->map + at,
			     seed++)) {
			printf("# not at %#zx\n", at);
			return false;
		}
	}
	return true;
}

TEST_F_TIMEOUT(pages, works, TIMEOUT)
{
	EXPECT_TRUE(pages_work(self, 1));
	ASSERT_EQ(0, tell_exporter("temporary"));
	EXPECT_TRUE(denied(&self->engine, BAR_IOVA));
	EXPECT_TRUE(denied(&self->engine, BAR_IOVA + SIZE - LEN));
	ASSERT_EQ(0, tell_exporter("restore"));
	EXPECT_TRUE(pages_work(self, 2));
	EXPECT_EQ(SIZE, container_unmap(self->engine.container, BAR_IOVA,
					SIZE));
	EXPECT_TRUE(denied(&self->engine, BAR_IOVA));
}

TEST_HARNESS_MAIN
