// SPDX-License-Identifier: GPL-2.0
/*
 * Fences that never end, on memory of several makers, under queues that write and
 * that read: one that is never signalled, one that is renewed all the time, and
 * one that only the dying process could signal. No call waits for them, nobody
 * else on the node waits for the caller, and the caller dies at once.
 *
 * Not on MMAP buffers of another device: each pin of one makes a dma-buf of its
 * own, which nobody else can put a fence on.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "fence.h"
#include "memory.h"
#include "node.h"
#include "place.h"
#include "variants.h"
#include "video.h"
#include "vo_dmabuf.h"

#define NODE_VIVID	NODES		/* captures by CPU */
#define VIVID_SIZE	(32 * 4096)
#define PATIENCE	30		/* s, of the guard: more than all calls take */
#define FRAME_MS	10000
#define PLAYED		7		/* the frame that outputs read */

/* A queue, its memory, and who looks on */
struct scene {
	struct place place;
	struct window window;
	struct fence fence;
	struct watch watch;
	unsigned int renewals;
	enum node node;
	int fd;
};

static unsigned char vivid_frame[FRAME_SIZE];

/* ---- one face for captures, outputs and vivid ---- */

static bool is_out(const struct scene *s)
{
	return s->node >= NODE_OUT_CONTIG && s->node <= NODE_OUT_VMALLOC;
}

static int open_queue(struct scene *s)
{
	s->fd = s->node == NODE_VIVID ? video_open_importer() : node_open(s->node);
	return s->fd < 0 ? s->fd : 0;
}

static int reqbufs(struct scene *s, unsigned int count)
{
	return is_out(s) ? node_out_reqbufs(s->fd, count) :
			   video_reqbufs(s->fd, V4L2_MEMORY_USERPTR, count);
}

static int queue_at(struct scene *s, unsigned int index)
{
	if (is_out(s))
		return node_out_queue_at(s->fd, index, s->place.target, s->window.len);
	return video_queue_user(s->fd, index, s->place.target, s->window.len);
}

static int queue(struct scene *s)
{
	if (is_out(s))
		window_draw(&s->window, PLAYED);
	else
		window_poison(&s->window);
	return queue_at(s, 0);
}

static int stream(struct scene *s, bool on)
{
	return is_out(s) ? node_out_stream(s->fd, on) : video_stream(s->fd, on);
}

static int wait_for_frame(struct scene *s)
{
	struct pollfd pfd = { .fd = s->fd, .events = is_out(s) ? POLLOUT : POLLIN };

	return poll(&pfd, 1, FRAME_MS) == 1 && pfd.revents & pfd.events ?
	       0 : -ETIMEDOUT;
}

/* The first frame since the start, and it is the right one */
static int take(struct scene *s)
{
	int ret;

	if (is_out(s))
		return node_out_take(s->fd, &s->window, PLAYED);
	if (s->node != NODE_VIVID)
		return node_take(s->fd, &s->window, 0);
	ret = video_dequeue(s->fd, V4L2_MEMORY_USERPTR);
	if (ret < 0)
		return ret;
	return memcmp(s->window.map, vivid_frame, FRAME_SIZE) ? -EBADMSG : 0;
}

/* Two of them, one after the other: one is left while the other is dequeued */
static int stream_two(struct scene *s)
{
	int ret = reqbufs(s, 2);

	ret = ret ?: queue_at(s, 0);
	ret = ret ?: queue_at(s, 1);
	ret = ret ?: stream(s, true);
	return ret ?: wait_for_frame(s);
}

/* Somebody who comes afterwards can do all of it */
static int use_node(struct scene *s)
{
	int ret = open_queue(s);

	ret = ret ?: reqbufs(s, 1);
	ret = ret ?: queue(s);
	ret = ret ?: stream(s, true);
	ret = ret ?: wait_for_frame(s);
	ret = ret ?: take(s);
	ret = ret ?: stream(s, false);
	ret = ret ?: reqbufs(s, 0);
	close(s->fd);
	return ret;
}

/* ---- memory ---- */

static int make_vivid_memory(struct place *place)
{
	struct memory mem;
	int ret = memory_alloc(&mem, MEMORY_SYSTEM_HEAP, VIVID_SIZE);

	if (ret)
		return ret;
	*place = (struct place) {
		.target = memory_map(&mem), .view = memory_map(&mem),
		.fd = mem.fd, .size = VIVID_SIZE,
	};
	return place->target == MAP_FAILED || place->view == MAP_FAILED ? -errno : 0;
}

static int make_memory(struct scene *s, enum place_kind kind)
{
	int ret;

	if (s->node == NODE_VIVID)
		ret = make_vivid_memory(&s->place);
	else	/* all of it, which who bounces takes as well */
		ret = place_make_small(&s->place, kind);
	s->window = (struct window) {
		.map = s->place.view, .size = s->place.size,
		.len = s->node == NODE_VIVID ? FRAME_SIZE : NODE_FRAME,
	};
	return ret;
}

