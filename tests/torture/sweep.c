// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails once: each call is made again and again, the first allocation
 * of it failing, then the second, until it has no more to fail. It must say -ENOMEM, or
 * do without; leave no pin, no mapping and no reference behind; and work the next time.
 * In the manner of the kernel's selftests/iommu, by /proc/self/fail-nth, on a kernel with
 * CONFIG_FAILSLAB.
 *
 * Then SIGKILL and the OOM killer while a call waits, and modules that are to be
 * unloaded while in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "observe.h"
#include "samples.h"
#include "vfio.h"
#include "video.h"
#include "vma_owner_sample.h"

#define EXPORTER	"vma_owner_exporter"
#define IMPORTER	"vma_owner_importer"
#define DRIVER		"/sys/bus/platform/drivers/" EXPORTER
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"
#define PINS		"/sys/kernel/debug/vma_owner/pins"
#define FAIL_NTH	"/proc/self/fail-nth"

#define PAGE		4096UL
#define SIZE		(64 * PAGE)
#define MOST		400

/* Between these, kit/qemu/judge takes no trace of one of these two for a fault's */
#define TRACES_BEGIN	"vo: OOM kills and failures of vmalloc are due"
#define TRACES_END	"vo: no more of them are due"

static int exporter = -1, importer = -1, video = -1, heap = -1, container = -1;
static unsigned char *owned, *ordinary, *dmabuf, *more;
static unsigned int rows, failed;

__attribute__((format(printf, 2, 3)))
static void result(bool ok, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", ok ? "" : "not ", ++rows);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	failed += !ok;
}

__attribute__((format(printf, 2, 3)))
static void skipped(const char *why, const char *format, ...)
{
	va_list args;

	printf("ok %u - ", ++rows);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" # SKIP %s\n", why);
	fflush(stdout);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* ---- the importer ---- */

static int pin_at(const void *addr, size_t len, unsigned int flags, __u32 *id)
{
	struct vma_sample_pin arg = { .addr = (uintptr_t)addr, .len = len, .flags = flags };

	if (ioctl(importer, VMA_SAMPLE_IOC_PIN, &arg))
		return -errno;
	*id = arg.id;
	return 0;
}

static int unpin(__u32 id)
{
	return ioctl(importer, VMA_SAMPLE_IOC_UNPIN, &id) ? -errno : 0;
}

static int map(__u32 id, unsigned int mappings)
{
	struct vma_sample_map arg = { .id = id, .mappings = mappings };

	return ioctl(importer, VMA_SAMPLE_IOC_MAP, &arg) ? -errno : 0;
}

static int copy(__u32 id, bool write)
{
	static unsigned char bytes[2 * PAGE];
	struct vma_sample_copy arg = {
		.user = (uintptr_t)bytes, .offset = 100, .len = sizeof(bytes), .id = id,
	};

	return ioctl(importer, write ? VMA_SAMPLE_IOC_WRITE : VMA_SAMPLE_IOC_READ, &arg) ?
	       -errno : 0;
}

/* ---- the faults ---- */

static int nth_fd = -1;

static bool can_fail(void)
{
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (nth_fd < 0 || write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"))
		return false;
	/* Of pages there is a trace in the log when there are none for a vmap() */
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	return true;
}

static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len)
		perror(FAIL_NTH);
}

/* Has one failed? Disarms what has not */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 0)
		perror(FAIL_NTH);
	arm(0);
	return atoi(text) == 0;
}

/* What a call needs first, and what it is undone by; neither has faults */
struct call {
	const char *name;
	int (*before)(void);
	int (*run)(void);
	void (*after)(bool ok);
	/* It may say this instead, and why */
	int instead;
};

static __u32 id;

static int pin_owned(void) { return pin_at(owned + 100, 8 * PAGE, VMA_SAMPLE_FOR_WRITE, &id); }
static int pin_ordinary(void)
{
	return pin_at(ordinary + 100, 8 * PAGE, VMA_SAMPLE_FOR_WRITE, &id);
}

static int pin_dmabuf(void) { return pin_at(dmabuf + 100, 8 * PAGE, VMA_SAMPLE_FOR_WRITE, &id); }
static int pin_static(void)
{
	return pin_at(dmabuf, SIZE, VMA_SAMPLE_FOR_WRITE | VMA_SAMPLE_STATIC, &id);
}

