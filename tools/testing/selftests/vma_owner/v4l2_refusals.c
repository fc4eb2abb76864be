// SPDX-License-Identifier: GPL-2.0
/*
 * What QBUF(USERPTR) must refuse, and with which errno: the memory of drivers
 * is refused where ordinary memory would be, for the same reasons.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "memory.h"
#include "observe.h"
#include "video.h"

#define MEMORY_SIZE	(1024 * 1024)
#define TIMEOUT		120

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define IVSHMEM_VENDOR	0x1af4
#define IVSHMEM_DEVICE	0x1110

static size_t page_size;

static void __attribute__((constructor)) init_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

/* Queues and takes back; tells the row what QBUF said, 0 or a negative errno. */
static int try_queue(const char *name, int importer, void *addr, size_t len)
{
	int ret = video_reqbufs(importer, V4L2_MEMORY_USERPTR, 1);

	if (!ret)
		ret = video_queue_user(importer, 0, addr, len);
	video_reqbufs(importer, V4L2_MEMORY_USERPTR, 0);
	print_row(name, "%s", ret ? errno_name(-ret) : "accepted");
	return ret;
}

FIXTURE(refusal)
{
	int importer;
	int pins;
	bool missing;
	struct memory mem;
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(refusal)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(refusal, vivid_contig) { .kind = MEMORY_VIVID };
FIXTURE_VARIANT_ADD(refusal, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(refusal, cma_heap) { .kind = MEMORY_CMA_HEAP };
FIXTURE_VARIANT_ADD(refusal, system_heap) { .kind = MEMORY_SYSTEM_HEAP };
FIXTURE_VARIANT_ADD(refusal, udmabuf) { .kind = MEMORY_UDMABUF };
FIXTURE_VARIANT_ADD(refusal, memfd) { .kind = MEMORY_MEMFD };

FIXTURE_SETUP(refusal)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, variant->kind, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	self->pins = observe_pins();
}

FIXTURE_TEARDOWN(refusal)
{
	if (!self->missing)
		EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(refusal, read_only_mapping, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "read-only mapping of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map_with(&self->mem, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

/* V4L2's mmap() itself wants PROT_READ, so access is taken away afterwards. */
TEST_F_TIMEOUT(refusal, inaccessible_mapping, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "PROT_NONE mapping of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, mprotect(map, MEMORY_SIZE, PROT_NONE));
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

TEST_F_TIMEOUT(refusal, half_unmapped, TIMEOUT)
{
	size_t kept = FRAME_SIZE / 2 / page_size * page_size;
	unsigned char *map;

	name_row(self->row, "half-unmapped range of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + kept, MEMORY_SIZE - kept));
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

TEST_F_TIMEOUT(refusal, first_page_unmapped, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "%s with its first page unmapped", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map, page_size));
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

TEST_F_TIMEOUT(refusal, middle_page_unmapped, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "%s with a page in the middle unmapped", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + 9 * page_size, page_size));
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

/* The last page of the frame is one byte long, and beyond the buffer. */
TEST_F_TIMEOUT(refusal, one_byte_beyond, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "one byte beyond the end of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_reserve(MEMORY_SIZE + page_size);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(map, memory_map_at(&self->mem, map, 0, MEMORY_SIZE));
	map += MEMORY_SIZE - FRAME_SIZE + 1;
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

/* Ranges over more than one object.  Ordinary memory knows no objects, so it is not here. */
FIXTURE(range)
{
	int importer;
	int pins;
	bool missing;
	struct memory mem;
	unsigned char *area;	/* room for two mappings, back to back */
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(range)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(range, vivid_contig) { .kind = MEMORY_VIVID };
FIXTURE_VARIANT_ADD(range, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(range, cma_heap) { .kind = MEMORY_CMA_HEAP };
FIXTURE_VARIANT_ADD(range, system_heap) { .kind = MEMORY_SYSTEM_HEAP };
FIXTURE_VARIANT_ADD(range, udmabuf) { .kind = MEMORY_UDMABUF };

FIXTURE_SETUP(range)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, variant->kind, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	self->area = memory_reserve(2 * MEMORY_SIZE);
	ASSERT_NE(MAP_FAILED, self->area);
	self->pins = observe_pins();
}

FIXTURE_TEARDOWN(range)
{
	if (!self->missing)
		EXPECT_EQ(self->pins, observe_pins());
}

static bool map_half(unsigned char *area, const struct memory *mem, int half)
{
	unsigned char *where = area + half * MEMORY_SIZE;

	return memory_map_at(mem, where, 0, MEMORY_SIZE) == where;
}

/* A frame of which ten pages lie in the first half. */
static int try_queue_across(const char *name, int importer, unsigned char *area)
{
	return try_queue(name, importer, area + MEMORY_SIZE - 10 * page_size, FRAME_SIZE);
}

TEST_F_TIMEOUT(range, two_buffers, TIMEOUT)
{
	struct memory other;

	name_row(self->row, "range over two buffers of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, memory_alloc_sibling(&other, &self->mem));
	ASSERT_TRUE(map_half(self->area, &self->mem, 0));
	ASSERT_TRUE(map_half(self->area, &other, 1));
	EXPECT_EQ(-EFAULT, try_queue_across(self->row, self->importer, self->area));
}

/* The object is the same, the offset in it starts again at 0. */
TEST_F_TIMEOUT(range, one_buffer_twice, TIMEOUT)
{
	name_row(self->row, "range over two mappings of one %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(map_half(self->area, &self->mem, 0));
	ASSERT_TRUE(map_half(self->area, &self->mem, 1));
	EXPECT_EQ(-EFAULT, try_queue_across(self->row, self->importer, self->area));
}

TEST_F_TIMEOUT(range, ordinary_after_owned, TIMEOUT)
{
	struct memory ordinary;

	name_row(self->row, "range over %s and ordinary memory", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, memory_alloc(&ordinary, MEMORY_ANONYMOUS, MEMORY_SIZE));
	ASSERT_TRUE(map_half(self->area, &self->mem, 0));
	ASSERT_TRUE(map_half(self->area, &ordinary, 1));
	EXPECT_EQ(-EFAULT, try_queue_across(self->row, self->importer, self->area));
}

TEST_F_TIMEOUT(range, owned_after_ordinary, TIMEOUT)
{
	struct memory ordinary;

	name_row(self->row, "range over ordinary memory and %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, memory_alloc(&ordinary, MEMORY_ANONYMOUS, MEMORY_SIZE));
	ASSERT_TRUE(map_half(self->area, &ordinary, 0));
	ASSERT_TRUE(map_half(self->area, &self->mem, 1));
	EXPECT_EQ(-EFAULT, try_queue_across(self->row, self->importer, self->area));
}

/* The two makers whose mmap() takes MAP_PRIVATE. */
FIXTURE(private)
{
	int importer;
	bool missing;
	struct memory mem;
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(private)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(private, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(private, system_heap) { .kind = MEMORY_SYSTEM_HEAP };

FIXTURE_SETUP(private)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, variant->kind, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (!self->missing)
		ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(private)
{
}

/* The first write would part the mapping from the object. */
TEST_F_TIMEOUT(private, copy_on_write_mapping, TIMEOUT)
{
	unsigned char *map;

	name_row(self->row, "MAP_PRIVATE mapping of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = memory_map_with(&self->mem, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	if (map == MAP_FAILED)
		print_row(self->row, "mmap %s", errno_name(errno));
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, map, FRAME_SIZE));
}

/* Addresses that are nobody's, and lengths that are wrong whoever owns the memory. */
FIXTURE(address)
{
	int importer;
	bool missing;
	char row[ROW_LENGTH];
};

FIXTURE_SETUP(address)
{
	self->importer = video_open_importer();
	self->missing = self->importer == -ENODEV;
	if (!self->missing)
		ASSERT_LE(0, self->importer);
}

FIXTURE_TEARDOWN(address)
{
}

static unsigned int read_pci_id(const char *device, const char *file)
{
	unsigned int id = 0;
	char path[300];
	FILE *stream;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, file);
	stream = fopen(path, "r");
	if (!stream)
		return 0;
	if (fscanf(stream, "%x", &id) != 1)
		id = 0;
	fclose(stream);
	return id;
}

/* The shared memory of QEMU's ivshmem: a BAR that is memory, with no struct page. */
static int open_bar(void)
{
	struct dirent *entry;
	char path[300];
	int fd = -ENODEV;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (read_pci_id(entry->d_name, "vendor") != IVSHMEM_VENDOR ||
		    read_pci_id(entry->d_name, "device") != IVSHMEM_DEVICE)
			continue;
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource2", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

TEST_F_TIMEOUT(address, pci_bar, TIMEOUT)
{
	/* Who owns it takes it back, which this importer does not obey */
	bool owned = observe_function("pci_bar_owner_mmap");
	unsigned char *map;
	int bar;

	name_row(self->row, "PCI BAR mapped through sysfs");
	bar = open_bar();
	self->missing |= bar < 0;
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	map = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(owned ? -EOPNOTSUPP : -EFAULT,
		  try_queue(self->row, self->importer, map, FRAME_SIZE));
}

TEST_F_TIMEOUT(address, two_exporters, TIMEOUT)
{
	struct memory first, second;
	unsigned char *area;

	name_row(self->row, "range over CMA heap and system heap");
	self->missing |= memory_alloc(&first, MEMORY_CMA_HEAP, MEMORY_SIZE) == -ENODEV;
	self->missing |= memory_alloc(&second, MEMORY_SYSTEM_HEAP, MEMORY_SIZE) == -ENODEV;
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	area = memory_reserve(2 * MEMORY_SIZE);
	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(area, memory_map_at(&first, area, 0, MEMORY_SIZE));
	area += MEMORY_SIZE;
	ASSERT_EQ(area, memory_map_at(&second, area, 0, MEMORY_SIZE));
	area -= 10 * page_size;
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, area, FRAME_SIZE));
}

TEST_F_TIMEOUT(address, unmapped, TIMEOUT)
{
	unsigned char *hole;

	name_row(self->row, "unmapped address");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	hole = memory_reserve(MEMORY_SIZE);
	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, MEMORY_SIZE));
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, hole, FRAME_SIZE));
}

TEST_F_TIMEOUT(address, kernel_half, TIMEOUT)
{
	unsigned long high = -(unsigned long)MEMORY_SIZE;

	name_row(self->row, "kernel address");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	EXPECT_EQ(-EFAULT, try_queue(self->row, self->importer, (void *)high, FRAME_SIZE));
}

/* EOVERFLOW is what pin_user_pages_fast() has always said here. */
TEST_F_TIMEOUT(address, wraps_around, TIMEOUT)
{
	unsigned long last_page = -page_size;

	name_row(self->row, "range that wraps around the address space");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	EXPECT_EQ(-EOVERFLOW,
		  try_queue(self->row, self->importer, (void *)last_page, FRAME_SIZE));
}

TEST_F_TIMEOUT(address, shorter_than_frame, TIMEOUT)
{
	static unsigned char memory[FRAME_SIZE];

	name_row(self->row, "length one byte short of the frame");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	EXPECT_EQ(-EINVAL,
		  try_queue(self->row, self->importer, memory, FRAME_SIZE - 1));
}

TEST_F_TIMEOUT(address, no_length, TIMEOUT)
{
	static unsigned char memory[FRAME_SIZE];

	name_row(self->row, "length 0");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	EXPECT_EQ(-EINVAL, try_queue(self->row, self->importer, memory, 0));
}

TEST_HARNESS_MAIN
