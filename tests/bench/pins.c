// SPDX-License-Identifier: GPL-2.0
/*
 * Pins of memory that has an owner, of memory that has none, and what is done
 * without them, from 4 KiB to 1 GiB; revokes of up to 100,000 pins; bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "measure.h"
#include "memory.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define KIB		1024UL
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define PAGE		(4 * KIB)

static const size_t all_sizes[] = {
	4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1 * MIB, 4 * MIB, 16 * MIB,
	64 * MIB, 256 * MIB, 1 * GIB, 0
};
static const size_t few_sizes[] = { 4 * KIB, 64 * KIB, 1 * MIB, 16 * MIB, 0 };
static const size_t *sizes = all_sizes;
static bool is_short;

/* Those that touch every page are long enough to count few of */
static unsigned int reps_of(size_t size)
{
	if (size <= MIB)
		return 100;
	return size <= 64 * MIB ? 20 : 3;
}

static void owned(void)
{
	size_t most = is_short ? 16 * MIB : GIB;
	char *map = measure_map(VO_BENCH_STATIC, most);
	const size_t *size;
	int ret = map == MAP_FAILED ? -errno : 0;

	for (size = sizes; *size && !ret; size++) {
		ret = measure("pin-owned", VO_BENCH_PIN, map, *size, -1, 200);
		if (!ret)
			ret = measure("map-owned", VO_BENCH_MAP, map, *size, -1,
				      200);
		if (!ret)
			ret = measure("follow-pfnmap", VO_BENCH_PFNMAP, map,
				      *size, -1, reps_of(*size));
	}
	measure_result("owned", ret);
	if (map != MAP_FAILED)
		munmap(map, most);
}

static int heap_of(size_t size)
{
	struct memory mem;
	void *map;
	int ret;

	ret = memory_alloc(&mem, MEMORY_SYSTEM_HEAP, size);
	if (ret)
		return ret;
	map = memory_map(&mem);
	ret = map == MAP_FAILED ? -errno : 0;
	if (!ret)
		ret = measure("pin-heap", VO_BENCH_PIN, map, size, mem.fd, 200);
	if (!ret)
		ret = measure("map-heap", VO_BENCH_MAP, map, size, mem.fd, 200);
	if (!ret)
		ret = measure("fd-heap", VO_BENCH_BY_FD, map, size, mem.fd, 200);
	if (map != MAP_FAILED)
		munmap(map, size);
	memory_close(&mem);
	return ret;
}

static void heap(void)
{
	const size_t *size;
	int ret = 0;

	for (size = sizes; *size && *size <= 256 * MIB && !ret; size++)
		ret = heap_of(*size);
	measure_result("heap", ret);
}

static void ordinary(void)
{
	size_t most = is_short ? 16 * MIB : GIB;
	char *map = mmap(NULL, most, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const size_t *size;
	int ret = map == MAP_FAILED ? -errno : 0;

	/* As many pages as there are, in every boot */
	if (!ret && madvise(map, most, MADV_NOHUGEPAGE))
		ret = -errno;
	if (!ret && madvise(map, most, MADV_POPULATE_WRITE))
		ret = -errno;
	for (size = sizes; *size && !ret; size++) {
		unsigned int reps = reps_of(*size);

		ret = measure("gup", VO_BENCH_GUP, map, *size, -1, reps);
		if (!ret)
			ret = measure("pin-ordinary", VO_BENCH_PIN, map, *size,
				      -1, reps);
		if (!ret)
			ret = measure("gup-map", VO_BENCH_GUP_MAP, map, *size,
				      -1, reps);
		if (!ret)
			ret = measure("map-ordinary", VO_BENCH_MAP, map, *size,
				      -1, reps);
	}
	measure_result("ordinary", ret);
	if (map != MAP_FAILED)
		munmap(map, most);
}

static void revoke(void)
{
	static const struct {
		const char *name;
		enum vo_bench_what what;
	} rows[] = {
		{ "callbacks", VO_BENCH_CALLBACKS },
		{ "revoke", VO_BENCH_REVOKE },
		{ "unmaps", VO_BENCH_UNMAPS },
		{ "revoke-mapped", VO_BENCH_REVOKE_MAPPED },
	};
	unsigned int most = is_short ? 1000 : 100000, nr;
	char *map = measure_map(VO_BENCH_REVOCABLE, PAGE);
	int ret = map == MAP_FAILED ? -errno : 0;
	size_t i;

	for (nr = 1; nr <= most && !ret; nr *= 10)
		for (i = 0; i < COUNT(rows) && !ret; i++)
			ret = measure(rows[i].name, rows[i].what, map, nr, -1,
				      nr < 10000 ? 20 : 3);
	measure_result("revoke", ret);
	if (map != MAP_FAILED)
		munmap(map, PAGE);
}

static void bytes(void)
{
	size_t most = is_short ? 16 * MIB : GIB;
	char *map = measure_map(VO_BENCH_STATIC, most);
	int ret = map == MAP_FAILED ? -errno : 0;

	if (!ret)
		ret = measure("sizeof-pin", VO_BENCH_SIZE, map, 1, -1, 1);
	if (!ret)
		ret = measure("bytes-pin", VO_BENCH_PIN_BYTES, map, most, -1, 1);
	if (!ret)
		ret = measure("bytes-map", VO_BENCH_MAP_BYTES, map, most, -1, 1);
	measure_result("bytes", ret);
	if (map != MAP_FAILED)
		munmap(map, most);
}

int main(void)
{
	is_short = measure_is_short();
	if (is_short)
		sizes = few_sizes;
	measure_begin();
	owned();
	heap();
	ordinary();
	revoke();
	/* Last: it patches the allocator's tracepoints */
	bytes();
	return measure_end();
}
