// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "books.h"
#include "kselftest.h"
#include "observe.h"
#include "settings.h"

#define SLABS		"/sys/kernel/slab"
#define MODULES		"/sys/module"
#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"

#define TRIES		60
#define TRY_US		100000
#define ATTEMPTS	5

static const char * const required[] = {
	"pins", "dma-bufs", "dma-buf bytes", "CMA pages", "pinned pages",
	"vmalloc areas", "HugePages_Free", "Shmem kB", "processes",
	"slab filp", "slab kmalloc-128", "slab vm_area_struct",
};

static void add(struct books *books, const char *prefix, const char *name, long value)
{
	struct book *book = &books->entries[books->count];

	if (books->count == MAX_BOOKS)
		ksft_exit_fail_msg("more than %d books\n", MAX_BOOKS);
	snprintf(book->name, sizeof(book->name), "%s%.40s", prefix, name);
	book->value = value;
	books->count++;
}

static bool read_long(const char *path, long *value)
{
	FILE *file = fopen(path, "r");
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "%ld", value) == 1;
	fclose(file);
	return good;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		ksft_print_msg("cannot write %s\n", path);
	close(fd);
}

/*
 * Counters that lag: per-CPU differences, caches, frees that wait for RCU. What
 * was looked up since the last time survives the first drop. 4: silently.
 */
static void catch_up(void)
{
	int i;

	write_text("/proc/sys/vm/drop_caches", "4");
	for (i = 0; i < 3; i++)
		write_text("/proc/sys/vm/drop_caches", "2");
	write_text("/proc/sys/vm/stat_refresh", "1");
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static void read_meminfo(struct books *books)
{
	char line[128];
	long value;
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "HugePages_Free: %ld", &value) == 1)
			add(books, "", "HugePages_Free", value);
		if (sscanf(line, "HugePages_Rsvd: %ld", &value) == 1)
			add(books, "", "HugePages_Rsvd", value);
		if (sscanf(line, "Shmem: %ld", &value) == 1)
			add(books, "", "Shmem kB", value);
	}
	if (file)
		fclose(file);
}

static void read_vmstat(struct books *books)
{
	long acquired = -1, released = -1, value;
	char line[128];
	FILE *file = fopen("/proc/vmstat", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "nr_foll_pin_acquired %ld", &value) == 1)
			acquired = value;
		if (sscanf(line, "nr_foll_pin_released %ld", &value) == 1)
			released = value;
	}
	if (file)
		fclose(file);
	if (acquired >= 0 && released >= 0)
		add(books, "", "pinned pages", acquired - released);
}

static void read_dma_bufs(struct books *books)
{
	char line[256];
	long bytes;
	int count;
	FILE *file = fopen(BUFINFO, "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Total %d objects, %ld", &count, &bytes) != 2)
			continue;
		add(books, "", "dma-bufs", count);
		add(books, "", "dma-buf bytes", bytes);
	}
	if (file)
		fclose(file);
}

/* Unmapped areas stay listed until enough of them are flushed together. */
static void read_vmalloc(struct books *books)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[512];
	long areas = 0;

	while (file && fgets(line, sizeof(line), file))
		areas += !strstr(line, "unpurged");
	if (file)
		fclose(file);
	add(books, "", "vmalloc areas", areas);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/*
 * Of two of these the kernel keeps pools for later use; how many nodes a maple
 * tree has depends on how it came about. VMAs are counted themselves.
 */
static bool is_exact(const char *name)
{
	return name[0] != '.' && strcmp(name, "vmap_area") && strcmp(name, "radix_tree_node") &&
	       strcmp(name, "maple_node");
}

/*
 * Files that are read over and over stay open: what sysfs allocates to open one
 * is freed by RCU some seconds later.
 */
static struct source {
	char name[56];
	int fd;
} sources[MAX_BOOKS];
static size_t nr_sources;

static void add_source(const char *prefix, const char *name, const char *path)
{
	struct source *source = &sources[nr_sources];

	if (nr_sources == MAX_BOOKS)
		ksft_exit_fail_msg("more than %d books\n", MAX_BOOKS);
	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0)
		return;
	snprintf(source->name, sizeof(source->name), "%s%.40s", prefix, name);
	nr_sources++;
}

