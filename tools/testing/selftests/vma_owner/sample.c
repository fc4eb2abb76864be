// SPDX-License-Identifier: GPL-2.0
/*
 * The two sample modules against each other: samples/vma_owner/, which
 * Documentation/mm/vma_owner.rst quotes, do what it says. They are loaded for
 * each test and unloaded after it, which fails if a reference was lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "../../../../samples/vma_owner/vma_owner_sample.h"

#define EXPORTER	"vma_owner_exporter"
#define IMPORTER	"vma_owner_importer"
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"
#define UNBIND		"/sys/bus/platform/drivers/" EXPORTER "/unbind"
#define PINS		"/sys/kernel/debug/vma_owner/pins"

#define SIZE		65536
#define BOTH		(VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL)
#define ROUNDS		300

static sigjmp_buf fault;
unsigned char touched;	/* global, so that the read is not left out */

/* ---- modules ---- */

/* VMA_OWNER_MODULES names the folder if they are not installed. */
static int load(const char *module, const char *params)
{
	const char *folder = getenv("VMA_OWNER_MODULES");
	struct utsname uts;
	char path[512];
	int fd, err = 0;

	uname(&uts);
	if (folder)
		snprintf(path, sizeof(path), "%s/%s.ko", folder, module);
	else
		snprintf(path, sizeof(path),
			 "/lib/modules/%s/kernel/samples/vma_owner/%s.ko",
			 uts.release, module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		err = -errno;
	close(fd);
	return err;
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

/* A killed process lets go a little later than it is reaped. */
static int unload_soon(const char *module)
{
	int tries, err = 0;

	for (tries = 0; tries < 100; tries++) {
		err = unload(module);
		if (err != -EAGAIN)
			break;
		usleep(50000);
	}
	return err;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static bool file_has(const char *path, const char *word, const char *word2)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[1024];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, word) && strstr(line, word2);
	if (file)
		fclose(file);
	return found;
}

/* The range of memmap=SIZE$START on the kernel's command line, or 0. */
static unsigned long long reserved_range(void)
{
	char line[4096] = "", *range;
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	range = strstr(line, "memmap=");
	range = range ? strchr(range, '$') : NULL;
	return range ? strtoull(range + 1, NULL, 0) : 0;
}

/* ---- the importer's ioctls; negative errno on failure ---- */

static int pin(int imp, const void *addr, size_t len, unsigned int flags)
{
	struct vma_sample_pin arg = {
		.addr = (unsigned long)addr, .len = len, .flags = flags,
	};

	return ioctl(imp, VMA_SAMPLE_IOC_PIN, &arg) ? -errno : (int)arg.id;
}

static int unpin(int imp, __u32 id)
{
	return ioctl(imp, VMA_SAMPLE_IOC_UNPIN, &id) ? -errno : 0;
}

static int map(int imp, __u32 id, __u32 mappings)
{
	struct vma_sample_map arg = { .id = id, .mappings = mappings };

	return ioctl(imp, VMA_SAMPLE_IOC_MAP, &arg) ? -errno : 0;
}

static int unmap(int imp, __u32 id, __u32 mappings)
{
	struct vma_sample_map arg = { .id = id, .mappings = mappings };

	return ioctl(imp, VMA_SAMPLE_IOC_UNMAP, &arg) ? -errno : 0;
}

static int copy(int imp, unsigned long call, __u32 id, void *user, size_t len)
{
	struct vma_sample_copy arg = {
		.id = id, .user = (unsigned long)user, .len = len,
	};

	return ioctl(imp, call, &arg) ? -errno : 0;
}

static struct vma_sample_report report(int imp, __u32 id)
{
	struct vma_sample_report arg = { .id = id };

	if (ioctl(imp, VMA_SAMPLE_IOC_REPORT, &arg))
		memset(&arg, 0xff, sizeof(arg));
	return arg;
}

/* ---- memory ---- */

static void fill(unsigned char *mem, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		mem[i] = (i * 31 + (i >> 12) + seed) & 0xff;
}

/* Does the importer read what a fill() with @seed wrote @skip bytes before? */
static int reads(int imp, __u32 id, size_t skip, size_t len, unsigned int seed)
{
	static unsigned char want[SIZE], got[SIZE];
	int ret = copy(imp, VMA_SAMPLE_IOC_READ, id, got, len);

	fill(want, sizeof(want), seed);
	return ret ? ret : !memcmp(got, want + skip, len);
}

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

/* 0, or the signal that touching @addr raises */
static int touch(const unsigned char *addr)
{
	int signal;

	sigaction(SIGBUS, &(struct sigaction){ .sa_handler = on_fault }, NULL);
	signal = sigsetjmp(fault, 1);
	if (!signal)
		touched = *addr;
	return signal;
}

/* ---- a loaded pair, and memory of the exporter's or ordinary memory ---- */

struct pair {
	int exp;
	int imp;
	unsigned char *mem;
};

static int load_exporter(const char *memory)
{
	char params[128];

	snprintf(params, sizeof(params), "memory=%s size=%d phys=%#llx", memory,
		 SIZE, reserved_range());
	return load(EXPORTER, params);
}

/* @memory: the exporter's parameter, NULL for ordinary memory */
static int pair_begin(struct pair *pair, const char *memory)
{
	int flags = MAP_SHARED, err;

	/* what a test that died left behind */
	unload(EXPORTER);
	unload(IMPORTER);
	*pair = (struct pair) { .exp = -1, .imp = -1 };
	err = load(IMPORTER, "");
	if (!err && memory)
		err = load_exporter(memory);
	if (err)
		return err;
	pair->imp = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	if (memory)
		pair->exp = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	else
		flags |= MAP_ANONYMOUS;
	if (pair->imp < 0)
		return -errno;
	pair->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, pair->exp, 0);
	if (pair->mem == MAP_FAILED) {
		pair->mem = NULL;
		return -errno;
	}
	fill(pair->mem, SIZE, 1);
	return 0;
}

