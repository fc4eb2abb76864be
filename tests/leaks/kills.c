// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL at random moments of streaming. A child opens, maps, queues, streams
 * and stops over and over, a second thread of it maps, unmaps and closes
 * meanwhile; somewhere in there it is killed. Whoever is dead must be so at
 * once, and the kernel's books must agree afterwards.
 *
 * vo_seed=N on the kernel's command line repeats a sequence, vo_kills=N sets
 * how long it is (400).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "books.h"
#include "kselftest.h"
#include "owners.h"
#include "settings.h"
#include "video.h"

#define BATCH		50
#define DEATH_MS	10000

/* How far the child has come, in memory that outlives it. */
enum stage { OPENING, MAPPING, QUEUEING, STREAMING, STOPPING, STAGES };

static const char * const stage_names[STAGES] = {
	"opening", "mapping", "queueing", "streaming", "stopping",
};

static _Atomic int *stage;
static int died_in[STAGES];
static unsigned long long state;

static unsigned int next_random(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return state >> 33;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ---- the child ---- */

/* Only one file may allocate from vivid, and that is the streaming thread's. */
static enum memory_kind kind_to_churn(const struct owner *owner)
{
	if (owner->kind == MEMORY_VIVID || owner->kind == MEMORY_VIVID_DMABUF)
		return MEMORY_CMA_HEAP;
	return owner->kind;
}

static void *churn(void *arg)
{
	const struct owner *owner = arg;
	struct memory mem;
	void *map;

	for (;;) {
		if (memory_alloc(&mem, kind_to_churn(owner), owner->size))
			continue;
		map = memory_map(&mem);
		memory_close(&mem);
		if (map != MAP_FAILED)
			munmap(map, owner->size);
	}
	return NULL;
}

static int stream_some(struct round *round)
{
	int ret, i;

	*stage = QUEUEING;
	ret = round_queue(round, round->target);
	*stage = STREAMING;
	if (!ret)
		ret = round_stream(round);
	for (i = 0; ret >= 0 && i < 2; i++) {
		ret = video_queue_user(round->importer, 0, round->target, ROUND_LENGTH);
		if (!ret)
			ret = video_dequeue(round->importer, V4L2_MEMORY_USERPTR);
	}
	*stage = STOPPING;
	return ret < 0 ? ret : 0;
}

/* Never returns: a child that ends by itself has failed. */
static void live(const struct owner *owner, bool threaded)
{
	struct round round;
	pthread_t thread;
	int ret = 0;

	if (threaded && pthread_create(&thread, NULL, churn, (void *)owner))
		_exit(EAGAIN);
	while (!ret) {
		*stage = OPENING;
		ret = round_open(&round, owner);
		*stage = MAPPING;
		if (!ret)
			ret = round_map(&round);
		if (!ret)
			ret = stream_some(&round);
		if (!ret)
			round_end(&round);
	}
	_exit(-ret);
}

/* ---- the killer ---- */

static char state_of(pid_t pid)
{
	char path[64], letter = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return letter;
	if (fscanf(file, "%*d (%*[^)]) %c", &letter) != 1)
		letter = '?';
	fclose(file);
	return letter;
}

static bool reap(pid_t pid)
{
	long long deadline = now_ms() + DEATH_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ms() > deadline) {
			ksft_print_msg("process %d lives %d s after SIGKILL, in state %c\n",
				       pid, DEATH_MS / 1000, state_of(pid));
			return false;
		}
		usleep(1000);
	}
	if (WIFSIGNALED(status))
		return true;
	ksft_print_msg("the child ended by itself while %s: %s\n", stage_names[*stage],
		       strerror(WEXITSTATUS(status)));
	return false;
}

static bool kill_one(unsigned int longest_ms)
{
	const struct owner *owner = &owners[next_random() % nr_owners];
	unsigned int wait_us = next_random() % (longest_ms * 1000);
	bool threaded = next_random() % 2;
	pid_t pid;

	*stage = OPENING;
	pid = fork();
	if (!pid)
		live(owner, threaded);
	if (pid < 0)
		return false;
	usleep(wait_us);
	kill(pid, SIGKILL);
	if (!reap(pid)) {
		ksft_print_msg("it was streaming into %s\n", owner->name);
		return false;
	}
	died_in[*stage]++;
	return true;
}

/* From fork() to the end of one round, and half as long again. */
static unsigned int measure(void)
{
	long long begin = now_ms();
	struct round round;
	int ret;

	ret = round_open(&round, &owners[3]);
	ret = ret ?: round_map(&round);
	ret = ret ?: stream_some(&round);
	round_end(&round);
	if (ret)
		ksft_exit_fail_msg("no frame without a kill: %s\n", strerror(-ret));
	return (now_ms() - begin) * 3 / 2 + 1;
}

static bool kill_batch(void *arg)
{
	unsigned int *longest_ms = arg;
	int i;

	for (i = 0; i < BATCH; i++)
		if (!kill_one(*longest_ms))
			return false;
	return true;
}

/* A sequence that never met a stage has shown nothing about it. */
static bool met_all_stages(void)
{
	bool all = true;
	int i;

	for (i = 0; i < STAGES; i++) {
		ksft_print_msg("killed while %s: %d\n", stage_names[i], died_in[i]);
		all &= died_in[i] > 0;
	}
	return all;
}

int main(void)
{
	unsigned long seed = 0, kills = setting("vo_kills", 400);
	unsigned int longest_ms;
	unsigned long i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(kills / BATCH + 2);
	if (getrandom(&seed, 4, 0) != 4)
		seed = time(NULL);
	seed = setting("vo_seed", seed);
	state = seed;
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	measure();
	longest_ms = measure();
	ksft_print_msg("%lu kills, each within %u ms; again with vo_seed=%lu\n", kills,
		       longest_ms, seed);
	ksft_test_result(books_complete(), "the kernel counts what a leak would show in\n");
	/* what is made once and kept has been made by then */
	kill_batch(&longest_ms);
	for (i = 0; i < kills / BATCH; i++)
		ksft_test_result(books_balanced("after the kills", kill_batch, &longest_ms),
				 "kills %lu to %lu\n", i * BATCH + 1, (i + 1) * BATCH);
	ksft_test_result(met_all_stages(), "every stage met a kill\n");
	ksft_finished();
}
