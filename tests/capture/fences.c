// SPDX-License-Identifier: GPL-2.0
/*
 * A fence on the memory that is never signalled: no call of the importer waits
 * for it, nobody else on the node waits for the caller, and the caller can die.
 * See endless.c for other memory, other nodes and other fences.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "fence.h"
#include "node.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define RELEASE		8	/* s: longer than any call may take */
#define FRAME_MS	10000

FIXTURE(fence)
{
	struct place place;
	struct window window;
	struct watch watch;
	struct fence fence;
	int go[2];
	int fd;
};

FIXTURE_VARIANT(fence)
{
	enum node node;
};

ON_NODES(fence);

FIXTURE_SETUP(fence)
{
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	/* all of it, which who bounces takes as well */
	ASSERT_EQ(0, place_make_small(&self->place, PLACE_CMA_HEAP));
	ASSERT_LE(0, self->place.fd);
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SMALL, .len = NODE_FRAME,
	};
	self->fence = FENCE_NONE(self->place.fd);
	ASSERT_EQ(0, fence_open(&self->fence));
	ASSERT_EQ(0, watch_node(&self->watch, self->fd));
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(fence)
{
	/* Nobody is left waiting, however the test ended */
	fence_end(&self->fence);
}

/* A frame is captured, and not dequeued yet */
static int wait_for_frame(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, FRAME_MS) == 1 && pfd.revents & POLLIN ? 0 : -ETIMEDOUT;
}

static int capture_one(int fd, struct place *place, struct window *window)
{
	int ret = node_start(fd, place->target, window);

	return ret ?: wait_for_frame(fd);
}

/* Two of them, one after the other: one is left while the other is dequeued */
static int capture_two(int fd, struct place *place)
{
	int ret = video_reqbufs(fd, V4L2_MEMORY_USERPTR, 2);

	ret = ret ?: video_queue_user(fd, 0, place->target, NODE_FRAME);
	ret = ret ?: video_queue_user(fd, 1, place->target, NODE_FRAME);
	ret = ret ?: video_stream(fd, true);
	return ret ?: wait_for_frame(fd);
}

/* From here on the fence is there, somebody looks on, and time is counted */
#define BEGIN()								\
	do {								\
		ASSERT_EQ(0, fence_put(&self->fence));			\
		ASSERT_EQ(0, watch_begin(&self->watch, self->fd));	\
		ASSERT_EQ(0, fence_guard(&self->fence, RELEASE));		\
	} while (0)

#define END()	EXPECT_WATCHED(&self->watch)

TEST_F_TIMEOUT(fence, dqbuf, TIMEOUT)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	int err;

	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(err = ioctl(self->fd, VIDIOC_DQBUF, &buf) ? -errno : 0);
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, buf.flags & V4L2_BUF_FLAG_ERROR);
	EXPECT_TRUE(window_shows(&self->window, 0));
	END();
}

TEST_F_TIMEOUT(fence, qbuf, TIMEOUT)
{
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_queue_user(self->fd, 0, self->place.target,
						    NODE_FRAME)));
	END();
}

TEST_F_TIMEOUT(fence, qbuf_again, TIMEOUT)
{
	struct v4l2_buffer buf;

	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	ASSERT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_queue_user(self->fd, 0, self->place.target,
						    NODE_FRAME)));
	END();
}

TEST_F_TIMEOUT(fence, streamoff, TIMEOUT)
{
	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_stream(self->fd, false)));
	END();
}

TEST_F_TIMEOUT(fence, reqbufs_zero, TIMEOUT)
{
	/* queued, not streaming: then it may be asked for */
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	ASSERT_EQ(0, node_queue(self->fd, self->place.target, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 0)));
	END();
}

TEST_F_TIMEOUT(fence, close, TIMEOUT)
{
	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, close(self->fd)));
	END();
}

/*
 * A process that has captured and dies: by exit() with the node open, or by
 * SIGKILL while it is in DQBUF. The node is its alone.
 */
static int dying(struct __test_metadata *_metadata, FIXTURE_DATA(fence) *self,
		 const FIXTURE_VARIANT(fence) *variant, bool killed)
{
	struct v4l2_buffer buf;
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (pid) {
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self->fd = node_open(variant->node);
	if (capture_two(self->fd, &self->place))
		_exit(1);
	/* The parent puts the fence there now */
	if (write(ready[1], "", 1) != 1 || read(self->go[0], &c, 1) != 1)
		_exit(1);
	if (!killed)
		_exit(0);
	video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(fence, exit, TIMEOUT)
{
	int status = -1;
	pid_t pid = dying(_metadata, self, variant, false);

	BEGIN();
	EXPECT_PROMPT(ASSERT_EQ(1, write(self->go[1], "", 1));
		      ASSERT_EQ(pid, waitpid(pid, &status, 0)));
	EXPECT_EQ(0, status);
	END();
}

TEST_F_TIMEOUT(fence, sigkill, TIMEOUT)
{
	int status = 0;
	pid_t pid = dying(_metadata, self, variant, true);

	BEGIN();
	ASSERT_EQ(1, write(self->go[1], "", 1));
	usleep(300000);
	EXPECT_PROMPT(ASSERT_EQ(0, kill(pid, SIGKILL));
		      ASSERT_EQ(pid, waitpid(pid, &status, 0)));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	END();
}

/* The other tests are worth what this is worth: somebody does wait for it */
TEST_F_TIMEOUT(fence, is_waited_for_by_sync, TIMEOUT)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	};
	double start;

	BEGIN();
	start = now();
	EXPECT_EQ(0, ioctl(self->place.fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_LT(FENCE_BOUND, now() - start);
	END();
}

TEST_HARNESS_MAIN