static void pair_let_go(struct pair *pair)
{
	if (pair->mem)
		munmap(pair->mem, SIZE);
	close(pair->exp);
	pair->mem = NULL;
	pair->exp = -1;
}

/* 0 if neither module was held by anything that is left */
static int pair_end(struct pair *pair)
{
	int err, err2;

	pair_let_go(pair);
	close(pair->imp);
	err = unload_soon(IMPORTER);
	err2 = unload_soon(EXPORTER);
	return err ? err : err2 == -ENOENT ? 0 : err2;
}

FIXTURE(sample)
{
	struct pair s;
};

FIXTURE_VARIANT(sample)
{
	const char *memory;
	bool revocable;
};

FIXTURE_VARIANT_ADD(sample, pages) { .memory = "pages", .revocable = true };
FIXTURE_VARIANT_ADD(sample, reserved) { .memory = "reserved", .revocable = true };
FIXTURE_VARIANT_ADD(sample, dma) { .memory = "dma" };
FIXTURE_VARIANT_ADD(sample, ordinary) { };

FIXTURE_SETUP(sample)
{
	ASSERT_EQ(0, pair_begin(&self->s, variant->memory));
}

FIXTURE_TEARDOWN(sample)
{
	EXPECT_EQ(0, pair_end(&self->s));
}

TEST_F(sample, shows_the_same_memory)
{
	static unsigned char other[SIZE], seen[SIZE];
	struct vma_sample_report rep;
	int id;

	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	ASSERT_EQ(0, map(self->s.imp, id, BOTH));
	rep = report(self->s.imp, id);
	EXPECT_EQ(!!variant->memory, rep.owned);
	EXPECT_EQ(VMA_SAMPLE_HELD, rep.state);
	EXPECT_EQ(BOTH, rep.mappings);
	EXPECT_EQ(SIZE, rep.dma_bytes);
	EXPECT_GE(rep.dma_count, 1);
	EXPECT_LE(rep.dma_count, SIZE / 4096);
	EXPECT_EQ(1, reads(self->s.imp, id, 0, SIZE, 1));

	fill(other, SIZE, 2);
	EXPECT_EQ(0, copy(self->s.imp, VMA_SAMPLE_IOC_WRITE, id, other, SIZE));
	memcpy(seen, self->s.mem, SIZE);
	EXPECT_EQ(0, memcmp(seen, other, SIZE));
	EXPECT_EQ(0, unmap(self->s.imp, id, BOTH));
	EXPECT_EQ(0, report(self->s.imp, id).mappings);
	EXPECT_EQ(0, unpin(self->s.imp, id));
	EXPECT_EQ(-ENOENT, unpin(self->s.imp, id));
}

TEST_F(sample, shows_a_part)
{
	const size_t skip = 4096 + 100, len = 3 * 4096 + 10;
	int id;

	id = pin(self->s.imp, self->s.mem + skip, len, 0);
	ASSERT_GT(id, 0);
	EXPECT_EQ(-EINVAL, reads(self->s.imp, id, skip, len, 1));
	ASSERT_EQ(0, map(self->s.imp, id, BOTH));
	EXPECT_EQ(len, report(self->s.imp, id).dma_bytes);
	EXPECT_EQ(1, reads(self->s.imp, id, skip, len, 1));
	EXPECT_EQ(-EINVAL, reads(self->s.imp, id, skip, len + 1, 1));
	EXPECT_EQ(-EACCES, copy(self->s.imp, VMA_SAMPLE_IOC_WRITE, id, self->s.mem, 1));
	EXPECT_EQ(0, unpin(self->s.imp, id));
}