/* A range of 64 VMAs */
static int pin_pieces(void) { return pin_at(more, SIZE, 0, &id); }
static int map_dma(void) { return map(id, VMA_SAMPLE_DMA); }
static int map_kernel(void) { return map(id, VMA_SAMPLE_KERNEL); }
static int map_both(void) { return map(id, VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL); }
static int owned_mapped(void) { return pin_owned() ?: map_both(); }
static int dmabuf_mapped(void) { return pin_dmabuf() ?: map_both(); }
static int read_pin(void) { return copy(id, false); }
static int write_pin(void) { return copy(id, true); }
static int unpin_it(void) { return unpin(id); }

/* An open file: that it is opened has faults of its own */
static int revoke_fd = -1;

static int write_revoke(const char *what)
{
	return write(revoke_fd, what, strlen(what)) < 0 ? -errno : 0;
}

static int take_back(void) { return write_revoke("temporary"); }
static int restore(void) { return write_revoke("restore"); }
static int mapped_and_revoked(void) { return owned_mapped() ?: take_back(); }

static void do_unpin(bool ok)
{
	if (ok)
		unpin(id);
}

static void always_unpin(bool ok)
{
	unpin(id);
}

static void restore_and_unpin(bool ok)
{
	if (ok)
		restore();
	unpin(id);
}

static void restore_again_and_unpin(bool ok)
{
	if (!ok)
		restore();
	unpin(id);
}

/* What could not be undone under memory pressure is undone now */
static void unpin_again(bool ok)
{
	if (!ok)
		unpin(id);
}

static int opened = -1;

