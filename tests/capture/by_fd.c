// SPDX-License-Identifier: GPL-2.0
/*
 * A device captures into a dma-buf that is passed by fd, or plays from it, as it was
 * before there were owners. The dma-buf stays mapped from frame to frame, and user space asks for
 * each by DMA_BUF_IOCTL_SYNC: the exporter has to sync what its importers mapped.
 * Only where the device bounces does it show if it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "guest.h"
#include "node.h"
#include "place.h"
#include "variants.h"
#include "video.h"
#include "vo_dmabuf.h"

FIXTURE(by_fd)
{
	struct place place;
	struct window window;
	int dmabuf;
	int fd;
};

FIXTURE_VARIANT(by_fd)
{
	enum node node;
	enum place_kind place;
};

ON_NODE(by_fd, NODE_SG, sg_udmabuf, .place = PLACE_UDMABUF);
ON_CONTIG_AND_SG(by_fd, vb2_contig, .place = PLACE_VB2_CONTIG);
ON_CONTIG_AND_SG(by_fd, vb2_non_coherent, .place = PLACE_VB2_NON_COHERENT);

FIXTURE_SETUP(by_fd)
{
	if (expect_none(variant->place))
		return;
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	self->dmabuf = self->place.fd;
	if (variant->place != PLACE_UDMABUF)
		self->dmabuf = video_export_buffer(self->place.node, 0);
	ASSERT_LE(0, self->dmabuf);
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};
}

FIXTURE_TEARDOWN(by_fd)
{
}

static int access_by_cpu(int dmabuf, bool begin)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_RW | (begin ? DMA_BUF_SYNC_START :
						    DMA_BUF_SYNC_END),
	};

	return ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

TEST_F_TIMEOUT(by_fd, shows_each_frame, TIMEOUT)
{
	struct v4l2_buffer buf;
	unsigned int i;

	SKIP_IF_NONE();
	if (guest_kind() == GUEST_32BIT && variant->place == PLACE_UDMABUF)
		ASSERT_TRUE(place_is_above_4g(&self->place));
	window_poison(&self->window);
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_DMABUF, 1));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, video_queue_dmabuf(self->fd, 0, self->dmabuf));
		if (!i)
			ASSERT_EQ(0, video_stream(self->fd, true));
		ASSERT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_DMABUF,
						  &buf));
		EXPECT_EQ(0, buf.flags & V4L2_BUF_FLAG_ERROR);
		ASSERT_EQ(0, access_by_cpu(self->dmabuf, true));
		EXPECT_TRUE(window_shows(&self->window, i));
		window_poison(&self->window);
		ASSERT_EQ(0, access_by_cpu(self->dmabuf, false));
	}
	video_stream(self->fd, false);
	video_reqbufs(self->fd, V4L2_MEMORY_DMABUF, 0);
}

static int play(int fd, int dmabuf)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_DMABUF,
		.field = V4L2_FIELD_NONE,
		.m.fd = dmabuf,
		.bytesused = NODE_FRAME,
	};

	return ioctl(fd, VIDIOC_QBUF, &buf) ? -errno : 0;
}

TEST_F_TIMEOUT(by_fd, plays_each_frame, TIMEOUT)
{
	struct v4l2_requestbuffers req = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_DMABUF,
		.count = 1,
	};
	unsigned int i;
	int out;

	SKIP_IF_NONE();
	out = node_open(node_out(variant->node));
	ASSERT_LE(0, out);
	ASSERT_EQ(0, ioctl(out, VIDIOC_REQBUFS, &req));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, access_by_cpu(self->dmabuf, true));
		window_draw(&self->window, i);
		ASSERT_EQ(0, access_by_cpu(self->dmabuf, false));
		ASSERT_EQ(0, play(out, self->dmabuf));
		if (!i)
			ASSERT_EQ(0, node_out_stream(out, true));
		EXPECT_EQ(0, node_out_seen(out, NODE_FRAME, i));
	}
	node_out_stream(out, false);
	close(out);
}

/*
 * One attachment, mapped twice, as a driver with two engines may: videobuf2 keeps
 * one table for it, which the last unmap alone lets go of.
 */
TEST_F_TIMEOUT(by_fd, is_mapped_twice, TIMEOUT)
{
	int fd = open("/dev/vo_dmabuf", O_RDWR | O_CLOEXEC);

	SKIP_IF_NONE();
	if (variant->place == PLACE_UDMABUF)
		SKIP(return, "it has a table for each mapping");
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ioctl(fd, VO_DMABUF_MAP_TWICE, &self->dmabuf) ? -errno : 0);
	/* and is none the worse for it */
	EXPECT_EQ(0, ioctl(fd, VO_DMABUF_MAP_TWICE, &self->dmabuf) ? -errno : 0);
}

TEST_HARNESS_MAIN
