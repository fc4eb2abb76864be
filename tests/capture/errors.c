// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter that cannot begin or end an access of the CPU, and whose owner says
 * nothing of syncs. It is asked for accesses by CPU alone: user space is told by
 * the buffer, each begin has its end, and the next frame is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"
#include "vo_dmabuf.h"

#define FRAME_MS	10000

FIXTURE(error)
{
	struct place place;
	struct window window;
	int pins;
	int fd;
};

FIXTURE_SETUP(error)
{
	self->pins = observe_pins();
	self->fd = node_open(NODE_VMALLOC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, PLACE_DMABUF));
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};
}

FIXTURE_TEARDOWN(error)
{
}

static int fail(const struct place *place, enum vo_access access, int error)
{
	struct vo_dmabuf_fail arg = { .access = access, .error = error };

	return ioctl(place->fd, VO_DMABUF_FAIL, &arg) ? -errno : 0;
}

static int wait_for_frame(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, FRAME_MS) == 1 && pfd.revents & POLLIN ? 0 : -ETIMEDOUT;
}

/* The frame after the one with the error, and then nothing is left open */
static void expect_recovery(struct __test_metadata *_metadata,
			    FIXTURE_DATA(error) *self)
{
	struct vo_dmabuf_counts counts;

	EXPECT_EQ(0, node_queue(self->fd, self->place.target, &self->window));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 1));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
	ASSERT_EQ(0, ioctl(self->place.fd, VO_DMABUF_COUNTS, &counts));
	EXPECT_LT(0, counts.count[VO_BEGIN]);
	EXPECT_EQ(counts.count[VO_BEGIN], counts.count[VO_END]);
}

TEST_F_TIMEOUT(error, is_told_when_it_is_dequeued, TIMEOUT)
{
	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	ASSERT_EQ(0, fail(&self->place, VO_END, -ENOMEM));
	EXPECT_EQ(-EIO, node_take(self->fd, &self->window, 0));
	expect_recovery(_metadata, self);
}

TEST_F_TIMEOUT(error, of_queueing_is_told_at_once, TIMEOUT)
{
	ASSERT_EQ(0, fail(&self->place, VO_BEGIN, -ENOMEM));
	EXPECT_EQ(-ENOMEM, node_start(self->fd, self->place.target, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 0));
	expect_recovery(_metadata, self);
}

/* Of memory that is held already: nothing but the hand-over can fail */
TEST_F_TIMEOUT(error, of_the_next_frame_fails_qbuf, TIMEOUT)
{
	struct v4l2_buffer buf;

	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 0));
	ASSERT_EQ(0, fail(&self->place, VO_BEGIN, -ENOMEM));
	EXPECT_EQ(-ENOMEM, node_queue(self->fd, self->place.target, &self->window));
	/* The device does not have it, and has not drawn into it */
	ASSERT_EQ(0, video_querybuf(self->fd, 0, &buf));
	EXPECT_EQ(0, buf.flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE |
				  V4L2_BUF_FLAG_PREPARED));
	EXPECT_TRUE(window_is_poison(&self->window));
	expect_recovery(_metadata, self);
}

static void on_alarm(int number)
{
}

TEST_F_TIMEOUT(error, is_told_when_a_signal_ends_the_wait, TIMEOUT)
{
	struct itimerval soon = { .it_value.tv_usec = 300000 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	struct vo_dmabuf_counts counts;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	ASSERT_EQ(0, wait_for_frame(self->fd));
	ASSERT_EQ(0, fail(&self->place, VO_END, 0));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	ASSERT_EQ(0, ioctl(self->fd, VIDIOC_DQBUF, &buf));
	EXPECT_NE(0, buf.flags & V4L2_BUF_FLAG_ERROR);
	ASSERT_EQ(0, ioctl(self->place.fd, VO_DMABUF_COUNTS, &counts));
	EXPECT_EQ(1, counts.interrupted);
	expect_recovery(_metadata, self);
}

/* ---- what is not contiguous ---- */

/* Does the kernel log, from where @fd stands on, tell it? */
static bool is_told(int fd)
{
	char record[1024];
	bool told = false;
	ssize_t len;

	while ((len = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		record[len] = 0;
		told |= strstr(record, "bytes of user memory are") &&
			strstr(record, "contiguous");
	}
	return told;
}

/* The errno is that of a bad address */
TEST(log_tells_what_is_not_contiguous)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int fd = node_open(NODE_CONTIG), due;
	struct window window;
	struct place place;

	ASSERT_LE(0, log);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, place_make(&place, PLACE_ANONYMOUS_SCATTERED));
	window = (struct window) {
		.map = place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};
	due = expect(NODE_CONTIG, PLACE_ANONYMOUS_SCATTERED);
	ASSERT_LE(0, lseek(log, 0, SEEK_END));
	EXPECT_EQ(due, node_start(fd, place.target, &window));
	if (!due)
		EXPECT_EQ(0, node_take(fd, &window, 0));
	EXPECT_EQ(due == -EFAULT, is_told(log));
	node_stop(fd);
	ASSERT_EQ(0, munmap(place.target, NODE_FRAME));
	ASSERT_EQ(0, video_reqbufs(fd, V4L2_MEMORY_USERPTR, 1));
	EXPECT_EQ(-EFAULT, video_queue_user(fd, 0, place.target, NODE_FRAME));
	EXPECT_FALSE(is_told(log));
}

/* ---- devices ---- */

FIXTURE(device)
{
	struct place place;
	struct window window;
	int pins;
	int fd;
};

FIXTURE_VARIANT(device)
{
	enum node node;
};

ON_NODE(device, NODE_CONTIG, contig);
ON_NODE(device, NODE_SG, sg);

FIXTURE_SETUP(device)
{
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, PLACE_DMABUF));
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};
}

FIXTURE_TEARDOWN(device)
{
}

/* Either it needs no syncs, or it is refused: nobody would sync all, for everybody */
TEST_F_TIMEOUT(device, never_asks_the_exporter, TIMEOUT)
{
	struct vo_dmabuf_counts counts;

	ASSERT_EQ(0, fail(&self->place, VO_BEGIN, -ENOMEM));
	ASSERT_EQ(0, fail(&self->place, VO_END, -ENOMEM));
	EXPECT_EQ(expect(variant->node, PLACE_DMABUF),
		  node_capture(self->fd, self->place.target, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
	ASSERT_EQ(0, ioctl(self->place.fd, VO_DMABUF_COUNTS, &counts));
	EXPECT_EQ(0, counts.count[VO_BEGIN]);
	EXPECT_EQ(0, counts.count[VO_END]);
}

TEST_HARNESS_MAIN
