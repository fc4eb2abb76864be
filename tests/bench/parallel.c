// SPDX-License-Identifier: GPL-2.0
/*
 * Pins by 1 to 8 threads at a time, of a buffer for each and of one for all. In
 * nanoseconds of a guest without -icount, by the number of pins that all threads made,
 * beside a loop that shares nothing: it shows what the host's processors are worth.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "measure.h"
#include "memory.h"

#define THREADS	8
#define SIZE	(1UL << 20)
#define PINS	5000
#define REPS	100
#define KINDS	3

struct worker {
	pthread_t thread;
	enum vo_bench_what what;
	void *at;
	uint64_t begin, end;
	int ret;
};

static pthread_barrier_t barrier;

static uint64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(&barrier);
	w->begin = nanoseconds();
	w->ret = measure(NULL, w->what, w->at, SIZE, -1, PINS);
	w->end = nanoseconds();
	return NULL;
}

/* From the first begin to the last end, by the clocks of those who did it */
static uint64_t took_all(const struct worker *w, unsigned int nr)
{
	uint64_t begin = w->begin, end = w->end;
	unsigned int i;

	for (i = 1; i < nr; i++) {
		if (w[i].begin < begin)
			begin = w[i].begin;
		if (w[i].end > end)
			end = w[i].end;
	}
	return end - begin;
}

static int run(enum vo_bench_what what, char *at[THREADS], unsigned int nr,
	       uint64_t *took)
{
	struct worker w[THREADS];
	unsigned int i;
	int ret = 0;

	pthread_barrier_init(&barrier, NULL, nr);
	for (i = 0; i < nr; i++) {
		w[i] = (struct worker) { .what = what, .at = at[i] };
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			return -EAGAIN;
	}
	for (i = 0; i < nr; i++) {
		pthread_join(w[i].thread, NULL);
		ret = ret ?: w[i].ret;
	}
	pthread_barrier_destroy(&barrier);
	*took = took_all(w, nr);
	return ret;
}

/* In turns, so that a busy moment of the host meets none of them alone */
static int measure_all(char *own[THREADS], char *one[THREADS])
{
	struct {
		const char *name;
		enum vo_bench_what what;
		char **at;
	} kinds[] = {
		{ "parallel-turns", VO_BENCH_TURNS, own },
		{ "parallel-distinct", VO_BENCH_PINS, own },
		{ "parallel-shared", VO_BENCH_PINS, one },
	};
	uint64_t best[KINDS][THREADS + 1], took = 0;
	unsigned int i, k, nr;
	int ret = 0;

	memset(best, 0xff, sizeof(best));
	for (i = 0; i < REPS; i++) {
		for (nr = 1; nr <= THREADS; nr *= 2) {
			for (k = 0; k < KINDS && !ret; k++) {
				ret = run(kinds[k].what, kinds[k].at, nr, &took);
				if (took < best[k][nr])
					best[k][nr] = took;
			}
		}
	}
	for (k = 0; k < KINDS && !ret; k++) {
		for (nr = 1; nr <= THREADS; nr *= 2) {
			measured(kinds[k].name, nr, best[k][nr] / (PINS * nr));
			/* Each of them does what the one did */
			if (best[k][nr] < best[k][1] / 2)
				ret = -ERANGE;
		}
	}
	return ret;
}

int main(void)
{
	struct memory memory[THREADS];
	char *own[THREADS], *one[THREADS];
	int i, ret = 0;

	measure_begin();
	for (i = 0; i < THREADS && !ret; i++) {
		ret = memory_alloc(&memory[i], MEMORY_SYSTEM_HEAP, SIZE);
		own[i] = ret ? MAP_FAILED : memory_map(&memory[i]);
		if (!ret && own[i] == MAP_FAILED)
			ret = -errno;
		one[i] = own[0];
	}
	measure_result("buffers", ret);
	if (!ret)
		measure_result("pins", measure_all(own, one));
	return measure_end();
}
