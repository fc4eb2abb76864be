// SPDX-License-Identifier: GPL-2.0
/*
 * What people have reported of memory that drivers map, each with what must come
 * of it. tests/README.md says where the rest of these reports is tested.
 */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
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
#define SIZE	PLACE_SIZE
#define VIVID_SIZE	(1 << 20)	/* more than a frame of its */
#define RW	(PROT_READ | PROT_WRITE)

static void *map(int fd, off_t offset, int prot)
{
	return mmap(NULL, SIZE, prot, MAP_SHARED, fd, offset);
}

/* ---- who takes pages ---- */

/* As O_DIRECT and MSG_ZEROCOPY do: references to the pages behind an address */
static int splice_pages(void *addr, size_t len)
{
	struct iovec iov = { addr, len };
	int pipes[2], ret;

	if (pipe(pipes))
		return -errno;
	ret = vmsplice(pipes[1], &iov, 1, 0);
	if (ret < 0)
		ret = -errno;
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

/* ---- memory ---- */

enum what { VGEM, VKMS, UDMABUF, SYSTEM_HEAP, CMA_HEAP, VIVID, BLOCK, PTES, MIXED, IO, MEMFD };

static int dumb(const char *driver, off_t *offset)
{
	struct drm_mode_create_dumb create = { .width = 64, .height = SIZE / 64 / 4, .bpp = 32 };
	struct drm_mode_map_dumb where = {};
	int card = drm_open_card(driver);

	if (card < 0)
		return card;
	if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	where.handle = create.handle;
	if (ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &where))
		return -errno;
	*offset = where.offset;
	return card;
}

static int odd(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int of_place(enum place_kind kind, off_t *offset)
{
	struct place place;
	int ret = place_make(&place, kind);

	*offset = place.offset;
	return ret ?: place.fd;
}

static int vivid(off_t *offset)
{
	struct memory mem;
	int ret = memory_alloc(&mem, MEMORY_VIVID, VIVID_SIZE);

	*offset = mem.offset;
	return ret ?: mem.fd;
}

/* What to map from @offset on */
static int make(enum what what, off_t *offset)
{
	*offset = 0;
	switch (what) {
	case VGEM:
		return dumb("vgem", offset);
	case VKMS:
		return dumb("vkms", offset);
	case UDMABUF:
		return of_place(PLACE_UDMABUF, offset);
	case SYSTEM_HEAP:
		return of_place(PLACE_SYSTEM_HEAP, offset);
	case CMA_HEAP:
		return of_place(PLACE_CMA_HEAP, offset);
	case VIVID:
		return vivid(offset);
	case MEMFD:
		return of_place(PLACE_MEMFD, offset);
	case BLOCK:
		return odd("vo_block");
	case PTES:
		return odd("vo_ptes");
	case MIXED:
		return odd("vo_mixed");
	case IO:
		return odd("vo_io");
	}
	return -EINVAL;
}

FIXTURE(memory)
{
	unsigned char *addr;
	unsigned char *view;
	off_t offset;
	int fd;
	int pins;
};

FIXTURE_VARIANT(memory)
{
	enum what what;
	int pages;	/* 0: GUP takes it; else what it says */
};

#define OF(name, kind, gup)							\
	FIXTURE_VARIANT_ADD(memory, name) { .what = kind, .pages = gup }
OF(vgem, VGEM, -EFAULT);
OF(vkms, VKMS, -EFAULT);
OF(udmabuf, UDMABUF, -EFAULT);
OF(system_heap, SYSTEM_HEAP, -EFAULT);
OF(cma_heap, CMA_HEAP, -EFAULT);
OF(vivid, VIVID, -EFAULT);
OF(block, BLOCK, -EFAULT);
OF(ptes, PTES, 0);
OF(mixed, MIXED, 0);
/* GUP's fast path finds the pages of what was touched, and looks at no VMA */
OF(io, IO, 0);
OF(memfd, MEMFD, 0);

FIXTURE_SETUP(memory)
{
	self->pins = observe_pins();
	self->fd = make(variant->what, &self->offset);
	ASSERT_LE(0, self->fd);
	self->addr = map(self->fd, self->offset, RW);
	self->view = map(self->fd, self->offset, RW);
	ASSERT_NE(MAP_FAILED, self->addr);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(self->pins, observe_pins());
}

/* Whoever takes pages is told what he was told before there were owners */
TEST_F(memory, pages_as_before)
{
	memset(self->addr, 0x31, SIZE);
	EXPECT_EQ(variant->pages ?: PAGE, splice_pages(self->addr + PAGE, PAGE));
	EXPECT_EQ(self->pins, observe_pins());
}

/* The CPU reads files into it, and writes them from it */
TEST_F(memory, buffered)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	unsigned char page[PAGE];

	ASSERT_LE(0, file);
	memset(page, 0x33, PAGE);
	ASSERT_EQ(PAGE, write(file, page, PAGE));
	EXPECT_EQ(PAGE, pread(file, self->addr + PAGE - 100, PAGE, 0));
	EXPECT_EQ(0, memcmp(self->view + PAGE - 100, page, PAGE));
	memset(self->view + PAGE, 0x34, PAGE);
	memset(page, 0x34, PAGE);
	EXPECT_EQ(PAGE, pwrite(file, self->addr + PAGE, PAGE, 0));
	memset(page, 0, PAGE);
	EXPECT_EQ(PAGE, pread(file, page, PAGE, 0));
	EXPECT_EQ(0, memcmp(page, self->view + PAGE, PAGE));
}

