// SPDX-License-Identifier: GPL-2.0
/*
 * Lends address spaces to vma_owner_torture, see vma_owner_torture.h, and does what a
 * module cannot: mremap, mprotect, fork. Meanwhile pins are read from debugfs, and
 * somebody tries to unload the module.
 *
 * On the kernel's command line vo_seed=N repeats a run, vo_ops=N and vo_workers=N say
 * how long it is and how many threads it has; half of them are in another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vma_owner_torture.h"

#define MODULE		"vma_owner_torture"
#define PINS		"/sys/kernel/debug/vma_owner/pins"
#define PROCESSES	2

static int fd;
static unsigned int workers = 4;
static unsigned int tests;

static unsigned long long setting(const char *name, unsigned long long otherwise)
{
	char line[4096] = "", *at;
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file)
		return otherwise;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	at = strstr(line, name);
	return at ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

static void result(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++tests, what);
	fflush(stdout);
}

/* ---- what the module says ---- */

static void run_child(const struct torture_run *run)
{
	__u32 child = run->child;

	ioctl(fd, TORTURE_CHILD, &child);
	_exit(0);
}

/* One that is not killed is reaped by nobody: SIGCHLD is ignored */
static int do_fork(const struct torture_run *run)
{
	pid_t pid = fork();

	if (!pid)
		run_child(run);
	if (pid < 0)
		return -errno;
	if (!run->kill_us)
		return 0;
	usleep(run->kill_us);
	kill(pid, SIGKILL);
	/* Fails when it is gone */
	waitpid(pid, NULL, 0);
	return 0;
}

static int do_one(const struct torture_run *run)
{
	void *addr = (void *)run->addr;

	switch (run->todo) {
	case TORTURE_MREMAP:
		addr = mremap(addr, run->len, run->len, MREMAP_MAYMOVE | MREMAP_FIXED,
			      (void *)run->to);
		return addr == MAP_FAILED ? -errno : 0;
	case TORTURE_MPROTECT:
		return mprotect(addr, run->len, run->prot) ? -errno : 0;
	case TORTURE_FORK:
		return do_fork(run);
	}
	return 0;
}

static void *work(void *arg)
{
	struct torture_run run = { .worker = (unsigned long)arg, .todo = TORTURE_AGAIN };
	unsigned int worker = run.worker;

	while (!ioctl(fd, TORTURE_RUN, &run) && run.todo != TORTURE_DONE) {
		run.ret = do_one(&run);
		run.worker = worker;
	}
	return NULL;
}

static void work_as_process(unsigned int process)
{
	pthread_t threads[workers];
	unsigned int i;

	for (i = process; i < workers; i += PROCESSES)
		if (pthread_create(&threads[i], NULL, work, (void *)(unsigned long)i))
			_exit(1);
	for (i = process; i < workers; i += PROCESSES)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* ---- beside them ---- */

/* With a buffer that few pins fill. How many there were */
static int read_pins(void)
{
	static char text[300];
	int pins = -1, file = open(PINS, O_RDONLY | O_CLOEXEC);
	ssize_t n, i;

	if (file < 0)
		return -errno;
	while ((n = read(file, text, sizeof(text))) > 0)
		for (i = 0; i < n; i++)
			pins += text[i] == '\n';
	close(file);
	return pins;
}

static bool unload(void)
{
	return !syscall(SYS_delete_module, MODULE, O_NONBLOCK);
}

static bool load(unsigned long long seed, unsigned long long ops)
{
	int file = open("/modules/" MODULE ".ko", O_RDONLY | O_CLOEXEC);
	char params[128];
	bool ok;

	snprintf(params, sizeof(params), "seed=%llu ops=%llu workers=%u", seed, ops, workers);
	ok = file >= 0 && !syscall(SYS_finit_module, file, params, 0);
	if (!ok)
		printf("# %s: %s\n", MODULE, strerror(errno));
	close(file);
	return ok;
}

/* Every half a minute, as long as they get on: who says nothing hangs */
static void tell(void)
{
	static unsigned long long last;
	unsigned long long done = 0;
	static time_t told;
	FILE *file;

	if (time(NULL) - told < 30)
		return;
	told = time(NULL);
	file = fopen("/sys/module/" MODULE "/parameters/done", "re");
	if (file && fscanf(file, "%llu", &done) == 1 && done != last)
		printf("# %llu operations\n", done);
	if (file)
		fclose(file);
	fflush(stdout);
	last = done;
}

static unsigned int torture(void)
{
	unsigned int i, left = PROCESSES, looks = 0;
	pid_t pids[PROCESSES];

	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			signal(SIGCHLD, SIG_IGN);
			work_as_process(i);
		}
	}
	while (left) {
		for (i = 0; i < PROCESSES; i++) {
			if (pids[i] && waitpid(pids[i], NULL, WNOHANG) == pids[i]) {
				pids[i] = 0;
				left--;
			}
		}
		read_pins();
		tell();
		if (!(++looks % 16) && unload()) {
			printf("# the module was unloaded while in use\n");
			exit(1);
		}
		usleep(50000);
	}
	return ioctl(fd, TORTURE_END) || ioctl(fd, TORTURE_JUDGE);
}

int main(void)
{
	unsigned long long seed = 0, ops = setting("vo_ops=", 100000);
	int pins;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	seed = setting("vo_seed=", seed >> 32);
	workers = setting("vo_workers=", workers);
	printf("TAP version 13\n1..4\n# seed %llu, %llu operations, %u workers\n", seed, ops, workers);
	fflush(stdout);
	if (!load(seed, ops))
		return 1;
	fd = open("/dev/" MODULE, O_RDWR | O_CLOEXEC);
	result(fd >= 0, "the module is there");
	result(!torture(), "each call returned what it must, each access was to what was pinned");
	close(fd);
	pins = read_pins();
	if (pins)
		printf("# %d pins\n", pins);
	result(!pins, "no pin is left");
	result(unload(), "the module can be unloaded");
	return 0;
}
