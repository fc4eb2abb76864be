// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter lets go of its buffer and makes another, which is mapped at the
 * address of the first: a change of the resolution, for example. The importer's
 * queue, which knows that address, must capture into the new one.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "memory.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define PAGE		4096
#define SIZE		(2 * PAGE)	/* all of it, or who bounces refuses it */

enum maker {
	VB2_CONTIG,
	HEAP,
};

FIXTURE(reuse)
{
	struct window window;
	void *target;
	int exporter;
	int fd;
	int pins;
};

FIXTURE_VARIANT(reuse)
{
	enum node node;
	enum maker maker;
};

ON_EACH_NODE(reuse, vb2_contig, .maker = VB2_CONTIG);
ON_EACH_NODE(reuse, heap, .maker = HEAP);

FIXTURE_SETUP(reuse)
{
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	self->exporter = node_open(NODE_EXPORTER);
	self->target = memory_reserve(SIZE);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->exporter);
	ASSERT_NE(MAP_FAILED, self->target);
	self->window = (struct window) {
		.map = self->target, .size = SIZE, .len = NODE_FRAME,
	};
}

FIXTURE_TEARDOWN(reuse)
{
}

static int map_there(int fd, off_t offset, void *target)
{
	void *map = mmap(target, SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, offset);

	return map == target ? 0 : -errno;
}

/* What was at @target is let go of first */
static int make_anew(int exporter, enum maker maker, void *target)
{
	struct v4l2_buffer buf;
	struct memory mem;
	int ret;

	if (munmap(target, SIZE))
		return -errno;
	if (maker == HEAP) {
		/* contiguous: contig takes nothing else */
		ret = memory_alloc(&mem, MEMORY_CMA_HEAP, SIZE);
		ret = ret ?: map_there(mem.fd, mem.offset, target);
		if (!ret)
			close(mem.fd);
		return ret;
	}
	ret = video_reqbufs(exporter, V4L2_MEMORY_MMAP, 0);
	ret = ret ?: video_create_buffer(exporter, SIZE, &buf);
	return ret ?: map_there(exporter, buf.m.offset, target);
}

TEST_F_TIMEOUT(reuse, captures_into_the_new_one, TIMEOUT)
{
	unsigned int i;

	ASSERT_EQ(0, make_anew(self->exporter, variant->maker, self->target));
	ASSERT_EQ(0, node_start(self->fd, self->target, &self->window));
	ASSERT_EQ(0, node_take(self->fd, &self->window, 0));
	for (i = 1; i < 3; i++) {
		ASSERT_EQ(0, make_anew(self->exporter, variant->maker, self->target));
		ASSERT_EQ(0, node_queue(self->fd, self->target, &self->window));
		EXPECT_EQ(0, node_take(self->fd, &self->window, i));
		/* and what was there before is not kept */
		EXPECT_EQ(self->pins + 1, observe_pins());
	}
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

static int prepare(int fd, void *target)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
		.m.userptr = (unsigned long)target,
		.length = NODE_FRAME,
	};

	return ioctl(fd, VIDIOC_PREPARE_BUF, &buf) ? -errno : 0;
}

/* It is prepared, and in place of it there is another one when it is queued */
TEST_F_TIMEOUT(reuse, is_seen_after_it_was_prepared, TIMEOUT)
{
	ASSERT_EQ(0, make_anew(self->exporter, variant->maker, self->target));
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	ASSERT_EQ(0, prepare(self->fd, self->target));
	EXPECT_EQ(self->pins + 1, observe_pins());
	ASSERT_EQ(0, make_anew(self->exporter, variant->maker, self->target));
	ASSERT_EQ(0, node_queue(self->fd, self->target, &self->window));
	EXPECT_EQ(self->pins + 1, observe_pins());
	ASSERT_EQ(0, video_stream(self->fd, true));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 0));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_HARNESS_MAIN