/* And a V4L2 queue captures into all of it by its address */
TEST_F(memory, captures)
{
	struct window window = {
		.map = self->view, .size = SIZE, .offset = 3 * PAGE, .len = NODE_FRAME,
	};
	int fd = node_open(NODE_VMALLOC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, node_start(fd, self->addr + window.offset, &window));
	EXPECT_EQ(self->pins + 1, observe_pins());
	EXPECT_EQ(0, node_take(fd, &window, 0));
	node_stop(fd);
	close(fd);
}

/* What is pinned stays when all else goes: nothing is freed twice, nor too early */
TEST_F(memory, one_page_kept)
{
	struct window window = {
		.map = self->view, .size = SIZE, .offset = 3 * PAGE, .len = PAGE / NODE_LINE / 2,
	};
	/* which is out of reach of a 32 bit device, or bounced */
	enum node node = guest_kind() == GUEST_32BIT ? NODE_VMALLOC : NODE_SG;
	int fd = node_open(node);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, node_set_format(fd, node, NODE_LINE, window.len, 0));
	window.len *= NODE_LINE;
	ASSERT_EQ(0, node_start(fd, self->addr + window.offset, &window));
	ASSERT_EQ(0, munmap(self->addr, SIZE));
	close(self->fd);
	EXPECT_EQ(0, node_take(fd, &window, 0));
	ASSERT_EQ(0, munmap(self->view, SIZE));
	EXPECT_EQ(self->pins + 1, observe_pins());
	node_stop(fd);
	close(fd);
}

/* ---- a mapping that nobody has touched ---- */

FIXTURE(untouched)
{
	unsigned char *addr;
	off_t offset;
	int fd;
};

FIXTURE_VARIANT(untouched)
{
	enum what what;
};

FIXTURE_VARIANT_ADD(untouched, vgem) { VGEM };
FIXTURE_VARIANT_ADD(untouched, vkms) { VKMS };
FIXTURE_VARIANT_ADD(untouched, block) { BLOCK };
FIXTURE_VARIANT_ADD(untouched, ptes) { PTES };
FIXTURE_VARIANT_ADD(untouched, io) { IO };

FIXTURE_SETUP(untouched)
{
	self->fd = make(variant->what, &self->offset);
	ASSERT_LE(0, self->fd);
	self->addr = map(self->fd, self->offset, RW);
	ASSERT_NE(MAP_FAILED, self->addr);
}

FIXTURE_TEARDOWN(untouched)
{
}

static bool is_untouched(const unsigned char *addr)
{
	int i;

	for (i = 0; i < PLACE_PAGES; i++) {
		if (place_phys(addr + i * PAGE))
			return false;
	}
	return true;
}

/* The pin is for writing, of which the page table need not know */
TEST_F(untouched, is_captured_into)
{
	struct window window = {
		.map = map(self->fd, self->offset, RW), .size = SIZE, .len = NODE_FRAME,
	};
	int fd = node_open(NODE_VMALLOC);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, window.map);
	ASSERT_TRUE(is_untouched(self->addr));
	ASSERT_EQ(0, node_start(fd, self->addr, &window));
	EXPECT_EQ(0, node_take(fd, &window, 0));
	EXPECT_TRUE(is_untouched(self->addr));
	node_stop(fd);
	ASSERT_EQ(0, mprotect(self->addr, SIZE, PROT_READ));
	EXPECT_EQ(-EFAULT, node_start(fd, self->addr, &window));
	node_stop(fd);
	close(fd);
}

/* ---- PTEs that change kind ---- */

