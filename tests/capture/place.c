// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "node.h"
#include "place.h"
#include "video.h"
#include "vo_phys.h"

#define PAGE		4096
#define HUGE_PAGE	(2 << 20)
#define RUN_SEARCH	(64 << 20)
#define POOL		16	/* huge pages that kit/guests.sh gives the guest */
#define BIG_PAGES	((int)(PLACE_BIG / HUGE_PAGE))
#define VIVID_SIZE	(1 << 20)

/* ---- what /proc knows of mappings ---- */

static int pagemap = -1, vo_phys = -1;

static void open_books(void)
{
	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (vo_phys < 0)
		vo_phys = open("/dev/vo_phys", O_RDWR | O_CLOEXEC);
}

/* The pagemap leaves special mappings out */
unsigned long long place_phys(const void *addr)
{
	uint64_t entry = 0;

	open_books();
	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)addr / PAGE * 8) == 8 &&
	    entry >> 63)
		return (entry & ((1ULL << 55) - 1)) * PAGE + (uintptr_t)addr % PAGE;
	entry = (uintptr_t)addr;
	return ioctl(vo_phys, VO_PHYS, &entry) ? 0 : entry;
}

static int pages_of(const struct place *place)
{
	return place->size / PAGE;
}

static void touch(const struct place *place)
{
	int i;

	for (i = 0; i < pages_of(place); i++)
		(void)*(volatile unsigned char *)(place->target + i * PAGE);
}

bool place_is_contiguous(const struct place *place)
{
	unsigned long long first;
	int i;

	touch(place);
	first = place_phys(place->target);
	for (i = 1; i < pages_of(place); i++) {
		if (place_phys(place->target + i * PAGE) != first + i * PAGE)
			return false;
	}
	return first != 0;
}

bool place_is_scattered(const struct place *place)
{
	int i;

	touch(place);
	for (i = 1; i < pages_of(place); i++) {
		if (place_phys(place->target + i * PAGE) ==
		    place_phys(place->target + (i - 1) * PAGE) + PAGE)
			return false;
	}
	return true;
}

bool place_is_above_4g(const struct place *place)
{
	int i;

	touch(place);
	for (i = 0; i < pages_of(place); i++) {
		if (place_phys(place->target + i * PAGE) < 1ULL << 32)
			return false;
	}
	return true;
}

int place_vmas(const void *start)
{
	unsigned long from = (unsigned long)start, to = from + PLACE_SIZE;
	unsigned long begin, end;
	char line[512];
	int count = 0;
	FILE *maps;

	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &begin, &end) == 2 && begin < to &&
		    end > from)
			count++;
	}
	if (maps)
		fclose(maps);
	return count;
}

/* ---- mappings ---- */

static unsigned char *map_fd(int fd, off_t offset, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* Two mappings of the first bytes of @fd */
static int map_twice(struct place *place, int fd, off_t offset)
{
	place->fd = fd;
	place->offset = offset;
	place->target = map_fd(fd, offset, place->size);
	place->view = map_fd(fd, offset, place->size);
	if (place->target == MAP_FAILED || place->view == MAP_FAILED)
		return -errno;
	return 0;
}

/* The pages of @fd from @offset on, the last one first */
static unsigned char *map_reversed(int fd, off_t offset)
{
	unsigned char *map = memory_reserve(PLACE_SIZE);
	int i;

	for (i = 0; i < PLACE_PAGES && map != MAP_FAILED; i++) {
		if (mmap(map + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd,
			 offset + (PLACE_PAGES - 1 - i) * PAGE) == MAP_FAILED)
			return MAP_FAILED;
	}
	return map;
}

/* PLACE_PAGES pages within @map that happen to be contiguous, NULL if none are */
static unsigned char *find_run(unsigned char *map)
{
	unsigned long long phys, last = 0;
	size_t at;
	int run = 0;

	for (at = 0; at < RUN_SEARCH; at += PAGE) {
		phys = place_phys(map + at);
		run = phys && phys == last + PAGE ? run + 1 : 1;
		last = phys;
		if (run == PLACE_PAGES)
			return map + at - (PLACE_PAGES - 1) * PAGE;
	}
	return NULL;
}

/* ---- makers ---- */

static int make_memory(struct place *place, enum memory_kind kind, size_t size)
{
	struct memory mem;
	int ret = memory_alloc(&mem, kind, size);

	return ret ?: map_twice(place, mem.fd, mem.offset);
}

static int make_vb2_contig(struct place *place, unsigned int flags)
{
	struct v4l2_create_buffers create = {
		.count = 1,
		.memory = V4L2_MEMORY_MMAP,
		.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		CREATE_FLAGS(flags)
	};
	struct v4l2_buffer buf;
	int fd = node_open(NODE_EXPORTER);
	int ret;

	if (fd < 0)
		return fd;
	if (ioctl(fd, VIDIOC_G_FMT, &create.format))
		return -errno;
	create.format.fmt.pix.sizeimage = place->size;
	if (ioctl(fd, VIDIOC_CREATE_BUFS, &create))
		return -errno;
	ret = video_querybuf(fd, create.index, &buf);
	ret = ret ?: map_twice(place, fd, buf.m.offset);
	place->fd = -1;		/* a node maps no parts of a buffer */
	place->node = fd;
	return ret;
}

static int make_by_device(struct place *place, const char *device)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : map_twice(place, fd, PAGE * 4);
}