static int setup(struct scene *s, enum node node, enum place_kind kind)
{
	int ret, fd;

	s->node = node;
	s->fence = FENCE_NONE(-1);
	ret = open_queue(s);
	if (!ret && node == NODE_VIVID)
		ret = video_reference(s->fd, vivid_frame);
	ret = ret ?: make_memory(s, kind);
	if (ret)
		return ret;
	fd = s->place.fd;
	if (kind == PLACE_DMABUF)
		fd = ioctl(fd, VO_DMABUF_FD);
	if (fd < 0)
		return -errno;
	s->fence = FENCE_NONE(fd);
	return watch_node(&s->watch, s->fd);
}

FIXTURE(own)
{
	struct scene s;
	int go[2];
};

FIXTURE_VARIANT(own)
{
	enum node node;
	enum place_kind place;
};

FIXTURE(endless)
{
	struct scene s;
	int go[2];
};

FIXTURE_VARIANT(endless)
{
	enum node node;
	enum place_kind place;
	bool renewed;
};

#define RENEWED_AND_OWN(memops, name, maker)				\
	ON_NODE(endless, memops, renewed_##name, .place = maker, .renewed = true); \
	ON_NODE(own, memops, name, .place = maker)

#define EACH(memops, name, maker)					\
	ON_NODE(endless, memops, never_##name, .place = maker);		\
	RENEWED_AND_OWN(memops, name, maker)

/* The capture queues: fences.c has them with a fence that is never signalled */
RENEWED_AND_OWN(NODE_CONTIG, contig_cma_heap, PLACE_CMA_HEAP);
RENEWED_AND_OWN(NODE_SG, sg_cma_heap, PLACE_CMA_HEAP);
RENEWED_AND_OWN(NODE_VMALLOC, vmalloc_cma_heap, PLACE_CMA_HEAP);

EACH(NODE_SG, sg_udmabuf, PLACE_UDMABUF);
EACH(NODE_SG, sg_system_heap, PLACE_SYSTEM_HEAP);
EACH(NODE_VMALLOC, vmalloc_udmabuf, PLACE_UDMABUF);
/* Its owner says nothing of syncs: its begin_cpu_access is called */
EACH(NODE_VMALLOC, vmalloc_dmabuf, PLACE_DMABUF);
EACH(NODE_OUT_CONTIG, out_contig_cma_heap, PLACE_CMA_HEAP);
EACH(NODE_OUT_SG, out_sg_system_heap, PLACE_SYSTEM_HEAP);
EACH(NODE_OUT_VMALLOC, out_vmalloc_dmabuf, PLACE_DMABUF);
EACH(NODE_VIVID, vivid_system_heap, PLACE_SYSTEM_HEAP);

/* ---- fences of somebody else ---- */

FIXTURE_SETUP(endless)
{
	ASSERT_EQ(0, setup(&self->s, variant->node, variant->place));
	ASSERT_EQ(0, fence_open(&self->s.fence));
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(endless)
{
	/* Nobody is left waiting, however the test ended */
	fence_end(&self->s.fence);
}

static int begin(struct scene *s, bool renewed)
{
	int ret = renewed ? fence_renew(&s->fence, s->fd) : fence_put(&s->fence);

	ret = ret ?: watch_begin(&s->watch, s->fd);
	ret = ret ?: fence_guard(&s->fence, PATIENCE);
	if (renewed && !ret)
		s->renewals = s->fence.renewals->count;
	return ret;
}

/*
 * One of vgem ends by itself. Calls may be over before the next fence is renewed: there
 * was one all along if somebody still renews them.
 */
static bool lasted(const struct scene *s, bool renewed)
{
	if (renewed && !fence_is_renewed(&s->fence, s->renewals))
		return false;
	return (s->fence.vgem >= 0 && !renewed) || fence_is_there(&s->fence);
}

#define BEGIN()								\
	do {								\
		ASSERT_EQ(0, begin(&self->s, variant->renewed));	\
		ASSERT_TRUE(fence_is_there(&self->s.fence));		\
	} while (0)

#define END()								\
	do {								\
		EXPECT_WATCHED(&self->s.watch);				\
		EXPECT_TRUE(lasted(&self->s, variant->renewed));	\
	} while (0)

TEST_F_TIMEOUT(endless, calls, TIMEOUT)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, reqbufs(s, 1));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, queue(s)));
	EXPECT_PROMPT(EXPECT_EQ(0, stream(s, true)));
	EXPECT_EQ(0, wait_for_frame(s));
	EXPECT_PROMPT(EXPECT_EQ(0, take(s)));
	EXPECT_PROMPT(EXPECT_EQ(0, queue(s)));
	EXPECT_PROMPT(EXPECT_EQ(0, stream(s, false)));
	EXPECT_PROMPT(EXPECT_EQ(0, queue(s)));
	EXPECT_PROMPT(EXPECT_EQ(0, reqbufs(s, 0)));
	EXPECT_EQ(0, reqbufs(s, 1));
	EXPECT_PROMPT(EXPECT_EQ(0, queue(s)));
	EXPECT_PROMPT(EXPECT_EQ(0, close(s->fd)));
	END();
}

