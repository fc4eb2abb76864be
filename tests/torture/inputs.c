// SPDX-License-Identifier: GPL-2.0
/*
 * Inputs that must be refused, and with which errno: a table of calls. What takes a user
 * address (the sample importer, V4L2's USERPTR, VFIO's type1 and iommufd) is handed the
 * same ranges by each; then what else the samples, mmap and debugfs can be asked.
 *
 * Nothing here needs a kernel of a certain version. A row whose driver is not there is
 * skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "memory.h"
#include "observe.h"
#include "samples.h"
#include "vfio.h"
#include "video.h"
#include "vma_owner_sample.h"

#define EXPORTER	"vma_owner_exporter"
#define IMPORTER	"vma_owner_importer"
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"
#define PINS		"/sys/kernel/debug/vma_owner/pins"

#define PAGE		4096UL
#define PAGES		64
#define SIZE		(PAGES * PAGE)
/* V4L2 wants a frame; so much of a range is asked for where nothing else is said */
#define ALL		(32 * PAGE)

#define NO		1	/* no errno: the row does not apply */
#define TAKEN		0	/* a control: what is good is taken */

static int exporter = -1, importer = -1, video = -1, heap = -1;
static unsigned int rows, failed, skipped;

/* ---- the table's output ---- */

__attribute__((format(printf, 3, 4)))
static void row(int got, int want, const char *format, ...)
{
	char name[256];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	rows++;
	if (got == -ENOTCONN) {
		skipped++;
		printf("ok %u - %s # SKIP not on this kernel\n", rows, name);
	} else if (got == want) {
		printf("ok %u - %s: %s\n", rows, name, want ? errno_name(-want) : "taken");
	} else {
		failed++;
		printf("not ok %u - %s: %s and not %s\n", rows, name,
		       got < 0 ? errno_name(-got) : "taken", want ? errno_name(-want) : "taken");
	}
}

/* ---- modules ---- */

/* ---- ranges of memory ---- */

static unsigned char *area;

/* What is at @area, to begin with a hole */
static void clear(void)
{
	munmap(area, 2 * SIZE);
}

static int map_at(size_t at, size_t len, int prot, int flags, int fd, size_t offset)
{
	void *map = mmap(area + at, len, prot, flags | MAP_FIXED, fd, offset);

	return map == MAP_FAILED ? -errno : 0;
}

static int owned_with(int prot)
{
	return map_at(0, SIZE, prot, MAP_SHARED, exporter, 0);
}

static int anon_with(int prot)
{
	return map_at(0, SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int hole(void) { return 0; }
static int owned(void) { return owned_with(PROT_READ | PROT_WRITE); }
static int owned_ro(void) { return owned_with(PROT_READ); }
static int owned_wo(void) { return owned_with(PROT_WRITE); }
static int owned_none(void) { return owned_with(PROT_NONE); }
static int anon(void) { return anon_with(PROT_READ | PROT_WRITE); }
static int anon_ro(void) { return anon_with(PROT_READ); }
static int anon_none(void) { return anon_with(PROT_NONE); }

static int owned_in_two(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0) ?:
	       map_at(PAGE, SIZE - PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, PAGE);
}

static int owned_second_ro(void)
{
	return owned() ?: mprotect(area + PAGE, PAGE, PROT_READ) ? -errno : 0;
}

static int owned_second_none(void)
{
	return owned() ?: mprotect(area + PAGE, PAGE, PROT_NONE) ? -errno : 0;
}

static int owned_swapped(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, PAGE) ?:
	       map_at(PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0) ?:
	       map_at(2 * PAGE, SIZE - 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter,
		      2 * PAGE);
}

static int owned_twice(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0) ?:
	       map_at(PAGE, SIZE - PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0);
}

static int owned_skips(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0) ?:
	       map_at(PAGE, SIZE - 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter,
		      2 * PAGE);
}

static int owned_then_hole(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0);
}

static int hole_then_owned(void)
{
	return owned() ?: munmap(area, PAGE) ? -errno : 0;
}

static int owned_with_hole(void)
{
	return owned() ?: munmap(area + PAGE, PAGE) ? -errno : 0;
}