static int huge_memfd(size_t size)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_ALLOW_SEALING);

	if (fd >= 0 && !ftruncate(fd, size) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return fd;
	return -errno;
}

static int make_hugetlb(struct place *place)
{
	int fd = huge_memfd(HUGE_PAGE);
	unsigned char *target, *view;

	if (fd < 0)
		return fd;
	target = map_fd(fd, 0, HUGE_PAGE);
	view = map_fd(fd, 0, HUGE_PAGE);
	if (target == MAP_FAILED || view == MAP_FAILED)
		return -errno;
	place->target = target + 5 * PLACE_SIZE;
	place->view = view + 5 * PLACE_SIZE;
	return 0;
}

/* A memfd with PLACE_PAGES pages at @offset that happen to be contiguous */
static int run_memfd(off_t *offset)
{
	int fd = memfd_create("run", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unsigned char *map, *run;

	if (fd < 0 || ftruncate(fd, RUN_SEARCH) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	map = mmap(NULL, RUN_SEARCH, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, 0);
	run = map == MAP_FAILED ? NULL : find_run(map);
	if (!run)
		return -ENOMEM;
	*offset = run - map;
	return fd;
}

/* Parts of a huge page are contiguous, and surely not when listed backwards */
static int make_udmabuf(struct place *place, bool reversed)
{
	struct udmabuf_create_list *list;
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	off_t first = 0;
	int i, fd, memfd, pages = pages_of(place);

	if (dev < 0)
		return -ENODEV;
	memfd = UDMABUF_TAKES_HUGETLB ? huge_memfd(HUGE_PAGE) : run_memfd(&first);
	if (memfd < 0)
		return memfd;
	list = calloc(1, sizeof(*list) + pages * sizeof(list->list[0]));
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = pages;
	for (i = 0; i < pages; i++) {
		list->list[i].memfd = memfd;
		list->list[i].offset = first + PAGE * (reversed ? pages - 1 - i : i);
		list->list[i].size = PAGE;
	}
	fd = ioctl(dev, UDMABUF_CREATE_LIST, list);
	free(list);
	return fd < 0 ? -errno : map_twice(place, fd, 0);
}

/* Afterwards every other page of some is free, and the ones beside it are not */
static int fragment_heap(void)
{
	struct memory pages[4 * PLACE_PAGES];
	int i, ret = 0;

	for (i = 0; !ret && i < 4 * PLACE_PAGES; i++)
		ret = memory_alloc(&pages[i], MEMORY_SYSTEM_HEAP, PAGE);
	while (!ret && (i -= 2) >= 0)
		memory_close(&pages[i]);
	return ret;
}

/* Less than the heap allocates in one piece: pages of which none has a neighbour */
static int take_single_pages(void)
{
	struct memory pages;

	return memory_alloc(&pages, MEMORY_SYSTEM_HEAP, (PLACE_PAGES - 1) * PAGE);
}

/*
 * Either contiguous or in single pages: as the heap's allocator has it. What a try
 * found is kept, so that the next one is given other pages.
 */
static int make_system_heap(struct place *place)
{
	int tries = 25, ret;

	do {
		ret = SYSTEM_HEAP_SCATTERS ? fragment_heap() : 0;
		ret = ret ?: make_memory(place, MEMORY_SYSTEM_HEAP, place->size);
		if (ret || (SYSTEM_HEAP_SCATTERS ? place_is_scattered(place) :
						   place_is_contiguous(place)))
			return ret;
		if (!SYSTEM_HEAP_SCATTERS)
			ret = take_single_pages();
	} while (!ret && --tries);
	return ret ?: -ENOMEM;
}

static int make_anonymous(struct place *place, bool scattered)
{
	unsigned char *map, *run, *to;
	int i;

	map = mmap(NULL, RUN_SEARCH, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (HUGE_PAGES_ARE_COPIED && madvise(map, RUN_SEARCH, MADV_NOHUGEPAGE))
		return -errno;
	memset(map, 1, RUN_SEARCH);
	run = find_run(map);
	if (!run)
		return -ENOMEM;
	place->target = run;
	if (scattered) {
		place->target = memory_reserve(PLACE_SIZE);
		for (i = 0; i < PLACE_PAGES; i++) {
			to = place->target + (PLACE_PAGES - 1 - i) * PAGE;
			if (mremap(run + i * PAGE, PAGE, PAGE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
				return -errno;
		}
	}
	place->view = place->target;
	return 0;
}

static int make_memfd(struct place *place, bool scattered)
{
	off_t offset = 0;
	int fd = run_memfd(&offset);

	if (fd < 0)
		return fd;
	if (!scattered)
		return map_twice(place, fd, offset);
	place->target = map_reversed(fd, offset);
	place->view = map_reversed(fd, offset);
	if (place->target == MAP_FAILED || place->view == MAP_FAILED)
		return -errno;
	return 0;
}

static int try_make(struct place *place, enum place_kind kind, size_t size)
{
	*place = (struct place) { .fd = -1, .size = size, .node = -1 };
	switch (kind) {
	case PLACE_VB2_CONTIG:
		return make_vb2_contig(place, 0);
	case PLACE_VB2_NON_COHERENT:
		return make_vb2_contig(place, MEMORY_NON_COHERENT);
	case PLACE_VIVID:
		return make_memory(place, MEMORY_VIVID, VIVID_SIZE);
	case PLACE_SYSTEM_HEAP:
		return make_system_heap(place);
	case PLACE_CMA_HEAP:
		return make_memory(place, MEMORY_CMA_HEAP, place->size);
	case PLACE_UDMABUF:
	case PLACE_UDMABUF_SCATTERED:
		return make_udmabuf(place, kind == PLACE_UDMABUF_SCATTERED);
	case PLACE_EXTENTS:
		return make_by_device(place, "/dev/vo_extents");
	case PLACE_EXTENTS_SCATTERED:
		return make_by_device(place, "/dev/vo_extents_scattered");
	case PLACE_EXTENTS_VMAP:
		return make_by_device(place, "/dev/vo_extents_vmap");
	case PLACE_EXTENTS_PIECES:
		return make_by_device(place, "/dev/vo_extents_pieces");
	case PLACE_DMABUF:
		return make_by_device(place, "/dev/vo_dmabuf");
	case PLACE_DMABUF_NO_VMAP:
		return make_by_device(place, "/dev/vo_dmabuf_no_vmap");
	case PLACE_ANONYMOUS:
	case PLACE_ANONYMOUS_SCATTERED:
		return make_anonymous(place, kind == PLACE_ANONYMOUS_SCATTERED);
	case PLACE_HUGETLB:
		return make_hugetlb(place);
	case PLACE_MEMFD:
	case PLACE_MEMFD_SCATTERED:
		return make_memfd(place, kind == PLACE_MEMFD_SCATTERED);
	}
	return -EINVAL;
}

/*
 * Where freed pages come back one by one, none may lie next to another. What a
 * try found it keeps, so that the next one is given others.
 */
static int make(struct place *place, enum place_kind kind, size_t size)
{
	int tries = 5, fd, ret;

	do {
		ret = try_make(place, kind, size);
		if (ret != -ENOMEM)
			return ret;
		fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "1", 1) != 1)
			return ret;
		close(fd);
	} while (--tries);
	return ret;
}

int place_make(struct place *place, enum place_kind kind)
{
	return make(place, kind, PLACE_SIZE);
}

int place_make_small(struct place *place, enum place_kind kind)
{
	return make(place, kind, PLACE_SMALL);
}

/* ---- large ones ---- */

/* The page of the pool that lies at @phys, -1 if none does */
static int huge_page_at(const unsigned char *pool, unsigned long long phys)
{
	int i;

	for (i = 0; i < POOL; i++) {
		if (place_phys(pool + i * HUGE_PAGE) == phys)
			return i;
	}
	return -1;
}

/* BIG_PAGES of the pool that adjoin, in their order */
static int find_adjoining(const unsigned char *pool, int *pages)
{
	unsigned long long phys;
	int first, n;

	for (first = 0; first < POOL; first++) {
		phys = place_phys(pool + first * HUGE_PAGE);
		for (n = 0; n < BIG_PAGES; n++, phys += HUGE_PAGE) {
			pages[n] = huge_page_at(pool, phys);
			if (pages[n] < 0)
				break;
		}
		if (n == BIG_PAGES)
			return 0;
	}
	return -ENOENT;
}

static int map_big(struct place *place, int memfd, const int *pages)
{
	unsigned long at = (unsigned long)memory_reserve(PLACE_BIG + HUGE_PAGE);
	int i;

	at = (at + HUGE_PAGE - 1) & -(unsigned long)HUGE_PAGE;
	for (i = 0; i < BIG_PAGES; i++) {
		if (mmap((void *)(at + i * HUGE_PAGE), HUGE_PAGE,
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd,
			 (off_t)pages[i] * HUGE_PAGE) == MAP_FAILED)
			return -errno;
	}
	place->target = (void *)at;
	return 0;
}

static int map_big_udmabuf(struct place *place, int memfd, const int *pages)
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct udmabuf_create_list *list;
	int i, fd;

	if (dev < 0)
		return -ENODEV;
	list = calloc(1, sizeof(*list) + BIG_PAGES * sizeof(list->list[0]));
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = BIG_PAGES;
	for (i = 0; i < BIG_PAGES; i++) {
		list->list[i].memfd = memfd;
		list->list[i].offset = (off_t)pages[i] * HUGE_PAGE;
		list->list[i].size = HUGE_PAGE;
	}
	fd = ioctl(dev, UDMABUF_CREATE_LIST, list);
	free(list);
	if (fd < 0)
		return -errno;
	place->target = map_fd(fd, 0, PLACE_BIG);
	return place->target == MAP_FAILED ? -errno : 0;
}

int place_make_big(struct place *place, bool udmabuf)
{
	int memfd = huge_memfd((off_t)POOL * HUGE_PAGE), pages[BIG_PAGES], ret;
	unsigned char *pool;

	*place = (struct place) { .fd = -1, .size = PLACE_BIG, .node = -1 };
	if (memfd < 0)
		return memfd;
	pool = mmap(NULL, (size_t)POOL * HUGE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, memfd, 0);
	if (pool == MAP_FAILED)
		return -errno;
	ret = find_adjoining(pool, pages);
	munmap(pool, (size_t)POOL * HUGE_PAGE);
	if (ret)
		return ret;
	ret = udmabuf ? map_big_udmabuf(place, memfd, pages) :
			map_big(place, memfd, pages);
	place->view = place->target;
	return ret;
}

/* ---- changes ---- */

int place_protect(struct place *place)
{
	uintptr_t huge = (uintptr_t)place->target & -(uintptr_t)HUGE_PAGE;

	if (!mprotect(place->target, PLACE_SIZE, PROT_READ))
		return 0;
	return mprotect((void *)huge, HUGE_PAGE, PROT_READ) ? -errno : 0;
}

int place_split(struct place *place)
{
	unsigned char *page = place->target + PAGE;

	/*
	 * Special mappings stay apart once they are cut, ordinary ones join
	 * again unless they differ.
	 */
	if (mprotect(page, PAGE, PROT_READ) ||
	    mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		return -errno;
	if (madvise(page, PAGE, MADV_DONTFORK))
		return -errno;
	if (place->fd < 0)
		return 0;
	page += PAGE;
	if (munmap(page, PAGE) ||
	    mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 place->fd, place->offset + 2 * PAGE) != page)
		return -errno;
	return 0;
}