TEST(ptes_change_kind)
{
	static const char kinds[] = "spsp";
	struct window window = { .size = SIZE, .offset = PAGE, .len = NODE_FRAME };
	int memory = odd("vo_ptes"), fd = node_open(NODE_VMALLOC), i;
	unsigned long long phys, before = 0;
	unsigned char *addr;

	ASSERT_LE(0, memory);
	ASSERT_LE(0, fd);
	addr = map(memory, 0, RW);
	window.map = map(memory, 0, RW);
	ASSERT_NE(MAP_FAILED, addr);
	ASSERT_NE(MAP_FAILED, window.map);
	for (i = 0; kinds[i]; i++) {
		ASSERT_EQ(1, write(memory, kinds + i, 1));
		addr[PAGE] = i;
		/* GUP tells the kinds apart */
		EXPECT_EQ(kinds[i] == 's' ? -EEXIST : PAGE, splice_pages(addr + PAGE, PAGE));
		phys = place_phys(addr + PAGE);
		EXPECT_NE(0, phys);
		if (before)
			EXPECT_EQ(before, phys);
		before = phys;
		EXPECT_EQ(0, node_start(fd, addr + PAGE, &window));
		/* and while the device has it */
		ASSERT_EQ(1, write(memory, kinds[i] == 's' ? "p" : "s", 1));
		EXPECT_EQ(0, node_take(fd, &window, 0));
		node_stop(fd);
	}
	close(fd);
}

/* ---- what no queue takes: EFAULT, and nothing in the log ---- */

FIXTURE(refused)
{
	int fd;
	int pins;
};

FIXTURE_VARIANT(refused)
{
	enum node node;
};

ON_NODES(refused);

FIXTURE_SETUP(refused)
{
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(refused)
{
	EXPECT_EQ(self->pins, observe_pins());
	close(self->fd);
}

/* The frame is not drawn, and what is there not written to */
static int try(int fd, void *addr)
{
	static unsigned char nothing[NODE_FRAME];
	struct window window = { .map = nothing, .size = sizeof(nothing), .len = sizeof(nothing) };
	int ret = node_start(fd, addr, &window);

	node_stop(fd);
	return ret;
}

TEST_F_TIMEOUT(refused, hole, TIMEOUT)
{
	unsigned char *hole = memory_reserve(2 * SIZE);

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, 2 * SIZE));
	EXPECT_EQ(-EFAULT, try(self->fd, hole));
	EXPECT_EQ(-EFAULT, try(self->fd, NULL));
}

TEST_F_TIMEOUT(refused, kernel, TIMEOUT)
{
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)0xffff888000100000));
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)0xffffffff81000000));
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)0x00007fffffffe000));
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)0x0000800000000000));
}

struct mapping {
	unsigned long start;
	unsigned long end;	/* 0: there is none */
};

static struct mapping find_mapping(const char *name)
{
	struct mapping found = {};
	char line[256];
	FILE *file;

	file = fopen("/proc/self/maps", "re");
	while (file && !found.end && fgets(line, sizeof(line), file)) {
		if (strstr(line, name) &&
		    sscanf(line, "%lx-%lx", &found.start, &found.end) != 2)
			found.end = 0;
	}
	if (file)
		fclose(file);
	return found;
}

TEST_F_TIMEOUT(refused, vdso, TIMEOUT)
{
	struct mapping vdso = find_mapping("[vdso]"), vvar = find_mapping("[vvar]");

	ASSERT_NE(0, vdso.end);
	ASSERT_NE(0, vvar.end);
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)vdso.start));
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)vvar.start));
}

/*
 * Over its end, and far beneath it. Nearer to it GUP says that it does not grow the
 * stack any more, with a trace, whoever calls.
 */
TEST_F_TIMEOUT(refused, stack, TIMEOUT)
{
	struct mapping stack = find_mapping("[stack]");

	ASSERT_NE(0, stack.end);
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)(stack.end - PAGE)));
	EXPECT_EQ(-EFAULT, try(self->fd, (void *)(stack.start - (1UL << 20))));
}

static int open_uio(void)
{
	char path[64], name[32];
	FILE *file;
	int i, fd;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/sys/class/uio/uio%d/name", i);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
		if (strcmp(name, "vo_uio\n"))
			continue;
		snprintf(path, sizeof(path), "/dev/uio%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -ENODEV;
}

/* Names an address, not memory: nobody counts it */
TEST_F_TIMEOUT(refused, uio, TIMEOUT)
{
	int uio = open_uio();
	unsigned char *addr;

	ASSERT_LE(0, uio);
	addr = map(uio, 0, RW);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(-EFAULT, try(self->fd, addr));
	/* touched, too */
	addr[0] = 1;
	EXPECT_EQ(-EFAULT, try(self->fd, addr));
}

/* The same by /dev/mem: what the firmware has there */
TEST_F_TIMEOUT(refused, dev_mem, TIMEOUT)
{
	int mem = open("/dev/mem", O_RDWR | O_CLOEXEC);
	unsigned char *addr;

	ASSERT_LE(0, mem);
	addr = map(mem, 0xf0000, RW);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(-EFAULT, try(self->fd, addr));
}

TEST_HARNESS_MAIN
