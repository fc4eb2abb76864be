// SPDX-License-Identifier: GPL-2.0
/*
 * A module built out of tree against out/<KERNEL>/build can import memory: loads
 * tests/module/vma_probe.ko on addresses of this process. What the pin answers
 * is what finit_module() returns.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULE	"/modules/vma_probe.ko"
#define LENGTH	8192

static int failed, tests;

/* Returns 0 or the errno of loading the module on @addr */
static int probe(void *addr)
{
	char params[64];
	int fd, err = 0;

	fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	snprintf(params, sizeof(params), "addr=%lu len=%d",
		 (unsigned long)addr, LENGTH);
	if (syscall(SYS_finit_module, fd, params, 0))
		err = errno;
	close(fd);
	if (!err && syscall(SYS_delete_module, "vma_probe", O_NONBLOCK))
		err = errno;
	return err;
}

/* Does the kernel log end in what the module said of @kind memory at @addr? */
static int probe_said(void *addr, const char *kind)
{
	static char log[1 << 18];
	char want[96];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	if (n < 0)
		return 0;
	log[n] = '\0';
	snprintf(want, sizeof(want), "vma_probe: %#lx+%d is %s memory",
		 (unsigned long)addr, LENGTH, kind);
	return strstr(log, want) != NULL;
}

static void report(const char *name, int ok, int err)
{
	if (!ok) {
		failed = 1;
		printf("# got %s\n", err ? strerror(err) : "success");
	}
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++tests, name);
	fflush(stdout);
}

static void expect_kind(const char *name, void *addr, const char *kind)
{
	int err = probe(addr);

	report(name, !err && probe_said(addr, kind), err);
}

static void *map_heap(void)
{
	struct dma_heap_allocation_data data = {
		.len = LENGTH, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		return MAP_FAILED;
	return mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, data.fd,
		    0);
}

int main(void)
{
	void *anon = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *none = mmap(NULL, LENGTH, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *heap = map_heap();
	int err;

	printf("TAP version 13\n1..3\n");
	expect_kind("pins_ordinary_memory", anon, "ordinary");
	expect_kind("pins_owned_memory", heap, "owned");
	err = probe(none);
	report("refuses_unreadable_memory", err == EFAULT, err);
	return failed;
}
