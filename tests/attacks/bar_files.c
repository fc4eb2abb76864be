// SPDX-License-Identifier: GPL-2.0
/*
 * What a BAR that is mapped through sysfs or procfs shows to the CPU, whether
 * faults fill the mapping or mmap does, and how soon.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bar_file.h"
#include "edu.h"
#include "host.h"
#include "newcomer.h"
#include "observe.h"

#define TIMEOUT		120
#define SIZE		((size_t)HOST_SWAPPED_SIZE)
#define HUGE		0x200000UL
#define SMALL_BAR	0		/* ivshmem's registers, 256 bytes */
#define RW		(PROT_READ | PROT_WRITE)
#define MEMTYPES	"/sys/kernel/debug/x86/pat_memtype_list"
#define REPEAT		20

FIXTURE(bar_files)
{
	struct bar_file file;
	char victim[PCI_NAME_LENGTH];
	unsigned char *map;
	int pins;
};

FIXTURE_VARIANT(bar_files)
{
	enum bar_way way;
};

FIXTURE_VARIANT_ADD(bar_files, sysfs) { .way = BAR_SYSFS };
FIXTURE_VARIANT_ADD(bar_files, sysfs_wc) { .way = BAR_SYSFS_WC };
FIXTURE_VARIANT_ADD(bar_files, procfs) { .way = BAR_PROCFS };

/* It cannot be prefetched, or there is no PAT */
static bool no_such_file(const char *name, enum bar_way way)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d_wc",
		 name, MEMORY_BAR);
	return way == BAR_SYSFS_WC && access(path, F_OK);
}