/* DIR/NAME/FILE for each NAME */
static void add_sources(const char *prefix, const char *dir, const char *file)
{
	struct dirent **names;
	char path[600];
	int i, n;

	n = scandir(dir, &names, NULL, compare_names);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", dir, names[i]->d_name, file);
		if (is_exact(names[i]->d_name))
			add_source(prefix, names[i]->d_name, path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void read_sources(struct books *books)
{
	char text[64];
	ssize_t len;
	size_t i;

	if (!nr_sources) {
		add_sources("module ", MODULES, "refcnt");
		add_sources("slab ", SLABS, "objects");
	}
	for (i = 0; i < nr_sources; i++) {
		len = pread(sources[i].fd, text, sizeof(text) - 1, 0);
		if (len <= 0)
			continue;
		text[len] = '\0';
		add(books, "", sources[i].name, strtol(text, NULL, 10));
	}
}

/*
 * A kernel thread has no address space, hence nothing in its statm. The sum tells
 * one thread from another that has taken its place; readdir() sorts by pid.
 */
static void count_tasks(struct books *books)
{
	struct dirent *entry;
	int processes = 0;
	char path[300];
	long size;
	DIR *dir;

	books->threads = 0;
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/statm", entry->d_name);
		if (!isdigit(entry->d_name[0]) || !read_long(path, &size))
			continue;
		if (size)
			processes++;
		else
			books->threads = books->threads * 31 + strtoul(entry->d_name, NULL, 10);
	}
	if (dir)
		closedir(dir);
	add(books, "", "processes", processes);
}

static void read_once(struct books *books)
{
	books->count = 0;
	catch_up();
	/* first, since to read the others opens files, which RCU frees later */
	read_sources(books);
	if (observe_pins() >= 0)
		add(books, "", "pins", observe_pins());
	read_dma_bufs(books);
	read_meminfo(books);
	/* CmaFree leaves out what was freed and lies on per-CPU lists */
	if (observe_cma_pages() >= 0)
		add(books, "", "CMA pages", observe_cma_pages());
	read_vmstat(books);
	read_vmalloc(books);
	count_tasks(books);
}

/* Fewer objects of slab are no leak: what was garbage before has been freed. */
static bool is_as(const struct book *now, const struct book *before)
{
	if (strcmp(now->name, before->name))
		return false;
	return now->value == before->value ||
	       (!strncmp(now->name, "slab ", 5) && now->value < before->value);
}

static bool are_as(const struct books *now, const struct books *before)
{
	size_t i;

	if (now->count != before->count)
		return false;
	for (i = 0; i < now->count; i++) {
		if (!is_as(&now->entries[i], &before->entries[i]))
			return false;
	}
	return true;
}

void books_read(struct books *books)
{
	struct books again;
	int i;

	read_once(books);
	for (i = 0; i < TRIES; i++) {
		usleep(TRY_US);
		read_once(&again);
		if (are_as(books, &again) && are_as(&again, books))
			return;
		*books = again;
	}
	ksft_print_msg("the books never come to rest\n");
}

static long value_of(const struct books *books, const char *name, long missing)
{
	size_t i;

	for (i = 0; i < books->count; i++) {
		if (!strcmp(books->entries[i].name, name))
			return books->entries[i].value;
	}
	return missing;
}

/*
 * With vo_traces=1 and slab_debug=U (slub_debug=U), which makes the kernel remember
 * who allocated what. Look for a small age, in jiffies.
 */
static void print_traces(const char *cache)
{
	char path[128], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/slab/%s/alloc_traces", cache);
	file = fopen(path, "r");
	if (!file) {
		/* 5.10 */
		snprintf(path, sizeof(path), SLABS "/%s/alloc_calls", cache);
		file = fopen(path, "r");
	}
	while (file && fgets(line, sizeof(line), file))
		if (line[0] != '\n')
			ksft_print_msg("  %s", line);
	if (file)
		fclose(file);
}

static void print_differences(const struct books *before, const struct books *after,
			      const char *what)
{
	bool traces = setting("vo_traces", 0);
	long value;
	size_t i;

	for (i = 0; i < before->count; i++) {
		value = value_of(after, before->entries[i].name, -1);
		if (value == before->entries[i].value)
			continue;
		ksft_print_msg("%s: %s was %ld, is %ld\n", what, before->entries[i].name,
			       before->entries[i].value, value);
		if (traces && !strncmp(before->entries[i].name, "slab ", 5))
			print_traces(before->entries[i].name + 5);
	}
	if (after->count != before->count)
		ksft_print_msg("%s: there were %zu books, there are %zu\n", what,
			       before->count, after->count);
}

static bool wait_for(struct books *now, const struct books *before, const char *what,
		     int patience)
{
	int i;

	for (i = 0; i < patience; i++) {
		read_once(now);
		if (are_as(now, before))
			return true;
		usleep(TRY_US);
	}
	print_differences(before, now, what);
	return false;
}

bool books_return(const struct books *before, const char *what, int patience)
{
	struct books now;

	return wait_for(&now, before, what, patience);
}

bool books_balanced(const char *what, bool (*job)(void *arg), void *arg)
{
	static struct books before, after;
	int attempt;

	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		books_read(&before);
		if (!job(arg))
			return false;
		if (wait_for(&after, &before, what, BOOKS_PATIENT))
			return true;
		if (after.threads == before.threads)
			return false;
		ksft_print_msg("%s: kernel threads came or went; counted again\n", what);
	}
	return false;
}

bool books_complete(void)
{
	struct books books;
	bool complete = true;
	size_t i;

	read_once(&books);
	for (i = 0; i < ARRAY_SIZE(required); i++) {
		if (value_of(&books, required[i], -1) >= 0)
			continue;
		ksft_print_msg("the kernel does not count: %s\n", required[i]);
		complete = false;
	}
	return complete;
}
