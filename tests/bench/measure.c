// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"

static int results, failures;

bool measure_is_short(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, " vo_short");
}

void measure_begin(void)
{
	setlinebuf(stdout);
	printf("TAP version 13\n");
}

void measure_result(const char *name, int ret)
{
	results++;
	if (!ret) {
		printf("ok %d %s\n", results, name);
		return;
	}
	failures++;
	printf("not ok %d %s # %s\n", results, name, strerror(-ret));
}

int measure_end(void)
{
	printf("1..%d\n", results);
	return failures ? 1 : 0;
}

void measured(const char *name, uint64_t size, uint64_t cost)
{
	printf("# bench: %s %llu %llu\n", name, (unsigned long long)size,
	       (unsigned long long)cost);
}

static int device(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/vo_bench", O_RDWR | O_CLOEXEC);
	return fd;
}

int measure(const char *name, enum vo_bench_what what, const void *addr,
	    uint64_t len, int fd, unsigned int reps)
{
	struct vo_bench b = {
		.what = what,
		.reps = reps,
		.addr = (uintptr_t)addr,
		.len = len,
		.fd = fd,
	};

	if (ioctl(device(), VO_BENCH_IOCTL, &b)) {
		int ret = -errno;

		printf("# %s %llu: %s\n", name ?: "-", (unsigned long long)len,
		       strerror(-ret));
		return ret;
	}
	if (name)
		measured(name, len, b.cost);
	return 0;
}

void *measure_map(uint64_t offset, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device(),
		    offset);
}