TEST_F(sample, is_kept_without_mapping_and_file)
{
	int id;

	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	pair_let_go(&self->s);
	EXPECT_EQ(0, map(self->s.imp, id, BOTH));
	EXPECT_EQ(1, reads(self->s.imp, id, 0, SIZE, 1));
	EXPECT_EQ(-EAGAIN, unload(IMPORTER));
	EXPECT_EQ(variant->memory ? -EAGAIN : -ENOENT, unload(EXPORTER));
	EXPECT_EQ(0, unpin(self->s.imp, id));
}

TEST_F(sample, is_let_go_by_a_killed_importer)
{
	int pipes[2], status;
	char ready = 0;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int imp = open("/dev/" IMPORTER, O_RDWR);
		int id = pin(imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);

		ready = id > 0 && !map(imp, id, BOTH);
		if (write(pipes[1], &ready, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_EQ(1, read(pipes[0], &ready, 1));
	EXPECT_EQ(1, ready);
	EXPECT_EQ(!!variant->memory, file_has(PINS, EXPORTER, IMPORTER));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	/* the teardown's unload fails if a pin is left */
}

TEST_F(sample, is_not_written_through_a_read_only_mapping)
{
	int id;

	ASSERT_EQ(0, mprotect(self->s.mem, SIZE, PROT_READ));
	EXPECT_EQ(-EFAULT, pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE));
	id = pin(self->s.imp, self->s.mem, SIZE, 0);
	EXPECT_GT(id, 0);
	ASSERT_EQ(0, munmap(self->s.mem + SIZE / 2, SIZE / 2));
	EXPECT_EQ(-EFAULT, pin(self->s.imp, self->s.mem, SIZE, 0));
	EXPECT_EQ(-EINVAL, pin(self->s.imp, self->s.mem, 0, 0));
}

TEST_F(sample, is_refused_to_static_importers_if_revocable)
{
	int id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_STATIC);

	EXPECT_EQ(variant->revocable ? -EOPNOTSUPP : 1, id);
}