FIXTURE_SETUP(bar_files)
{
	self->pins = observe_pins();
	ASSERT_EQ(0, host_find_swapped(self->victim));
	if (no_such_file(self->victim, variant->way))
		SKIP(return, "no write-combining");
	ASSERT_EQ(0, bar_file_open(&self->file, self->victim, MEMORY_BAR,
				   variant->way));
	self->map = bar_file_map(&self->file, RW, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(bar_files)
{
	if (self->map)
		munmap(self->map, SIZE);
	bar_file_close(&self->file);
	EXPECT_EQ(self->pins, observe_pins());
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Each page has its own, through another mapping as well */
TEST_F_TIMEOUT(bar_files, shows_all, TIMEOUT)
{
	unsigned char *again = bar_file_map(&self->file, RW, MAP_SHARED);
	size_t at, wrong = 0;

	ASSERT_NE(MAP_FAILED, again);
	for (at = 0; at < SIZE; at += 4096)
		*(uint32_t *)(self->map + at) = at ^ 0x5a5a5a5a;
	for (at = 0; at < SIZE; at += 4096)
		wrong += *(uint32_t *)(again + at) != (at ^ 0x5a5a5a5a);
	EXPECT_EQ(0, wrong);
	munmap(again, SIZE);
}

/* From the last page on, and only a part of it */
TEST_F_TIMEOUT(bar_files, shows_a_part, TIMEOUT)
{
	off_t at = self->file.at + SIZE - 2 * 4096;
	unsigned char *part = mmap(NULL, 2 * 4096, RW, MAP_SHARED,
				   self->file.fd, at);

	ASSERT_NE(MAP_FAILED, part);
	edu_fill(part + 4096, 3);
	EXPECT_TRUE(edu_is(self->map + SIZE - 4096, 3));
	munmap(part, 2 * 4096);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 3 * 4096, RW, MAP_SHARED,
				   self->file.fd, at));
}

/* A fault brings more than its own page; huge ones, where they fit */
TEST_F_TIMEOUT(bar_files, takes_few_faults, TIMEOUT)
{
	unsigned char *area, *map;
	long before;
	size_t at;

	before = faults();
	for (at = 0; at < SIZE; at += 4096)
		self->map[at]++;
	printf("# anywhere: %ld faults\n", faults() - before);
	EXPECT_GE(8, faults() - before);

	area = mmap(NULL, SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	area = (void *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
	map = mmap(area, SIZE, RW, MAP_SHARED | MAP_FIXED, self->file.fd,
		   self->file.at);
	ASSERT_EQ(area, map);
	before = faults();
	for (at = 0; at < SIZE; at += 4096)
		map[at]++;
	printf("# aligned: %ld faults\n", faults() - before);
	EXPECT_GE(4, faults() - before);
	munmap(map, SIZE);
}

TEST_F_TIMEOUT(bar_files, obeys_mprotect, TIMEOUT)
{
	int status;
	pid_t pid;

	self->map[0] = 1;
	ASSERT_EQ(0, mprotect(self->map, SIZE, PROT_READ));
	EXPECT_EQ(1, self->map[0]);
	pid = fork();
	if (!pid) {
		self->map[0] = 2;
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(1, self->map[0]);
	ASSERT_EQ(0, mprotect(self->map, SIZE, RW));
	self->map[0] = 3;
	self->map[SIZE - 1] = 4;
	EXPECT_EQ(3, self->map[0]);
}

TEST_F_TIMEOUT(bar_files, is_inherited, TIMEOUT)
{
	int status;
	pid_t pid;

	self->map[0] = 1;
	pid = fork();
	if (!pid) {
		self->map[0]++;
		self->map[SIZE - 4096] = 5;
		_exit(self->map[0]);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(2, WEXITSTATUS(status));
	EXPECT_EQ(2, self->map[0]);
	EXPECT_EQ(5, self->map[SIZE - 4096]);
}

/* As debuggers do, who may be the first to look there */
TEST_F_TIMEOUT(bar_files, is_seen_by_debuggers, TIMEOUT)
{
	unsigned char *again = bar_file_map(&self->file, RW, MAP_SHARED);
	unsigned char byte;
	int fd;

	ASSERT_NE(MAP_FAILED, again);
	self->map[4096] = 7;
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, pread(fd, &byte, 1, (uintptr_t)again + 4096));
	EXPECT_EQ(7, byte);
	byte = 8;
	EXPECT_EQ(1, pwrite(fd, &byte, 1, (uintptr_t)again + SIZE - 1));
	EXPECT_EQ(8, self->map[SIZE - 1]);
	close(fd);
	munmap(again, SIZE);
}

/* What is private is mapped by mmap, by the same file as what is shared */
TEST_F_TIMEOUT(bar_files, private, TIMEOUT)
{
	unsigned char *map = bar_file_map(&self->file, RW, MAP_PRIVATE);

	ASSERT_NE(MAP_FAILED, map);
	self->map[0] = 1;
	self->map[4096] = 1;
	EXPECT_EQ(1, map[0]);
	map[0] = 2;
	EXPECT_EQ(1, self->map[0]);
	EXPECT_EQ(2, map[0]);
	EXPECT_EQ(1, map[4096]);
	munmap(map, SIZE);
}

TEST_F_TIMEOUT(bar_files, read_only, TIMEOUT)
{
	unsigned char *map = bar_file_map(&self->file, PROT_READ, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, map);
	self->map[8192] = 9;
	EXPECT_EQ(9, map[8192]);
	munmap(map, SIZE);
}

/* The device goes: nobody reads, nor writes, what comes after it */
TEST_F_TIMEOUT(bar_files, removed, TIMEOUT)
{
	self->map[0] = 1;
	ASSERT_EQ(0, pci_write(self->victim, "remove", "1"));
	ASSERT_EQ(0, pci_rescan());
	ASSERT_EQ(0, pci_decode(self->victim, true));
	EXPECT_TRUE(read_is_sigbus(self->map));
	EXPECT_TRUE(write_is_sigbus(self->map, 2));
	EXPECT_TRUE(read_is_sigbus(self->map + SIZE - 1));
}

/* Not even who writes just then: the next one finds its memory as it left it */
TEST_F_TIMEOUT(bar_files, unplugged_while_written, TIMEOUT)
{
	volatile unsigned char *map = self->map;
	struct newcomer newcomer;
	int status = 0;
	pid_t pid;

	map[0] = 1;
	pid = fork();
	if (!pid) {
		for (;;)
			map[0]++;
	}
	usleep(200000);
	EXPECT_EQ(0, host_swap(self->victim));
	ASSERT_EQ(0, newcomer_watch(&newcomer, self->victim));
	EXPECT_EQ(self->file.bar.start, newcomer.own.start);
	usleep(500000);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	EXPECT_TRUE(read_is_sigbus(map));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	newcomer_close(&newcomer);
}

/* Nor through a private mapping, which nobody owns */
TEST_F_TIMEOUT(bar_files, removed_private, TIMEOUT)
{
	unsigned char *map;

	map = bar_file_map(&self->file, RW, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_FALSE(read_is_sigbus(map));
	ASSERT_EQ(0, pci_write(self->victim, "remove", "1"));
	ASSERT_EQ(0, pci_rescan());
	ASSERT_EQ(0, pci_decode(self->victim, true));
	EXPECT_TRUE(read_is_sigbus(map));
	EXPECT_TRUE(write_is_sigbus(map, 2));
	munmap(map, SIZE);
}

/* Only what goes: others that are mapped by the same address_space stay */
TEST_F_TIMEOUT(bar_files, another_one_removed, TIMEOUT)
{
	char other[PCI_NAME_LENGTH];
	unsigned char *map;

	map = bar_file_map(&self->file, RW, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, map);
	self->map[0] = 1;
	ASSERT_EQ(0, pci_find(other, EDU, false, 0));
	ASSERT_EQ(0, pci_write(other, "remove", "1"));
	EXPECT_EQ(0, pci_rescan());
	EXPECT_FALSE(read_is_sigbus(self->map));
	EXPECT_FALSE(read_is_sigbus(map));
	EXPECT_EQ(1, map[0]);
	munmap(map, SIZE);
}

/* A BAR of less than a page is mapped with what is beside it, and nobody's */
TEST_F_TIMEOUT(bar_files, less_than_a_page, TIMEOUT)
{
	struct bar_file file;
	unsigned char *map;

	if (variant->way == BAR_SYSFS_WC)
		SKIP(return, "it cannot be prefetched");
	ASSERT_EQ(0, bar_file_open(&file, self->victim, SMALL_BAR,
				   variant->way));
	if (variant->way == BAR_PROCFS)
		file.at &= ~4095LL;
	map = mmap(NULL, 4096, RW, MAP_SHARED, file.fd, file.at);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_FALSE(read_is_sigbus(map));
	munmap(map, 4096);
	bar_file_close(&file);
}

/* What PAT has of it, while it is mapped */
static int memtype(uint64_t start, const char *type)
{
	FILE *list = fopen(MEMTYPES, "r");
	char line[256], range[64];
	int count = 0;

	if (!list)
		return -1;
	snprintf(range, sizeof(range), "0x%016llx-0x%016llx",
		 (unsigned long long)start,
		 (unsigned long long)start + SIZE);
	while (fgets(line, sizeof(line), list))
		count += strstr(line, range) && strstr(line, type);
	fclose(list);
	return count;
}

TEST_F_TIMEOUT(bar_files, memory_type, TIMEOUT)
{
	const char *type = variant->way == BAR_SYSFS_WC ? "write-combining" :
							  "uncached-minus";
	uint64_t start = self->file.bar.start;
	unsigned char *part;
	pid_t pid;

	if (access(MEMTYPES, F_OK))
		SKIP(return, "no PAT");
	EXPECT_EQ(1, memtype(start, type));
	self->map[0] = 1;
	EXPECT_EQ(1, memtype(start, type));
	/* As long as any of it is left, by whomever */
	part = mremap(self->map, SIZE, 4096, 0);
	EXPECT_EQ(self->map, part);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	munmap(self->map, 4096);
	EXPECT_EQ(1, memtype(start, type));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, memtype(start, ""));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* The least of some, in us; it is for who reads it */
TEST_F_TIMEOUT(bar_files, cost, TIMEOUT)
{
	double begin, mapped, touched, least[3] = { 1e9, 1e9, 1e9 };
	unsigned char *map;
	size_t at;
	int i;

	for (i = 0; i < REPEAT; i++) {
		begin = now();
		map = bar_file_map(&self->file, RW, MAP_SHARED);
		mapped = now();
		ASSERT_NE(MAP_FAILED, map);
		map[0] = 1;
		touched = now();
		for (at = 0; at < SIZE; at += 4096)
			map[at] = 1;
		if (mapped - begin < least[0])
			least[0] = mapped - begin;
		if (touched - mapped < least[1])
			least[1] = touched - mapped;
		if (now() - begin < least[2])
			least[2] = now() - begin;
		munmap(map, SIZE);
	}
	printf("# measured: mmap of 4 MiB %.0f us, first touch %.0f us, all of it %.0f us\n",
	       least[0], least[1], least[2]);
}

TEST_HARNESS_MAIN