static int open_importer(void)
{
	opened = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

static int open_exporter(void)
{
	opened = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

static int open_pins(void)
{
	opened = open(PINS, O_RDONLY | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

static int read_pins(void)
{
	char text[256];

	return read(opened, text, sizeof(text)) < 0 ? -errno : 0;
}

static void close_it(bool ok)
{
	if (ok)
		close(opened);
}

static void close_always(bool ok)
{
	close(opened);
}

static void *mapped;
static int pipes[2];

static int mmap_exporter(void)
{
	mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0);
	return mapped == MAP_FAILED ? -errno : 0;
}

static void munmap_it(bool ok)
{
	if (ok)
		munmap(mapped, SIZE);
}

static void munmap_always(bool ok)
{
	munmap(mapped, SIZE);
}

/* By the kernel, whose fault is an errno and no signal */
static int fault_in(void)
{
	return write(pipes[1], mapped, 8) < 0 ? -errno : 0;
}

static int split_exporter(void)
{
	return mprotect(mapped + PAGE, PAGE, PROT_READ) ? -errno : 0;
}

static int queue_ordinary(void)
{
	return video_queue_user(video, 0, ordinary, SIZE);
}

static int queue_dmabuf(void)
{
	return video_queue_user(video, 0, dmabuf, SIZE);
}

static int request(void)
{
	return video_reqbufs(video, V4L2_MEMORY_USERPTR, 1);
}

static void request_none(bool ok)
{
	video_reqbufs(video, V4L2_MEMORY_USERPTR, 0);
}

static int vfio_owned(void) { return container_map(container, owned, SIZE, 1 << 24); }
static int vfio_ordinary(void) { return container_map(container, ordinary, SIZE, 1 << 24); }

static void vfio_unmap(bool ok)
{
	if (ok)
		container_unmap(container, 1 << 24, SIZE);
}

static int bind(void) { return write_file(DRIVER "/bind", EXPORTER); }
static int unbind(void) { return write_file(DRIVER "/unbind", EXPORTER); }

static void unbind_it(bool ok)
{
	if (ok)
		unbind();
}

static const struct call calls[] = {
	{ "open of the importer", NULL, open_importer, close_it },
	{ "open of the exporter", NULL, open_exporter, close_it },
	{ "open of the pins", NULL, open_pins, close_it },
	{ "read of the pins", open_pins, read_pins, close_always },
	{ "pin of owned memory", NULL, pin_owned, do_unpin },
	{ "pin of ordinary memory", NULL, pin_ordinary, do_unpin },
	{ "pin of a dma-buf", NULL, pin_dmabuf, do_unpin },
	{ "pin of a dma-buf, static", NULL, pin_static, do_unpin },
	{ "pin over many mappings", NULL, pin_pieces, do_unpin },
	{ "mapping of owned memory for DMA", pin_owned, map_dma, always_unpin },
	{ "mapping of owned memory for the kernel", pin_owned, map_kernel, always_unpin },
	{ "mapping of owned memory, both", pin_owned, map_both, always_unpin },
	{ "mapping of ordinary memory for DMA", pin_ordinary, map_dma, always_unpin },
	{ "mapping of ordinary memory for the kernel", pin_ordinary, map_kernel, always_unpin },
	{ "mapping of a dma-buf for DMA", pin_dmabuf, map_dma, always_unpin },
	{ "mapping of a dma-buf for DMA, static", pin_static, map_dma, always_unpin },
	{ "mapping of a dma-buf for the kernel", pin_dmabuf, map_kernel, always_unpin },
	{ "read of owned memory", owned_mapped, read_pin, always_unpin },
	{ "write of owned memory", owned_mapped, write_pin, always_unpin },
	{ "read of a dma-buf", dmabuf_mapped, read_pin, always_unpin },
	{ "revoke of mapped memory", owned_mapped, take_back, restore_and_unpin },
	/* Not the owner's affair: importers say that they could not map */
	{ "restore of mapped memory", mapped_and_revoked, restore, restore_again_and_unpin },
	{ "unpin of owned memory", owned_mapped, unpin_it, unpin_again },
	{ "unpin of a dma-buf", dmabuf_mapped, unpin_it, unpin_again },
	{ "mmap", NULL, mmap_exporter, munmap_it },
	{ "fault", mmap_exporter, fault_in, munmap_always, -EFAULT },
	{ "split of a mapping", mmap_exporter, split_exporter, munmap_always },
	{ "REQBUFS", NULL, request, request_none },
	{ "QBUF of ordinary memory", request, queue_ordinary, request_none },
	{ "QBUF of a dma-buf", request, queue_dmabuf, request_none },
	{ "MAP_DMA of owned memory", NULL, vfio_owned, vfio_unmap },
	{ "MAP_DMA of ordinary memory", NULL, vfio_ordinary, vfio_unmap },
};

static bool applies(const struct call *c)
{
	if (c->run == request || c->before == request)
		return video >= 0;
	if (c->after == vfio_unmap)
		return container >= 0 && (c->run != vfio_owned || vfio_takes_owned());
	if (strstr(c->name, "dma-buf"))
		return heap >= 0;
	return true;
}

/* @why: what the kernel lacks for faults, or NULL */
static void sweep(const struct call *c, const char *why)
{
	unsigned int nth, faults = 0, refused = 0;
	int pins = observe_pins(), ret = 0, bad = 0;
	bool failing = true;

	if (!why && !applies(c))
		why = "nothing to call it on";
	if (why) {
		skipped(why, "%s", c->name);
		return;
	}
	for (nth = 1; failing && nth < MOST && !bad; nth++) {
		if (c->before && c->before()) {
			bad = -EPROTO;
			break;
		}
		arm(nth);
		ret = c->run();
		failing = disarm();
		faults += failing;
		refused += ret < 0;
		if (ret && (!failing || (ret != -ENOMEM && ret != c->instead)))
			bad = ret;
		c->after(!ret);
		if (observe_pins() != pins)
			bad = -EBUSY;
	}
	result(!bad && !failing && !ret, "%s: %u faults, %u refusals%s%s", c->name, faults, refused,
	       bad ? ", and " : "", bad ? errno_name(-bad) : "");
}

/* ---- those that load and bind ---- */

static void sweep_bind(const char *why)
{
	static const struct call call = { "bind of the exporter", NULL, bind, unbind_it, -ENODEV };

	unbind();
	sweep(&call, why);
	bind();
}

/* ---- SIGKILL and the OOM killer ---- */

static void by_signal(pid_t pid)
{
	kill(pid, SIGKILL);
}

/* As if there were no memory: the kernel kills, reaps, and reports whom it likes least */
static void by_oom(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	write_file(path, "1000");
	write_file("/proc/sysrq-trigger", "f");
}

static bool dies(pid_t pid, void (*by)(pid_t pid))
{
	int status, tries;

	by(pid);
	for (tries = 0; tries < 500; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		usleep(10000);
	}
	return false;
}

/* Memory that is never filled: who faults there sleeps for good */
static void *never(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)at;
	reg.range.len = SIZE;
	if (*uffd < 0 || ioctl(*uffd, UFFDIO_API, &api) || ioctl(*uffd, UFFDIO_REGISTER, &reg))
		return NULL;
	return at;
}

static bool has_userfaultfd(void)
{
	int uffd;

	if (!never(&uffd))
		return false;
	close(uffd);
	return true;
}

enum phase { OPEN, PINNED, MAPPED, REVOKED, PINNING, READING, PHASES };

static void live(enum phase phase, int ready)
{
	struct vma_sample_copy arg = { .len = PAGE };
	int uffd = -1;
	void *at = NULL;

	importer = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	if (phase >= PINNED && phase <= REVOKED && pin_owned())
		_exit(1);
	if ((phase == MAPPED || phase == REVOKED) && map_both())
		_exit(2);
	if (phase >= PINNING) {
		at = never(&uffd);
		if (!at)
			_exit(3);
		if (phase == READING && (owned_mapped() || !(arg.user = (uintptr_t)at)))
			_exit(4);
	}
	if (write(ready, "", 1) != 1)
		_exit(5);
	arg.id = id;
	if (phase == PINNING)
		pin_at(at, SIZE, VMA_SAMPLE_FOR_WRITE, &id);
	else if (phase == READING)
		ioctl(importer, VMA_SAMPLE_IOC_READ, &arg);
	for (;;)
		pause();
}

static void kill_in(enum phase phase, void (*by)(pid_t pid), const char *name)
{
	const char *how = by == by_oom ? "OOM kill" : "SIGKILL";
	int pins = observe_pins(), ready[2];
	bool ok = true, died;
	char byte;
	pid_t pid;

	if (phase >= PINNING && !has_userfaultfd()) {
		skipped("no userfaultfd", "%s of a process that %s", how, name);
		return;
	}
	if (pipe(ready))
		return;
	pid = fork();
	if (!pid)
		live(phase, ready[1]);
	close(ready[1]);
	ok = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	if (phase >= PINNING)
		usleep(100000);
	if (phase == REVOKED)
		take_back();
	died = dies(pid, by);
	if (phase == REVOKED)
		restore();
	result(ok && died && observe_until_pins(pins), "%s of a process that %s", how, name);
}

static void kill_in_each(void (*by)(pid_t pid))
{
	kill_in(OPEN, by, "has the importer open");
	kill_in(PINNED, by, "has pinned");
	kill_in(MAPPED, by, "has mapped");
	kill_in(REVOKED, by, "has lost its memory");
	kill_in(PINNING, by, "pins, and waits for a page");
	kill_in(READING, by, "reads, and waits for a page to read to");
}

/* ---- modules in use ---- */

static void unloads(void)
{
	result(unload(IMPORTER) == -EAGAIN, "the importer is not unloaded while open");
	result(unload(EXPORTER) == -EAGAIN, "the exporter is not unloaded while mapped");
	result(!owned_mapped(), "pinned");
	munmap(owned, SIZE);
	munmap(more, SIZE);
	close(exporter);
	result(unload(EXPORTER) == -EAGAIN, "the exporter is not unloaded while pinned");
	result(!write_revoke("permanent"), "taken back for good");
	close(revoke_fd);
	result(!unload_soon(EXPORTER), "the exporter is unloaded, and the pin remains");
	result(!unpin(id), "unpinned after that");
	result(observe_pins() <= 0, "no pin is left");
	close(importer);
	result(!unload_soon(IMPORTER), "the importer is unloaded");
}

static void *map_pieces(void)
{
	unsigned char *at = memory_reserve(SIZE);
	size_t i;

	for (i = 0; i < SIZE; i += PAGE)
		if (mmap(at + i, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, exporter,
			 i) == MAP_FAILED)
			return NULL;
	return at;
}

int main(void)
{
	char name[PCI_NAME_LENGTH];
	struct vfio_device dev;
	struct memory mem;
	unsigned int i;
	const char *why;

	printf("TAP version 13\n");
	if (load(EXPORTER, "memory=pages size=262144") || load(IMPORTER, "")) {
		printf("1..0 # SKIP no samples\n");
		return 4;
	}
	exporter = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	importer = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	owned = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, exporter, 0);
	ordinary = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(ordinary, 1, SIZE);
	more = map_pieces();
	if (!memory_alloc(&mem, MEMORY_SYSTEM_HEAP, SIZE)) {
		heap = mem.fd;
		dmabuf = memory_map(&mem);
	}
	video = video_open_importer();
	revoke_fd = open(REVOKE, O_WRONLY | O_CLOEXEC);
	if (revoke_fd < 0 || pipe(pipes))
		return 1;
	if (!pci_find(name, EDU, false, 0)) {
		container = container_open(CONTAINER_TYPE1);
		if (container >= 0 && vfio_open(&dev, name, container, CONTAINER_TYPE1))
			container = -1;
	}
	write_file("/dev/kmsg", TRACES_BEGIN);
	why = can_fail() ? NULL : "no CONFIG_FAILSLAB, or no CONFIG_FAULT_INJECTION_DEBUG_FS";
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep(&calls[i], why);
	kill_in_each(by_signal);
	kill_in_each(by_oom);
	write_file("/dev/kmsg", TRACES_END);
	unloads();
	result(!load(EXPORTER, "memory=pages size=262144"), "the exporter is loaded again");
	sweep_bind(why);
	result(!unload_soon(EXPORTER), "the exporter is unloaded again");
	printf("1..%u\n", rows);
	return failed ? 1 : 0;
}