TEST(dma_is_not_taken_back)
{
	struct pair s;
	int id;

	ASSERT_EQ(0, pair_begin(&s, "dma"));
	id = pin(s.imp, s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	EXPECT_GT(id, 0);
	EXPECT_EQ(0, map(s.imp, id, BOTH));
	EXPECT_EQ(-EOPNOTSUPP, write_file(REVOKE, "temporary"));
	EXPECT_EQ(-EOPNOTSUPP, write_file(REVOKE, "permanent"));
	EXPECT_EQ(-EOPNOTSUPP, write_file(REVOKE, "restore"));
	EXPECT_EQ(-ENOENT, write_file(UNBIND, EXPORTER));
	EXPECT_EQ(1, reads(s.imp, id, 0, SIZE, 1));
	EXPECT_EQ(0, pair_end(&s));
}

FIXTURE(revocable)
{
	struct pair s;
};

FIXTURE_VARIANT(revocable)
{
	const char *memory;
};

FIXTURE_VARIANT_ADD(revocable, pages) { .memory = "pages" };
FIXTURE_VARIANT_ADD(revocable, reserved) { .memory = "reserved" };

FIXTURE_SETUP(revocable)
{
	ASSERT_EQ(0, pair_begin(&self->s, variant->memory));
}

FIXTURE_TEARDOWN(revocable)
{
	EXPECT_EQ(0, pair_end(&self->s));
}

TEST_F(revocable, comes_back_after_a_temporary_revoke)
{
	struct vma_sample_report rep;
	int id;

	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	ASSERT_EQ(0, map(self->s.imp, id, BOTH));
	EXPECT_EQ(-EINVAL, write_file(REVOKE, "restore"));
	ASSERT_EQ(0, write_file(REVOKE, "temporary"));
	rep = report(self->s.imp, id);
	EXPECT_EQ(VMA_SAMPLE_REVOKED, rep.state);
	EXPECT_EQ(0, rep.mappings);
	EXPECT_EQ(1, rep.invalidated);
	EXPECT_EQ(-ENODEV, reads(self->s.imp, id, 0, SIZE, 1));
	EXPECT_EQ(-ENODEV, map(self->s.imp, id, BOTH));
	EXPECT_EQ(-ENODEV, pin(self->s.imp, self->s.mem, SIZE, 0));
	EXPECT_EQ(SIGBUS, touch(self->s.mem));

	/* a second one needs a second restore */
	ASSERT_EQ(0, write_file(REVOKE, "temporary"));
	EXPECT_EQ(0, write_file(REVOKE, "restore"));
	EXPECT_EQ(VMA_SAMPLE_REVOKED, report(self->s.imp, id).state);
	EXPECT_EQ(SIGBUS, touch(self->s.mem));
	EXPECT_EQ(0, write_file(REVOKE, "restore"));

	rep = report(self->s.imp, id);
	EXPECT_EQ(VMA_SAMPLE_HELD, rep.state);
	EXPECT_EQ(BOTH, rep.mappings);
	EXPECT_EQ(1, rep.restored);
	EXPECT_EQ(SIZE, rep.dma_bytes);
	EXPECT_EQ(1, reads(self->s.imp, id, 0, SIZE, 1));
	EXPECT_EQ(0, touch(self->s.mem));
	EXPECT_EQ(-EINVAL, write_file(REVOKE, "restore"));
}

/* Whoever revokes for good: the pin is a shell and holds nothing. */
static void expect_gone(struct __test_metadata *const _metadata,
			struct pair *pair, int id)
{
	struct vma_sample_report rep = report(pair->imp, id);

	EXPECT_EQ(VMA_SAMPLE_GONE, rep.state);
	EXPECT_EQ(0, rep.mappings);
	EXPECT_EQ(1, rep.owned);
	EXPECT_EQ(-ENODEV, reads(pair->imp, id, 0, SIZE, 1));
	EXPECT_EQ(-ENODEV, pin(pair->imp, pair->mem, SIZE, 0));
	EXPECT_EQ(SIGBUS, touch(pair->mem));
	pair_let_go(pair);
	EXPECT_EQ(0, unload(EXPORTER));
	EXPECT_EQ(0, unpin(pair->imp, id));
}

TEST_F(revocable, is_gone_after_a_permanent_revoke)
{
	int id;

	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	ASSERT_EQ(0, map(self->s.imp, id, BOTH));
	ASSERT_EQ(0, write_file(REVOKE, "permanent"));
	EXPECT_EQ(-EINVAL, write_file(REVOKE, "restore"));
	expect_gone(_metadata, &self->s, id);
}

TEST_F(revocable, is_gone_after_unbind)
{
	int id;

	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	ASSERT_EQ(0, map(self->s.imp, id, BOTH));
	ASSERT_EQ(0, write_file(UNBIND, EXPORTER));
	EXPECT_EQ(-ENOENT, write_file(REVOKE, "restore"));
	expect_gone(_metadata, &self->s, id);
}

/* Revokes and restores until told to stop; the last is a restore. */
static pid_t start_revoking(atomic_int *stop)
{
	pid_t pid = fork();
	int err = 0;

	if (pid)
		return pid;
	while (!atomic_load(stop) && !err) {
		err = write_file(REVOKE, "temporary");
		usleep(1000);
		if (!err)
			err = write_file(REVOKE, "restore");
		usleep(3000);
	}
	_exit(err != 0);
}

TEST_F(revocable, survives_revokes_while_it_is_used)
{
	int id, round, status, ret, done = 0, refused = 0;
	atomic_int *stop;
	pid_t pid;

	stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stop);
	id = pin(self->s.imp, self->s.mem, SIZE, VMA_SAMPLE_FOR_WRITE);
	ASSERT_GT(id, 0);
	pid = start_revoking(stop);
	ASSERT_GT(pid, 0);
	for (round = 0; round < ROUNDS || !done || !refused; round++) {
		ret = map(self->s.imp, id, BOTH);
		if (!ret)
			ret = reads(self->s.imp, id, 0, SIZE, 1);
		if (ret == 1)
			done++;
		else if (ret == -ENODEV || ret == -EAGAIN)
			refused++;
		else
			break;
		if (round % 4 == 0 && unmap(self->s.imp, id, BOTH))
			break;
	}
	EXPECT_GE(round, ROUNDS)
	{
		TH_LOG("round %d ended in %d", round, ret);
	}
	TH_LOG("%d accesses, %d refused", done, refused);
	atomic_store(stop, 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, map(self->s.imp, id, BOTH));
	EXPECT_EQ(1, reads(self->s.imp, id, 0, SIZE, 1));
}

TEST_HARNESS_MAIN
