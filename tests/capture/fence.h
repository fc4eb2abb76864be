/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fences on a dma-buf that nobody signals, or each only once the next one is
 * there; and a process that looks on.
 *
 * Functions return a negative errno on failure.
 */
#ifndef _FENCE_H
#define _FENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FENCE_BOUND	4.0	/* s, of each call: generous on an emulated machine */

struct fence {
	int dmabuf;
	int timeline;
	uint32_t value;		/* of the last one on the timeline */
	int vgem;		/* where the fences are vgem's, or -1 */
	uint32_t vgem_handle;
	uint32_t vgem_fence;	/* the last one */
	pid_t renewer;		/* or 0 */
	struct renewals {
		volatile unsigned int count;
		volatile uint32_t vgem_fence;
	} *renewals;		/* what it has done, or NULL */
	pthread_t guard;
	int patience;		/* of the guard, or 0 if there is none */
	int done[2];		/* the test is, and nobody has to be released */
};

#define FENCE_NONE(fd)	((struct fence) { .dmabuf = (fd), .timeline = -1, .vgem = -1 })

/* /dev/dri/cardN of a driver, or -ENODEV */
int drm_open_card(const char *driver);
int fence_open(struct fence *fence);
/* Once all of this file is closed, also by death, the fences are signalled */
int fence_file(const struct fence *fence);
/* One that is not signalled */
int fence_put(struct fence *fence);
/*
 * From now on a process signals a fence every other millisecond, the next one
 * being there. It has no use for @fd, the node. Fences of vgem are those of readers.
 */
int fence_renew(struct fence *fence, int fd);
/* Waits until there were more than @since of them, but not for ever */
bool fence_is_renewed(const struct fence *fence, unsigned int since);
/* Whoever waits all the same is freed after @seconds, and the test ends */
int fence_guard(struct fence *fence, int seconds);
/* No more of that; all fences are signalled */
void fence_end(struct fence *fence);

/* One of them is not signalled */
bool fence_is_there(const struct fence *fence);
/* The same, of who waits for all of them: longer than any call may take */
bool fence_is_waited_for(const struct fence *fence);

/* What another process sees of the node */
struct watch {
	char path[64];
	pid_t pid;
	struct watch_results {
		volatile bool stop;
		volatile unsigned int looks;
		volatile double worst;
		volatile int errors;
	} *results;
};

/* The node that @fd is */
int watch_node(struct watch *watch, int fd);
/* @fd is closed in the other process, or the file would outlive close() */
int watch_begin(struct watch *watch, int fd);
void watch_end(struct watch *watch);

double now(void);
/* -ETIMEDOUT: it is still there after FENCE_BOUND */
int await_end(pid_t pid, int *status);

#define EXPECT_PROMPT(call)						\
	do {								\
		double start = now(), took;				\
									\
		call;							\
		took = now() - start;					\
		EXPECT_GT(FENCE_BOUND, took) {				\
			TH_LOG("%s took %.1f s", #call, took);		\
		}							\
	} while (0)

/* That nobody else had to wait either */
#define EXPECT_WATCHED(watch)						\
	do {								\
		watch_end(watch);					\
		EXPECT_EQ(0, (watch)->results->errors);			\
		EXPECT_GT(FENCE_BOUND, (watch)->results->worst) {	\
			TH_LOG("open and QUERYCAP of another process took %.1f s", \
			       (watch)->results->worst);		\
		}							\
	} while (0)

#endif
