// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "memory.h"
#include "video.h"

#define HEAPS	"/dev/dma_heap"

const char *memory_name(enum memory_kind kind)
{
	static const char *const names[] = {
		[MEMORY_VIVID] = "vivid dma-contig buffer",
		[MEMORY_VIVID_DMABUF] = "exported vivid dma-contig buffer",
		[MEMORY_CMA_HEAP] = "CMA heap",
		[MEMORY_SYSTEM_HEAP] = "system heap",
		[MEMORY_UDMABUF] = "udmabuf",
		[MEMORY_MEMFD] = "shared memfd",
		[MEMORY_ANONYMOUS] = "anonymous memory",
		[MEMORY_HUGETLB] = "memfd of huge pages",
	};

	return names[kind];
}

static int open_driver(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	return fd;
}

static int alloc_from_heap(const char *name, size_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	char path[300];
	int heap, ret;

	snprintf(path, sizeof(path), HEAPS "/%s", name);
	heap = open_driver(path);
	if (heap < 0)
		return heap;
	ret = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
	close(heap);
	return ret;
}

/* The name of a CMA heap depends on the kernel's age and on the firmware. */
static int alloc_from_cma_heap(size_t size)
{
	struct dirent *entry;
	char name[256] = "";
	DIR *dir;

	dir = opendir(HEAPS);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "system", 6))
			snprintf(name, sizeof(name), "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return name[0] ? alloc_from_heap(name, size) : -ENODEV;
}

static int alloc_memfd(size_t size, unsigned int flags)
{
	int fd = memfd_create("vma_owner", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, size) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return fd;
	close(fd);
	return -EIO;
}

static int alloc_udmabuf(struct memory *mem)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = mem->size,
	};
	int dev = open_driver("/dev/udmabuf");
	int ret;

	if (dev < 0)
		return dev;
	mem->memfd = alloc_memfd(mem->size, 0);
	create.memfd = mem->memfd;
	ret = ioctl(dev, UDMABUF_CREATE, &create);
	if (ret < 0)
		ret = -errno;
	close(dev);
	return ret;
}

static int alloc_from_vivid(struct memory *mem)
{
	struct v4l2_buffer buf;
	int ret;

	ret = video_create_buffer(mem->device, mem->size, &buf);
	if (ret)
		return ret;
	mem->index = buf.index;
	if (mem->kind == MEMORY_VIVID_DMABUF)
		return video_export_buffer(mem->device, buf.index);
	mem->offset = buf.m.offset;
	ret = dup(mem->device);
	return ret < 0 ? -errno : ret;
}

static int alloc_memory(struct memory *mem)
{
	switch (mem->kind) {
	case MEMORY_VIVID:
	case MEMORY_VIVID_DMABUF:
		return mem->device < 0 ? mem->device : alloc_from_vivid(mem);
	case MEMORY_CMA_HEAP:
		return alloc_from_cma_heap(mem->size);
	case MEMORY_SYSTEM_HEAP:
		return alloc_from_heap("system", mem->size);
	case MEMORY_UDMABUF:
		return alloc_udmabuf(mem);
	case MEMORY_MEMFD:
		return alloc_memfd(mem->size, 0);
	case MEMORY_HUGETLB:
		return alloc_memfd(mem->size, MFD_HUGETLB);
	default:
		return -1;
	}
}

static int alloc_with(struct memory *mem, enum memory_kind kind, size_t size, int device)
{
	memset(mem, 0, sizeof(*mem));
	mem->kind = kind;
	mem->size = size;
	mem->device = device;
	mem->memfd = -1;
	mem->fd = alloc_memory(mem);
	if (mem->fd >= 0 || kind == MEMORY_ANONYMOUS)
		return 0;
	memory_close(mem);
	return mem->fd;
}

static bool from_vivid(enum memory_kind kind)
{
	return kind == MEMORY_VIVID || kind == MEMORY_VIVID_DMABUF;
}

int memory_alloc(struct memory *mem, enum memory_kind kind, size_t size)
{
	return alloc_with(mem, kind, size, from_vivid(kind) ? video_open_exporter() : -1);
}

int memory_alloc_for_importer(struct memory *mem, enum memory_kind kind, size_t size,
			      int *importer)
{
	*importer = video_open_importer();
	return *importer < 0 ? *importer : memory_alloc(mem, kind, size);
}

int memory_alloc_sibling(struct memory *mem, const struct memory *first)
{
	int device = from_vivid(first->kind) ? dup(first->device) : -1;

	return alloc_with(mem, first->kind, first->size, device);
}

void memory_close(struct memory *mem)
{
	if (mem->fd >= 0)
		close(mem->fd);
	if (mem->device >= 0)
		close(mem->device);
	if (mem->memfd >= 0)
		close(mem->memfd);
	mem->device = -1;
	mem->memfd = -1;
	if (mem->fd >= 0)
		mem->fd = -1;
}

/* What @flags are for this memory. */
static int map_flags(const struct memory *mem, int flags)
{
	return mem->kind == MEMORY_ANONYMOUS ? MAP_PRIVATE | MAP_ANONYMOUS : flags;
}

void *memory_map_with(const struct memory *mem, int prot, int flags)
{
	return mmap(NULL, mem->size, prot, map_flags(mem, flags), mem->fd, mem->offset);
}

void *memory_map(const struct memory *mem)
{
	return memory_map_with(mem, PROT_READ | PROT_WRITE, MAP_SHARED);
}

void *memory_map_at(const struct memory *mem, void *where, size_t offset, size_t len)
{
	return mmap(where, len, PROT_READ | PROT_WRITE,
		    map_flags(mem, MAP_SHARED) | MAP_FIXED, mem->fd,
		    mem->offset + offset);
}

void *memory_reserve(size_t len)
{
	return mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}
