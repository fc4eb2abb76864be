// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that begin and end anywhere in a page: no byte beside them changes, and
 * what the CPU writes beside them while the device has them is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define PAGE		4096
#define FRAME		1237
#define GUARD		0x3c

/* The frame ends before the buffer does, but in the first */
static const struct edge {
	size_t offset;
	size_t len;
} edges[] = {
	{ PAGE + 1, FRAME },
	{ PAGE + 100, 2048 },
	{ PAGE + 1000, 3001 },
	{ PAGE + 2048, 4097 },
	{ PAGE + 4000, 6143 },
};

#define EDGES		((unsigned int)(sizeof(edges) / sizeof(edges[0])))

/* One page of scattered memory is as good as any other */
static int edge_expect(int ret, const struct edge *edge)
{
	if (ret == -EFAULT && edge->offset % PAGE + edge->len <= PAGE)
		return 0;
	return ret;
}

FIXTURE(edge)
{
	struct place place;
	int pins;
	int fd;
};

FIXTURE_VARIANT(edge)
{
	enum node node;
	enum place_kind place;
};

ON_EACH_NODE_AND_PLACE(edge);

FIXTURE_SETUP(edge)
{
	if (expect_none(variant->place))
		return;
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	self->pins = observe_pins();
}

FIXTURE_TEARDOWN(edge)
{
}

/* The CPU writes beside a buffer that is queued */
static void write_guards(FIXTURE_DATA(edge) *self, const struct edge *edge)
{
	size_t end = edge->offset + edge->len;

	memset(self->place.view, GUARD, edge->offset);
	memset(self->place.view + end, GUARD, PLACE_SIZE - end);
}

/* The frame, what was in the rest of the buffer, and the guards */
static bool shows(FIXTURE_DATA(edge) *self, const struct edge *edge,
		  unsigned int sequence)
{
	const unsigned char *view = self->place.view;
	unsigned char due;
	size_t at, in;

	for (at = 0; at < PLACE_SIZE; at++) {
		in = at - edge->offset;
		due = in < FRAME ? node_texel(sequence, in) :
		      in < edge->len ? NODE_POISON : GUARD;
		if (view[at] != due) {
			printf("# %zu bytes at %zu, byte %zd: %#x where %#x is due\n",
			       edge->len, edge->offset, (ssize_t)in, view[at], due);
			return false;
		}
	}
	return true;
}

static int capture(FIXTURE_DATA(edge) *self, const struct edge *edge)
{
	struct v4l2_buffer buf;
	int ret = video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1);

	ret = ret ?: video_queue_user(self->fd, 0,
				      self->place.target + edge->offset, edge->len);
	if (ret)
		return ret;
	write_guards(self, edge);
	ret = video_stream(self->fd, true);
	ret = ret ?: video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf);
	node_stop(self->fd);
	if (ret)
		return ret;
	return !(buf.flags & V4L2_BUF_FLAG_ERROR) && shows(self, edge, 0) ?
	       0 : -EBADMSG;
}

TEST_F_TIMEOUT(edge, captures_between_them, TIMEOUT)
{
	unsigned int i;

	SKIP_IF_NONE();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, node_set_format(self->fd, variant->node, FRAME, 1, 0));
	for (i = 0; i < EDGES; i++) {
		memset(self->place.view, NODE_POISON, PLACE_SIZE);
		EXPECT_EQ(edge_expect(expect(variant->node, variant->place),
				      &edges[i]),
			  capture(self, &edges[i]));
	}
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

static int play(FIXTURE_DATA(edge) *self, const struct edge *edge,
		unsigned int sequence)
{
	int ret = node_out_reqbufs(self->fd, 1);
	size_t at;

	for (at = 0; at < FRAME; at++)
		self->place.view[edge->offset + at] = node_texel(sequence, at);
	ret = ret ?: node_out_queue_at(self->fd, 0,
				       self->place.target + edge->offset, edge->len);
	if (ret)
		return ret;
	write_guards(self, edge);
	ret = node_out_stream(self->fd, true);
	ret = ret ?: node_out_seen(self->fd, FRAME, sequence);
	node_out_stop(self->fd);
	return ret ?: shows(self, edge, sequence) ? 0 : -EUCLEAN;
}

TEST_F_TIMEOUT(edge, plays_between_them, TIMEOUT)
{
	enum node node = node_out(variant->node);
	unsigned int i;

	SKIP_IF_NONE();
	self->fd = node_open(node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, node_set_format(self->fd, node, FRAME, 1, 0));
	for (i = 0; i < EDGES; i++) {
		memset(self->place.view, NODE_POISON, PLACE_SIZE);
		EXPECT_EQ(edge_expect(expect_out(variant->node, variant->place),
				      &edges[i]),
			  play(self, &edges[i], i + 3));
	}
	node_out_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_HARNESS_MAIN