/* ---- a process that dies ---- */

struct death {
	bool killed;		/* while it is in DQBUF, and else by exit() */
	bool own;		/* the fence is its own, and nobody else can signal it */
	int *go;
};

static void die(struct scene *s, const struct death *death, int ready)
{
	struct v4l2_buffer buf = {
		.type = is_out(s) ? V4L2_BUF_TYPE_VIDEO_OUTPUT :
				    V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Before the node: files are released the last one first */
	if (death->own && fence_open(&s->fence))
		_exit(1);
	if (open_queue(s) || stream_two(s))
		_exit(2);
	if (death->own && fence_file(&s->fence) > s->fd)
		_exit(5);
	if (death->own && fence_put(&s->fence))
		_exit(3);
	if (write(ready, "", 1) != 1 || read(death->go[0], &c, 1) != 1)
		_exit(4);
	if (!death->killed)
		_exit(0);
	ioctl(s->fd, VIDIOC_DQBUF, &buf);
	for (;;)
		pause();
}

/* Has two buffers queued, the first of which is done, when this is back */
static pid_t start_dying(struct scene *s, const struct death *death)
{
	int ready[2];
	pid_t pid;
	char c;

	if (close(s->fd) || pipe(ready))
		return -errno;
	s->fd = -1;
	pid = fork();
	if (!pid)
		die(s, death, ready[1]);
	close(ready[1]);
	return pid > 0 && read(ready[0], &c, 1) == 1 ? pid : -EPROTO;
}

static int end_life(pid_t pid, const struct death *death, int *status)
{
	if (write(death->go[1], "", 1) != 1)
		return -errno;
	if (death->killed) {
		usleep(100000);
		kill(pid, SIGKILL);
	}
	return await_end(pid, status);
}

/* The process is gone at once, and the node is there for others */
static void expect_end(struct __test_metadata *_metadata, struct scene *s,
		       pid_t pid, const struct death *death)
{
	int status = -1;

	/* Who is not gone cannot be waited for */
	ASSERT_EQ(0, end_life(pid, death, &status));
	EXPECT_EQ(death->killed ? SIGKILL : 0, status);
	EXPECT_EQ(0, use_node(s));
}

static void die_of_others(struct __test_metadata *_metadata,
			  FIXTURE_DATA(endless) *self,
			  const FIXTURE_VARIANT(endless) *variant, bool killed)
{
	struct death death = { .killed = killed, .go = self->go };
	pid_t pid = start_dying(&self->s, &death);

	ASSERT_LE(0, pid);
	BEGIN();
	expect_end(_metadata, &self->s, pid, &death);
	END();
}

TEST_F_TIMEOUT(endless, exit, TIMEOUT)
{
	die_of_others(_metadata, self, variant, false);
}

TEST_F_TIMEOUT(endless, sigkill, TIMEOUT)
{
	die_of_others(_metadata, self, variant, true);
}

/* The other tests are worth what this is worth: who waits for all waits for ever */
TEST(renewed_fences_are_waited_for)
{
	struct pollfd idle = { .events = POLLOUT };
	struct fence fence;
	struct place place;

	ASSERT_EQ(0, place_make_small(&place, PLACE_CMA_HEAP));
	fence = FENCE_NONE(place.fd);
	ASSERT_EQ(0, fence_open(&fence));
	ASSERT_EQ(0, fence_renew(&fence, -1));
	idle.fd = place.fd;
	EXPECT_TRUE(fence_is_waited_for(&fence));
	fence_end(&fence);
	EXPECT_EQ(1, poll(&idle, 1, FENCE_BOUND * 1000));
}

/* ---- fences of the process that dies ---- */

FIXTURE_SETUP(own)
{
	ASSERT_EQ(0, setup(&self->s, variant->node, variant->place));
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(own)
{
}

/* Nobody can be freed here: who waits for its own fence stays */
static void die_of_own(struct __test_metadata *_metadata,
		       FIXTURE_DATA(own) *self, bool killed)
{
	struct death death = { .killed = killed, .own = true, .go = self->go };
	struct scene *s = &self->s;
	pid_t pid = start_dying(s, &death);

	ASSERT_LE(0, pid);
	ASSERT_EQ(0, watch_begin(&s->watch, s->fd));
	ASSERT_TRUE(fence_is_there(&s->fence));
	expect_end(_metadata, s, pid, &death);
	/* It was the last one who had it */
	EXPECT_FALSE(fence_is_there(&s->fence));
	EXPECT_WATCHED(&s->watch);
}

TEST_F_TIMEOUT(own, sigkill, TIMEOUT)
{
	die_of_own(_metadata, self, true);
}

TEST_F_TIMEOUT(own, exit, TIMEOUT)
{
	die_of_own(_metadata, self, false);
}

TEST_HARNESS_MAIN