static int owned_then_anon(void)
{
	return owned() ?: map_at(PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
}

static int anon_then_owned(void)
{
	return owned() ?: map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
}

static int anon_then_hole(void)
{
	return map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int hole_then_anon(void)
{
	return anon() ?: munmap(area, PAGE) ? -errno : 0;
}

static int anon_with_hole(void)
{
	return anon() ?: munmap(area + PAGE, PAGE) ? -errno : 0;
}

static int anon_second_ro(void)
{
	return anon() ?: mprotect(area + PAGE, PAGE, PROT_READ) ? -errno : 0;
}

static int from_heap(void)
{
	if (heap < 0)
		return -ENOTCONN;
	return map_at(0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, heap, 0);
}

static int from_heap_ro(void)
{
	if (heap < 0)
		return -ENOTCONN;
	return map_at(0, SIZE, PROT_READ, MAP_SHARED, heap, 0);
}

/* 5.10 has no such mapping, and others none of more than one piece */
static int from_heap_private(void)
{
	int ret = heap < 0 ? -EINVAL : map_at(0, PAGE, PROT_READ, MAP_PRIVATE, heap, 0);

	return ret == -EINVAL ? -ENOTCONN : ret;
}

static int owned_then_heap(void)
{
	if (heap < 0)
		return -ENOTCONN;
	return owned() ?: map_at(PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, heap, PAGE);
}

static int heap_then_owned(void)
{
	return from_heap() ?: map_at(PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter,
				     PAGE);
}

static int heap_swapped(void)
{
	return from_heap() ?: map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, heap, PAGE);
}

static int heap_then_anon(void)
{
	return from_heap() ?: map_at(PAGE, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int file_at(const char *path, int prot, int flags, int mode)
{
	int fd = open(path, mode | O_CLOEXEC), ret;

	if (fd < 0)
		return errno == ENOENT ? -ENOTCONN : -errno;
	ret = map_at(0, SIZE, prot, flags, fd, 0);
	close(fd);
	return ret;
}

/* The memory of the guest's ivshmem, mapped by sysfs: VM_PFNMAP, and if private nobody's */
static int bar_without_owner(void)
{
	char name[PCI_NAME_LENGTH], path[128];

	if (pci_find(name, IVSHMEM, false, 0))
		return -ENOTCONN;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", name);
	return file_at(path, PROT_READ | PROT_WRITE, MAP_PRIVATE, O_RDWR);
}

static int owned_then_bar(void)
{
	char name[PCI_NAME_LENGTH], path[128];
	int fd, ret;

	if (pci_find(name, IVSHMEM, false, 0))
		return -ENOTCONN;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -ENOTCONN;
	ret = owned() ?: map_at(PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return ret;
}

static int write_revoke(const char *what)
{
	int fd = open(REVOKE, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, what, strlen(what)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int revoked(void)
{
	return owned() ?: write_revoke("temporary");
}

static void restore(int (*make)(void))
{
	if (make == revoked)
		write_revoke("restore");
}

/*
 * A range of the area, and what the four kinds of pins and those who take addresses say of
 * it: to read, to write, both as an importer that cannot be revoked; V4L2, which writes and
 * cannot; VFIO, which writes.
 */
static const struct range {
	const char *name;
	int (*make)(void);
	size_t at, len;
	int read, write, static_read, static_write, v4l2, vfio;
} ranges[] = {
	{ "owned memory", owned, 0, ALL, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, 0 },
	{ "owned memory, all", owned, 0, SIZE, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, 0 },
	{ "owned memory, in two mappings", owned_in_two, 0, ALL, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP,
	  -EOPNOTSUPP, 0 },
	{ "owned memory, not aligned", owned, 100, ALL, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP,
	  -EOPNOTSUPP, -EINVAL },
	{ "owned memory, the last byte", owned, SIZE - 1, 1, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP, NO,
	  -EINVAL },
	{ "owned memory and a byte behind it", owned, 0, SIZE + 1, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EINVAL },
	{ "owned memory and a page behind it", owned, PAGE, SIZE, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "the page behind owned memory", owned, SIZE, PAGE, -EFAULT, -EFAULT, -EFAULT, -EFAULT,
	  NO, -EFAULT },
	{ "owned memory, no bytes", owned, 0, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL, NO, -EINVAL },
	{ "owned memory, read only", owned_ro, 0, ALL, 0, -EFAULT, -EOPNOTSUPP, -EFAULT, -EFAULT,
	  -EFAULT },
	{ "owned memory, write only", owned_wo, 0, ALL, -EFAULT, 0, -EFAULT, -EOPNOTSUPP,
	  -EOPNOTSUPP, 0 },
	{ "owned memory without access", owned_none, 0, ALL, -EFAULT, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT },
	{ "owned memory, the second page read only", owned_second_ro, 0, ALL, 0, -EFAULT,
	  -EOPNOTSUPP, -EFAULT, -EFAULT, -EFAULT },
	{ "owned memory, the second page without access", owned_second_none, 0, ALL, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
	{ "owned memory, two pages swapped", owned_swapped, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "owned memory, the first page twice", owned_twice, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "owned memory, a page left out", owned_skips, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "owned memory, then a hole", owned_then_hole, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "a hole, then owned memory", hole_then_owned, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "owned memory with a hole", owned_with_hole, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "owned, then ordinary memory", owned_then_anon, 0, 2 * PAGE, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, NO, NO },
	{ "ordinary, then owned memory", anon_then_owned, 0, 2 * PAGE, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, NO, NO },
	{ "owned memory between ordinary", anon_then_owned, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "owned memory that is taken back", revoked, 0, ALL, -ENODEV, -ENODEV, -EOPNOTSUPP,
	  -EOPNOTSUPP, -EOPNOTSUPP, -ENODEV },
	{ "a dma-buf", from_heap, 0, ALL, 0, 0, 0, 0, 0, NO },
	{ "a dma-buf, read only", from_heap_ro, 0, ALL, 0, -EFAULT, 0, -EFAULT, -EFAULT, NO },
	{ "a dma-buf, private and read only", from_heap_private, 0, PAGE, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO, -EFAULT },
	{ "a dma-buf, two pages swapped", heap_swapped, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "a dma-buf and a byte behind it", from_heap, 0, SIZE + 1, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EINVAL },
	{ "a dma-buf, no bytes", from_heap, 0, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL, NO,
	  -EINVAL },
	{ "owned memory, then a dma-buf", owned_then_heap, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "a dma-buf, then owned memory", heap_then_owned, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "a dma-buf, then ordinary memory", heap_then_anon, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, NO },
	{ "a BAR without owner", bar_without_owner, 0, ALL, -EFAULT, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, NO },
	{ "owned memory, then a BAR", owned_then_bar, 0, ALL, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT, NO },
	{ "ordinary memory", anon, 0, ALL, 0, 0, 0, 0, 0, 0 },
	{ "ordinary memory, not aligned", anon, 100, ALL, 0, 0, 0, 0, 0, -EINVAL },
	{ "ordinary memory, no bytes", anon, 0, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL, NO,
	  -EINVAL },
	{ "ordinary memory, read only", anon_ro, 0, ALL, 0, -EFAULT, 0, -EFAULT, -EFAULT,
	  -EFAULT },
	{ "ordinary memory without access", anon_none, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "ordinary memory, the second page read only", anon_second_ro, 0, ALL, 0, -EFAULT, 0,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "ordinary memory, then a hole", anon_then_hole, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "a hole, then ordinary memory", hole_then_anon, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "ordinary memory with a hole", anon_with_hole, 0, ALL, -EFAULT, -EFAULT, -EFAULT,
	  -EFAULT, -EFAULT, -EFAULT },
	{ "a hole", hole, 0, ALL, -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
};

/* Addresses that are not in the area */
static const struct place {
	const char *name;
	uint64_t addr, len;
	int ret, v4l2;
} places[] = {
	{ "address 0", 0, ALL, -EFAULT, NO },
	{ "the first page, all but its first byte", 1, PAGE - 1, -EFAULT, NO },
	{ "all addresses", 0, ~0ULL, -EINVAL, NO },
	{ "a length that wraps", PAGE, ~0ULL, -EINVAL, NO },
	{ "the last byte", ~0ULL, 1, -EINVAL, NO },
	{ "the last page", ~0ULL << 12, PAGE, -EINVAL, NO },
	{ "the page before the last", ~0ULL << 13, PAGE, -EFAULT, NO },
	{ "an address that the processor does not have", 1ULL << 56, ALL, -EFAULT, -EFAULT },
	{ "the end of user space", 0x7ffffffff000ULL, PAGE, -EFAULT, NO },
	{ "over the end of user space", 0x7fffffffe000ULL, ALL, -EFAULT, -EFAULT },
	{ "the kernel's half", 0xffff800000000000ULL, ALL, -EFAULT, -EFAULT },
	{ "the kernel's memory", 0xffff888000000000ULL, ALL, -EFAULT, -EFAULT },
	{ "the kernel's code", 0xffffffff81000000ULL, ALL, -EFAULT, -EFAULT },
};

/* ---- who takes addresses ---- */

static int pin(uint64_t addr, uint64_t len, unsigned int flags)
{
	struct vma_sample_pin arg = { .addr = addr, .len = len, .flags = flags };

	if (importer < 0)
		return -ENOTCONN;
	if (ioctl(importer, VMA_SAMPLE_IOC_PIN, &arg))
		return -errno;
	ioctl(importer, VMA_SAMPLE_IOC_UNPIN, &arg.id);
	return 0;
}

static int queue(uint64_t addr, size_t len)
{
	int ret;

	if (video < 0)
		return -ENOTCONN;
	ret = video_reqbufs(video, V4L2_MEMORY_USERPTR, 1);
	if (!ret)
		ret = video_queue_user(video, 0, (void *)(uintptr_t)addr, len);
	video_reqbufs(video, V4L2_MEMORY_USERPTR, 0);
	return ret;
}

static struct {
	const char *name;
	enum container kind;
	int container;
	struct vfio_device dev;
} vfios[] = {
	{ "type1", CONTAINER_TYPE1 },
	{ "iommufd", CONTAINER_COMPAT },
};

static int vfio(int container, uint64_t addr, uint64_t len, uint64_t iova, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg), .flags = flags, .vaddr = addr, .iova = iova, .size = len,
	};

	if (container < 0)
		return -ENOTCONN;
	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &arg))
		return -errno;
	container_unmap(container, iova, len);
	return 0;
}

#define BOTH	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static int vfio_says(const struct range *r)
{
	bool revocable = r->static_write == -EOPNOTSUPP;

	if (revocable && r->vfio != -EINVAL && !vfio_takes_owned())
		return -EFAULT;
	return r->vfio;
}

static void one_range(const struct range *r)
{
	const struct { const char *name; unsigned int flags; int want; } pins[] = {
		{ "to read", 0, r->read },
		{ "to write", VMA_SAMPLE_FOR_WRITE, r->write },
		{ "to read, static", VMA_SAMPLE_STATIC, r->static_read },
		{ "to write, static", VMA_SAMPLE_FOR_WRITE | VMA_SAMPLE_STATIC, r->static_write },
	};
	uint64_t addr = (uintptr_t)area + r->at;
	unsigned int i;
	int made;

	clear();
	made = exporter < 0 ? -ENOTCONN : r->make();
	if (made && made != -ENOTCONN) {
		row(made, 0, "making %s", r->name);
		return;
	}
	for (i = 0; i < 4; i++)
		if (pins[i].want != NO)
			row(made ?: pin(addr, r->len, pins[i].flags), pins[i].want,
			    "pin %s: %s", pins[i].name, r->name);
	if (r->v4l2 != NO)
		row(made ?: queue(addr, r->len), r->v4l2, "QBUF: %s", r->name);
	for (i = 0; i < 2 && r->vfio != NO; i++)
		row(made ?: vfio(vfios[i].container, addr, r->len, 1 << 24, BOTH), vfio_says(r),
		    "MAP_DMA of %s: %s", vfios[i].name, r->name);
	restore(r->make);
}

static void one_place(const struct place *p)
{
	row(pin(p->addr, p->len, 0), p->ret, "pin to read: %s", p->name);
	row(pin(p->addr, p->len, VMA_SAMPLE_FOR_WRITE), p->ret, "pin to write: %s", p->name);
	row(pin(p->addr, p->len, VMA_SAMPLE_STATIC), p->ret, "pin to read, static: %s", p->name);
	if (p->v4l2 != NO)
		row(queue(p->addr, p->len), p->v4l2, "QBUF: %s", p->name);
}

/* ---- the importer's other calls ---- */

static int call(unsigned long cmd, void *arg)
{
	if (importer < 0)
		return -ENOTCONN;
	return ioctl(importer, cmd, arg) ? -errno : 0;
}

static int map_pin(__u32 id, __u32 mappings, bool map)
{
	struct vma_sample_map arg = { .id = id, .mappings = mappings };

	return call(map ? VMA_SAMPLE_IOC_MAP : VMA_SAMPLE_IOC_UNMAP, &arg);
}

static int copy_pin(__u32 id, void *user, __u64 offset, __u32 len, bool write)
{
	struct vma_sample_copy arg = {
		.user = (uintptr_t)user, .offset = offset, .len = len, .id = id,
	};

	return call(write ? VMA_SAMPLE_IOC_WRITE : VMA_SAMPLE_IOC_READ, &arg);
}

static int report_pin(__u32 id)
{
	struct vma_sample_report arg = { .id = id };

	return call(VMA_SAMPLE_IOC_REPORT, &arg);
}

static int unpin(__u32 id)
{
	return call(VMA_SAMPLE_IOC_UNPIN, &id);
}

static __u32 good_pin(unsigned int flags)
{
	struct vma_sample_pin arg = { .addr = (uintptr_t)area, .len = ALL, .flags = flags };

	return call(VMA_SAMPLE_IOC_PIN, &arg) ? 0 : arg.id;
}

static void pin_flags(void)
{
	unsigned int bit;

	clear();
	owned();
	for (bit = 2; bit < 32; bit += 5)
		row(pin((uintptr_t)area, ALL, 1U << bit), -EINVAL, "pin: flag %u", bit);
	row(pin((uintptr_t)area, ALL, ~0U), -EINVAL, "pin: all flags");
}

static void ids(void)
{
	static const struct { const char *name; __u32 id; } bad[] = {
		{ "id 0", 0 }, { "an id that there is not", 77 }, { "the last id", 1023 },
		{ "an id beyond", 1024 }, { "the greatest id", ~0U }, { "a negative id", 1U << 31 },
	};
	unsigned int i;
	char byte = 0;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		row(unpin(bad[i].id), -ENOENT, "unpin: %s", bad[i].name);
		row(map_pin(bad[i].id, VMA_SAMPLE_DMA, true), -ENOENT, "map: %s", bad[i].name);
		row(map_pin(bad[i].id, VMA_SAMPLE_DMA, false), -ENOENT, "unmap: %s", bad[i].name);
		row(copy_pin(bad[i].id, &byte, 0, 1, false), -ENOENT, "read: %s", bad[i].name);
		row(copy_pin(bad[i].id, &byte, 0, 1, true), -ENOENT, "write: %s", bad[i].name);
		row(report_pin(bad[i].id), -ENOENT, "report: %s", bad[i].name);
	}
}

static void copies(void)
{
	static unsigned char bytes[2 * PAGE];
	__u32 id, reads;

	clear();
	owned();
	id = good_pin(VMA_SAMPLE_FOR_WRITE);
	reads = good_pin(0);
	row(copy_pin(id, bytes, 0, 1, false), -EINVAL, "read of a pin that is not mapped");
	row(copy_pin(id, bytes, 0, 1, true), -EINVAL, "write of a pin that is not mapped");
	row(map_pin(id, 4, true), -EINVAL, "map: mapping 4");
	row(map_pin(id, ~0U, true), -EINVAL, "map: all mappings");
	row(map_pin(id, ~0U, false), -EINVAL, "unmap: all mappings");
	row(map_pin(id, 0, true), TAKEN, "map: nothing");
	row(map_pin(id, VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL, true), TAKEN, "map: both");
	row(map_pin(id, VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL, true), TAKEN, "map: both once more");
	row(map_pin(reads, VMA_SAMPLE_KERNEL, true), TAKEN, "map of a pin to read");
	row(copy_pin(id, bytes, 0, sizeof(bytes), false), TAKEN, "read");
	row(copy_pin(id, bytes, 0, 0, false), TAKEN, "read: no bytes");
	row(copy_pin(id, bytes, ALL, 0, false), TAKEN, "read: no bytes at the end");
	row(copy_pin(id, bytes, ALL + 1, 0, false), -EINVAL, "read: no bytes behind the end");
	row(copy_pin(id, bytes, ALL - 1, 2, false), -EINVAL, "read: over the end");
	row(copy_pin(id, bytes, ALL, 1, false), -EINVAL, "read: behind the end");
	row(copy_pin(id, bytes, ~0ULL, 1, false), -EINVAL, "read: the greatest offset");
	row(copy_pin(id, bytes, ~0ULL, 2, false), -EINVAL, "read: an offset that wraps");
	row(copy_pin(id, bytes, 1ULL << 32, 1, false), -EINVAL, "read: an offset of 33 bits");
	row(copy_pin(id, bytes, 0, ~0U, false), -EINVAL, "read: the greatest length");
	row(copy_pin(id, bytes, 0, (1 << 20) + 1, false), -EINVAL, "read: more than 1 MiB");
	row(copy_pin(id, NULL, 0, 1, false), -EFAULT, "read to address 0");
	row(copy_pin(id, NULL, 0, 1, true), -EFAULT, "write from address 0");
	row(copy_pin(id, (void *)~0UL, 0, 1, false), -EFAULT, "read to the last byte");
	row(copy_pin(id, (void *)(0xffffUL << 48), 0, 1, false), -EFAULT, "read to the kernel");
	row(copy_pin(id, bytes, ALL - 1, 2, true), -EINVAL, "write: over the end");
	row(copy_pin(id, bytes, ~0ULL, 2, true), -EINVAL, "write: an offset that wraps");
	row(copy_pin(reads, bytes, 0, 1, true), -EACCES, "write of a pin to read");
	write_revoke("temporary");
	row(copy_pin(id, bytes, 0, 1, false), -ENODEV, "read of what is taken back");
	row(copy_pin(id, bytes, 0, 1, true), -ENODEV, "write of what is taken back");
	row(map_pin(id, VMA_SAMPLE_DMA, true), -ENODEV, "map of what is taken back");
	row(report_pin(id), TAKEN, "report of what is taken back");
	write_revoke("restore");
	row(copy_pin(id, bytes, 0, 1, false), TAKEN, "read of what is back");
	row(unpin(id), TAKEN, "unpin");
	row(unpin(id), -ENOENT, "unpin twice");
	unpin(reads);
}

static void strange_calls(void)
{
	int again = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	__u32 id = good_pin(0);

	row(call(VMA_SAMPLE_IOC_PIN, NULL), -EFAULT, "pin: no argument");
	row(call(VMA_SAMPLE_IOC_UNPIN, NULL), -EFAULT, "unpin: no argument");
	row(call(VMA_SAMPLE_IOC_MAP, (void *)1), -EFAULT, "map: an argument at 1");
	row(call(VMA_SAMPLE_IOC_UNMAP, (void *)1), -EFAULT, "unmap: an argument at 1");
	row(call(VMA_SAMPLE_IOC_READ, (void *)~0UL), -EFAULT, "read: an argument at the end");
	row(call(VMA_SAMPLE_IOC_WRITE, (void *)~0UL), -EFAULT, "write: an argument at the end");
	row(call(VMA_SAMPLE_IOC_REPORT, NULL), -EFAULT, "report: no argument");
	row(call(0, NULL), -ENOTTY, "ioctl 0");
	row(call(_IO('V', 0xe0), NULL), -ENOTTY, "pin of another size");
	row(call(_IOW('V', 0xe0, struct vma_sample_pin), NULL), -ENOTTY, "pin one way");
	row(call(_IO('V', 0xe7), NULL), -ENOTTY, "an ioctl behind the last");
	row(call(0xffffffffUL, NULL), -ENOTTY, "the greatest ioctl");
	if (again >= 0) {
		int first = importer;

		importer = again;
		row(unpin(id), -ENOENT, "unpin of another file's pin");
		row(report_pin(id), -ENOENT, "report of another file's pin");
		importer = first;
		close(again);
	}
	row(importer < 0 ? -ENOTCONN : read(importer, &id, 1) < 0 ? -errno : 0, -EINVAL,
	    "read() of the importer");
	row(importer < 0 ? -ENOTCONN : write(importer, &id, 1) < 0 ? -errno : 0, -EINVAL,
	    "write() to the importer");
	row(importer < 0 ? -ENOTCONN : map_at(0, PAGE, PROT_READ, MAP_SHARED, importer, 0),
	    -ENODEV, "mmap of the importer");
	unpin(id);
}

/* ---- mmap and its family ---- */

static int map_exporter(size_t len, int prot, int flags, size_t offset)
{
	if (exporter < 0)
		return -ENOTCONN;
	clear();
	return map_at(0, len, prot, flags, exporter, offset);
}

static int remap(size_t from, size_t old, size_t new, int flags, size_t to)
{
	void *map;

	if (exporter < 0)
		return -ENOTCONN;
	map = mremap(area + from, old, new, flags, area + to);
	return map == MAP_FAILED ? -errno : 0;
}

static void mappings(void)
{
	int reads = open("/dev/" EXPORTER, O_RDONLY | O_CLOEXEC);

	row(map_exporter(PAGE, PROT_READ, MAP_PRIVATE, 0), -EINVAL, "mmap: private, to read");
	row(map_exporter(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0), -EINVAL, "mmap: private");
	row(map_exporter(0, PROT_READ, MAP_SHARED, 0), -EINVAL, "mmap: no bytes");
	row(map_exporter(SIZE + PAGE, PROT_READ, MAP_SHARED, 0), -EINVAL, "mmap: a page too much");
	row(map_exporter(SIZE, PROT_READ, MAP_SHARED, PAGE), -EINVAL, "mmap: over the end");
	row(map_exporter(PAGE, PROT_READ, MAP_SHARED, SIZE), -EINVAL, "mmap: behind the end");
	row(map_exporter(PAGE, PROT_READ, MAP_SHARED, 1UL << 40), -EINVAL, "mmap: far behind");
	row(map_exporter(PAGE, PROT_READ, MAP_SHARED, 1), -EINVAL, "mmap: offset 1");
	row(map_exporter(PAGE, PROT_READ, 0, 0), -EINVAL, "mmap: neither shared nor private");
	row(map_exporter(1, PROT_READ, MAP_SHARED, 0), TAKEN, "mmap: a byte");
	row(map_exporter(SIZE, PROT_NONE, MAP_SHARED, 0), TAKEN, "mmap: without access");
	if (reads >= 0) {
		clear();
		row(map_at(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reads, 0), -EACCES,
		    "mmap to write of a file to read");
		/* Such a mapping is not VM_SHARED */
		row(map_at(0, PAGE, PROT_READ, MAP_SHARED, reads, 0), -EINVAL,
		    "mmap to read of a file to read");
		close(reads);
	}
	clear();
	owned();
	row(remap(0, PAGE, 2 * SIZE, MREMAP_MAYMOVE, 0), -EFAULT, "mremap: to grow");
	row(remap(SIZE - PAGE, PAGE, 2 * PAGE, 0, 0), -EFAULT, "mremap: to grow at the end");
	row(remap(0, 0, PAGE, MREMAP_MAYMOVE, 0), -EFAULT, "mremap: to have it twice");
	row(remap(1, PAGE, PAGE, MREMAP_MAYMOVE, 0), -EINVAL, "mremap: not aligned");
	row(remap(0, PAGE, PAGE, MREMAP_FIXED, SIZE), -EINVAL, "mremap: fixed, and may not move");
	row(remap(0, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), -EINVAL,
	    "mremap: to leave it mapped");
	row(remap(0, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, PAGE), -EINVAL,
	    "mremap: onto itself");
	row(remap(0, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, SIZE + PAGE), TAKEN, "mremap");
	row(madvise(area + PAGE, PAGE, MADV_DODUMP) ? -errno : 0, -EINVAL, "madvise: to be dumped");
	row(madvise(area + PAGE, PAGE, MADV_FREE) ? -errno : 0, -EINVAL, "madvise: to be freed");
	if (heap >= 0) {
		row(map_at(SIZE, PAGE, PROT_READ, MAP_SHARED, heap, SIZE), -EINVAL,
		    "mmap of a dma-buf: behind the end");
		row(map_at(SIZE, 2 * PAGE, PROT_READ, MAP_SHARED, heap, SIZE - PAGE), -EINVAL,
		    "mmap of a dma-buf: over the end");
	}
	row(munmap(area + 1, PAGE) ? -errno : 0, -EINVAL, "munmap: not aligned");
	row(munmap(area, 0) ? -errno : 0, -EINVAL, "munmap: no bytes");
	row(mprotect(area + PAGE, 2 * SIZE, PROT_READ) ? -errno : 0, -ENOMEM,
	    "mprotect: over the end");
}

/* ---- sysfs and debugfs ---- */

static void attributes(void)
{
	int fd = open(REVOKE, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		row(write_revoke("restore"), -EINVAL, "revoke: restore of what is not taken back");
		row(write_revoke("temporary now"), -EINVAL, "revoke: more than a word");
		row(write_revoke("temporar"), -EINVAL, "revoke: less than a word");
		row(write_revoke("TEMPORARY"), -EINVAL, "revoke: capitals");
		row(write_revoke("1"), -EINVAL, "revoke: a number");
		row(write_revoke("\n"), -EINVAL, "revoke: a newline");
		row(write_revoke("temporary\n"), TAKEN, "revoke: temporary and a newline");
		row(write_revoke("restore"), TAKEN, "revoke: restore");
	}
}

static void debugfs(void)
{
	int fd = open(PINS, O_RDONLY | O_CLOEXEC);
	char text[64];

	if (fd < 0) {
		row(-ENOTCONN, 0, "pins: open");
		return;
	}
	row(lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0, -ESPIPE, "pins: lseek");
	row(lseek(fd, 0, SEEK_END) < 0 ? -errno : 0, -ESPIPE, "pins: lseek to the end");
	row(pread(fd, text, 1, 0) < 0 ? -errno : 0, -ESPIPE, "pins: pread");
	row(write(fd, text, 1) < 0 ? -errno : 0, -EBADF, "pins: write");
	row(ioctl(fd, VMA_SAMPLE_IOC_PIN, text) ? -errno : 0, -ENOTTY, "pins: ioctl");
	row(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno : 0, -ENODEV,
	    "pins: mmap");
	row(syscall(SYS_read, fd, 0UL, sizeof(text)) < 0 ? -errno : 0, -EFAULT,
	    "pins: read to address 0");
	row(read(fd, text, 0) < 0 ? -errno : 0, TAKEN, "pins: read of no bytes");
	row(read(fd, text, sizeof(text)) < 0 ? -errno : 0, TAKEN, "pins: read");
	close(fd);
	row(open(PINS "/x", O_RDONLY) < 0 ? -errno : 0, -ENOTDIR, "pins: as a folder");
}

/* ---- VFIO's own ---- */

static void vfio_calls(void)
{
	unsigned int i;

	clear();
	owned();
	for (i = 0; i < 2; i++) {
		const char *name = vfios[i].name;
		int c = vfios[i].container, ret;
		uint64_t addr = (uintptr_t)area;

		/* iommufd's warns, with and without owners: that is stock's */
		if (vfios[i].kind == CONTAINER_TYPE1)
			row(vfio(c, addr, ALL, 1 << 24, 0), -EINVAL,
			    "MAP_DMA of %s: no access", name);
		row(vfio(c, addr, ALL, 1 << 24, 1 << 5), -EINVAL, "MAP_DMA of %s: flag 5", name);
		row(vfio(c, addr, ALL, 1 << 24, ~0U), -EINVAL, "MAP_DMA of %s: all flags", name);
		row(vfio(c, addr, ALL, 100, BOTH), -EINVAL, "MAP_DMA of %s: iova not aligned", name);
		row(vfio(c, addr, 100, 1 << 24, BOTH), -EINVAL, "MAP_DMA of %s: 100 bytes", name);
		ret = vfio(c, addr, ~0ULL << 12, 1 << 24, BOTH);
		/* Since 6.19 type1 tells the one from the other */
		row(ret == -EOVERFLOW ? -EINVAL : ret, -EINVAL,
		    "MAP_DMA of %s: a length that wraps", name);
	}
}

static void vfio_open_all(void)
{
	char name[PCI_NAME_LENGTH];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		int fd = -1;

		vfios[i].container = -1;
		if (pci_find(name, EDU, false, i) || container_missing(vfios[i].kind))
			continue;
		fd = container_open(vfios[i].kind);
		if (fd < 0)
			continue;
		if (vfio_open(&vfios[i].dev, name, fd, vfios[i].kind)) {
			close(fd);
			continue;
		}
		vfios[i].container = fd;
	}
}

int main(void)
{
	struct memory mem;
	unsigned int i;
	int pins, left;

	printf("TAP version 13\n");
	area = memory_reserve(2 * SIZE);
	vfio_open_all();
	if (!load(EXPORTER, "memory=pages size=262144"))
		exporter = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	if (!load(IMPORTER, ""))
		importer = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	video = video_open_importer();
	if (!memory_alloc(&mem, MEMORY_SYSTEM_HEAP, SIZE))
		heap = mem.fd;
	pins = observe_pins();

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		one_range(&ranges[i]);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		one_place(&places[i]);
	pin_flags();
	ids();
	copies();
	strange_calls();
	mappings();
	vfio_calls();
	attributes();
	debugfs();

	/* What was refused has left nothing behind */
	clear();
	left = observe_pins();
	row(left == pins ? 0 : -EBUSY, 0, "pins that are left: %d", left - pins);
	close(importer);
	close(exporter);
	row(unload(IMPORTER), 0, "unloading the importer");
	row(unload(EXPORTER), 0, "unloading the exporter");
	printf("1..%u\n# %u rows, %u skipped, %u failed\n", rows, rows, skipped, failed);
	return failed ? 1 : 0;
}
