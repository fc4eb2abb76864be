// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"

#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"
#define PINS		"/sys/kernel/debug/vma_owner/pins"
#define CMA_AREAS	"/sys/kernel/debug/cma"
#define MEMINFO		"/proc/meminfo"
#define PCP_FRACTION	"/proc/sys/vm/percpu_pagelist_high_fraction"

#define TRIES		100
#define TRY_US		100000

/* From the first line that has the form of @format, or -1. */
static long read_number(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long number;
	int found = 0;

	while (file && found != 1 && fgets(line, sizeof(line), file))
		found = sscanf(line, format, &number);
	if (file)
		fclose(file);
	return found == 1 ? number : -1;
}

static long cma_area_pages(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), CMA_AREAS "/%s/used", name);
	return read_number(path, "%ld");
}

long observe_cma_pages(void)
{
	DIR *dir = opendir(CMA_AREAS);
	struct dirent *entry;
	long pages, sum = -1;

	while (dir && (entry = readdir(dir))) {
		pages = entry->d_name[0] == '.' ? -1 : cma_area_pages(entry->d_name);
		if (pages >= 0)
			sum = pages + (sum < 0 ? 0 : sum);
	}
	if (dir)
		closedir(dir);
	return sum;
}

static long cma_in_use(void)
{
	long pages = observe_cma_pages();
	long total, unused;

	if (pages >= 0)
		return pages * sysconf(_SC_PAGESIZE);
	total = read_number(MEMINFO, "CmaTotal: %ld");
	unused = read_number(MEMINFO, "CmaFree: %ld");
	return total <= 0 || unused < 0 ? -1 : (total - unused) * 1024;
}

long observe_in_use(enum memory_kind kind)
{
	switch (kind) {
	case MEMORY_VIVID:
	case MEMORY_VIVID_DMABUF:
	case MEMORY_CMA_HEAP:
		return cma_in_use();
	case MEMORY_SYSTEM_HEAP:
	case MEMORY_UDMABUF:
		return read_number(BUFINFO, "Total %*d objects, %ld");
	default:
		return -1;
	}
}

int observe_pins(void)
{
	char line[512];
	int lines = 0;
	FILE *file;

	file = fopen(PINS, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	return lines ? lines - 1 : 0;	/* the header */
}

bool observe_function(const char *name)
{
	char line[512], found[256];
	bool is_there = false;
	FILE *file;

	file = fopen("/proc/kallsyms", "r");
	while (file && !is_there && fgets(line, sizeof(line), file))
		is_there = sscanf(line, "%*s %*[tT] %255s", found) == 1 &&
			   !strcmp(found, name);
	if (file)
		fclose(file);
	return is_there;
}

static bool write_fraction(int value)
{
	FILE *file = fopen(PCP_FRACTION, "w");

	if (!file)
		return false;
	fprintf(file, "%d\n", value);
	return !fclose(file);
}

int observe_exactly(void)
{
	int saved = read_number(PCP_FRACTION, "%ld");

	return write_fraction(100000) ? saved : -1;
}

void observe_restore(int saved)
{
	if (saved >= 0)
		write_fraction(saved);
}

bool observe_until_below(enum memory_kind kind, long bytes)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (observe_in_use(kind) < bytes)
			return true;
		usleep(TRY_US);
	}
	return false;
}

bool observe_until_pins(int pins)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (observe_pins() == pins)
			return true;
		usleep(TRY_US);
	}
	return false;
}

const char *errno_name(int err)
{
	static const struct {
		int value;
		const char *name;
	} names[] = {
		{ EACCES, "EACCES" }, { EAGAIN, "EAGAIN" }, { EBUSY, "EBUSY" },
		{ EFAULT, "EFAULT" }, { EINTR, "EINTR" }, { EINVAL, "EINVAL" },
		{ EIO, "EIO" }, { ENODEV, "ENODEV" }, { ENOMEM, "ENOMEM" },
		{ ENOTTY, "ENOTTY" }, { EOPNOTSUPP, "EOPNOTSUPP" },
		{ EOVERFLOW, "EOVERFLOW" }, { EPERM, "EPERM" },
		{ ETIMEDOUT, "ETIMEDOUT" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].value == err)
			return names[i].name;
	}
	return strerror(err);
}

void name_row(char row[ROW_LENGTH], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row, ROW_LENGTH, format, args);
	va_end(args);
}

void print_row(const char *row, const char *format, ...)
{
	va_list args;

	printf("# row: %s | ", row);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

bool no_driver(bool missing, const char *row)
{
	if (missing)
		print_row(row, NO_DRIVER);
	return missing;
}
