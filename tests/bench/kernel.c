// SPDX-License-Identifier: GPL-2.0
/*
 * What every process pays, whether anybody pins or not: page fault, mmap and
 * munmap, fork, GUP. Runs on the untouched kernel as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define PAGE	4096UL
#define PAGES	64
#define REPS	300
#define FORKS	1000

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int keep_small(void *map, size_t len)
{
	return madvise(map, len, MADV_NOHUGEPAGE) ? -errno : 0;
}

static void *anonymous(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fault(void)
{
	volatile char *map = anonymous(REPS * PAGE);
	uint64_t best = UINT64_MAX;
	int ret = map == MAP_FAILED ? -errno : keep_small((void *)map,
							  REPS * PAGE);
	int i;

	for (i = 0; i < REPS && !ret; i++) {
		uint64_t begin = measure_now();

		map[i * PAGE] = 1;
		best = least(best, measure_now() - begin);
	}
	if (!ret)
		measured("fault", 1, best);
	measure_result("fault", ret);
	munmap((void *)map, REPS * PAGE);
}

/* Of a file, whose VMA has operations */
static void fault_file(void)
{
	uint64_t best = UINT64_MAX;
	int fd = memfd_create("bench", MFD_CLOEXEC);
	int ret = fd < 0 || ftruncate(fd, PAGE) ? -errno : 0;
	volatile char *map = MAP_FAILED;
	int i;

	if (!ret)
		map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		ret = -errno;
	for (i = 0; i < REPS && !ret; i++) {
		uint64_t begin = measure_now();

		map[0] = 1;
		best = least(best, measure_now() - begin);
		if (madvise((void *)map, PAGE, MADV_DONTNEED))
			ret = -errno;
	}
	if (!ret)
		measured("fault-file", 1, best);
	measure_result("fault-file", ret);
	if (map != MAP_FAILED)
		munmap((void *)map, PAGE);
	close(fd);
}

static void map_unmap(void)
{
	uint64_t best = UINT64_MAX;
	int i, ret = 0;

	for (i = 0; i < REPS && !ret; i++) {
		uint64_t begin = measure_now();
		void *map = anonymous(PAGES * PAGE);

		if (map == MAP_FAILED || munmap(map, PAGES * PAGE))
			ret = -errno;
		best = least(best, measure_now() - begin);
	}
	if (!ret)
		measured("mmap-munmap", PAGES * PAGE, best);
	measure_result("mmap-munmap", ret);
}

static void fork_wait(void)
{
	uint64_t best = UINT64_MAX;
	int i, ret = 0;

	for (i = 0; i < FORKS && !ret; i++) {
		uint64_t begin = measure_now();
		pid_t child = fork();

		if (!child)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			ret = -errno;
		best = least(best, measure_now() - begin);
	}
	if (!ret)
		measured("fork", 1, best);
	measure_result("fork", ret);
}

/* As tools/testing/selftests/mm/gup_test does */
struct gup_test {
	uint64_t get_delta_usec;
	uint64_t put_delta_usec;
	uint64_t addr;
	uint64_t size;
	uint32_t nr_pages_per_call;
	uint32_t gup_flags;
	uint32_t test_flags;
	uint32_t which_pages[8];
};

#define PIN_FAST_BENCHMARK	_IOWR('g', 2, struct gup_test)
#define FOLL_WRITE		1

static void gup(void)
{
	char *map = anonymous(PAGES * PAGE);
	struct gup_test arg = {
		.addr = (uintptr_t)map,
		.size = PAGES * PAGE,
		.nr_pages_per_call = PAGES,
		.gup_flags = FOLL_WRITE,
	};
	uint64_t best = UINT64_MAX;
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR | O_CLOEXEC);
	int ret = fd < 0 || map == MAP_FAILED ? -errno : keep_small(map,
								    arg.size);
	int i;

	if (!ret)
		memset(map, 1, arg.size);
	for (i = 0; i < REPS && !ret; i++) {
		struct gup_test copy = arg;
		uint64_t begin = measure_now();

		if (ioctl(fd, PIN_FAST_BENCHMARK, &copy))
			ret = -errno;
		best = least(best, measure_now() - begin);
	}
	if (!ret)
		measured("gup-test", arg.size, best);
	measure_result("gup-test", ret);
	munmap(map, arg.size);
	close(fd);
}

/* By pin_user_pages_remote(), and VMAs that are looked up */
static void gup_remote(void)
{
	static char from[PAGE] = { 1 }, to[PAGE] = { 1 };
	struct iovec local = { to, 1 }, remote = { from, 1 };
	uint64_t best = UINT64_MAX;
	int i, ret = 0;

	for (i = 0; i < REPS && !ret; i++) {
		uint64_t begin = measure_now();

		if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1)
			ret = -errno;
		best = least(best, measure_now() - begin);
	}
	if (!ret)
		measured("gup-remote", 1, best);
	measure_result("gup-remote", ret);
}

int main(void)
{
	measure_begin();
	fault();
	fault_file();
	map_unmap();
	fork_wait();
	gup();
	gup_remote();
	return measure_end();
}
