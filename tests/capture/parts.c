// SPDX-License-Identifier: GPL-2.0
/*
 * All pages of a dma-buf, and parts of one. A device that bounces is given the
 * first and not the second, all others have both, also at the same time.
 */
#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define OFFSET		1000	/* in the first page, and the frame ends in the last */
#define GUARD		0x3c

#define ON_EACH_NODE_AND_DMABUF(fixture)				\
	ON_EACH_NODE(fixture, vb2_contig, .place = PLACE_VB2_CONTIG);	\
	ON_EACH_NODE(fixture, vb2_non_coherent, .place = PLACE_VB2_NON_COHERENT); \
	ON_EACH_NODE(fixture, system_heap, .place = PLACE_SYSTEM_HEAP);	\
	ON_EACH_NODE(fixture, cma_heap, .place = PLACE_CMA_HEAP);	\
	ON_EACH_NODE(fixture, udmabuf, .place = PLACE_UDMABUF);		\
	ON_EACH_NODE(fixture, udmabuf_scattered, .place = PLACE_UDMABUF_SCATTERED)

/* ---- all pages ---- */

FIXTURE(whole)
{
	struct place place;
	struct window window;
	void *target;
	int pins;
	int out;
	int fd;
};

FIXTURE_VARIANT(whole)
{
	enum node node;		/* a capture; the output is node_out() of it */
	enum place_kind place;
};

ON_EACH_NODE_AND_DMABUF(whole);

FIXTURE_SETUP(whole)
{
	if (expect_none(variant->place))
		return;
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	self->out = node_open(node_out(variant->node));
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->out);
	ASSERT_EQ(0, place_make_small(&self->place, variant->place));
	if (expect_above_4g(variant->place))
		ASSERT_TRUE(place_is_above_4g(&self->place));
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SMALL,
		.offset = OFFSET, .len = NODE_FRAME,
	};
	self->target = self->place.target + OFFSET;
}

FIXTURE_TEARDOWN(whole)
{
}

/* Beside the frame, while the device has it */
static void write_guards(const struct window *window)
{
	size_t end = window->offset + window->len;

	memset(window->map, GUARD, window->offset);
	memset(window->map + end, GUARD, window->size - end);
}

/* They are kept; what is written there now is poison again */
static bool guards_are_kept(const struct window *window)
{
	size_t i, end = window->offset + window->len;
	bool kept = true;

	for (i = 0; i < window->size; i++) {
		if (i >= window->offset && i < end)
			continue;
		kept = kept && window->map[i] == GUARD;
		window->map[i] = NODE_POISON;
	}
	return kept;
}

TEST_F_TIMEOUT(whole, captures_two_frames, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	ret = node_capture(self->fd, self->target, &self->window);
	ASSERT_EQ(expect_whole(variant->node, variant->place), ret);
	if (!ret)
		EXPECT_TRUE(window_shows(&self->window, 1));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(whole, plays_two_frames, TIMEOUT)
{
	unsigned int i;
	int ret;

	SKIP_IF_NONE();
	for (i = 7; i < 9; i++) {
		window_draw(&self->window, i);
		ret = i > 7 ? node_out_queue(self->out, self->target, &self->window) :
			      node_out_start(self->out, self->target, &self->window);
		ASSERT_EQ(expect_whole(variant->node, variant->place), ret);
		if (ret)
			return;
		EXPECT_EQ(0, node_out_take(self->out, &self->window, i));
		EXPECT_TRUE(window_shows(&self->window, i));
	}
	node_out_stop(self->out);
	EXPECT_TRUE(window_shows(&self->window, 8));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(whole, plays_what_was_captured, TIMEOUT)
{
	SKIP_IF_NONE();
	EXPECT_EQ(expect_whole(variant->node, variant->place),
		  node_round_trip(self->fd, self->out, self->target,
				  &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* What the CPU writes beside the frame outlives the sync and the unmapping */
TEST_F_TIMEOUT(whole, keeps_what_is_beside, TIMEOUT)
{
	struct v4l2_buffer buf;
	int ret;

	SKIP_IF_NONE();
	ret = node_start(self->fd, self->target, &self->window);
	ASSERT_EQ(expect_whole(variant->node, variant->place), ret);
	if (ret)
		return;
	write_guards(&self->window);
	EXPECT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf));
	EXPECT_TRUE(guards_are_kept(&self->window));
	EXPECT_TRUE(window_shows(&self->window, 0));
	write_guards(&self->window);
	node_stop(self->fd);
	EXPECT_TRUE(guards_are_kept(&self->window));
	EXPECT_TRUE(window_shows(&self->window, 0));
}

/* ---- one address, two buffers of the queue ---- */

static int take_turns(int fd, void *target, const struct window *window)
{
	static const unsigned int indices[] = { 0, 1, 0 };
	unsigned int i;
	int ret = video_reqbufs(fd, V4L2_MEMORY_USERPTR, 2);

	ret = ret ?: video_stream(fd, true);
	for (i = 0; !ret && i < 3; i++) {
		window_poison(window);
		ret = video_queue_user(fd, indices[i], target, window->len);
		ret = ret ?: node_take(fd, window, i);
	}
	node_stop(fd);
	return ret ?: window_shows(window, 2) ? 0 : -EUCLEAN;
}

TEST_F_TIMEOUT(whole, is_captured_into_by_two_buffers, TIMEOUT)
{
	SKIP_IF_NONE();
	EXPECT_EQ(expect_whole(variant->node, variant->place),
		  take_turns(self->fd, self->target, &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* ---- parts ---- */

FIXTURE(part)
{
	struct place place;
	struct window first;
	struct window second;
	int other;
	int pins;
	int fd;
};

FIXTURE_VARIANT(part)
{
	enum node node;
	enum place_kind place;
};

ON_EACH_NODE_AND_DMABUF(part);

FIXTURE_SETUP(part)
{
	if (expect_none(variant->place))
		return;
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	/* They meet in the middle of a page */
	self->first = (struct window) {
		.map = self->place.view, .size = OFFSET + NODE_FRAME,
		.offset = OFFSET, .len = NODE_FRAME,
	};
	self->second = (struct window) {
		.map = self->place.view + OFFSET + NODE_FRAME,
		.size = PLACE_SIZE / 2, .len = NODE_FRAME,
	};
}

FIXTURE_TEARDOWN(part)
{
}

static void *first_target(FIXTURE_DATA(part) *self)
{
	return self->place.target + OFFSET;
}

static void *second_target(FIXTURE_DATA(part) *self)
{
	return self->place.target + OFFSET + NODE_FRAME;
}

TEST_F_TIMEOUT(part, is_captured_into_by_two_buffers, TIMEOUT)
{
	SKIP_IF_NONE();
	EXPECT_EQ(expect(variant->node, variant->place),
		  take_turns(self->fd, first_target(self), &self->first));
	EXPECT_EQ(self->pins, observe_pins());
}

/* Two buffers of one queue that both wait for the device */
TEST_F_TIMEOUT(part, is_beside_another_in_one_queue, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	window_poison(&self->first);
	window_poison(&self->second);
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 2));
	ret = video_queue_user(self->fd, 0, first_target(self), NODE_FRAME);
	EXPECT_EQ(expect(variant->node, variant->place), ret);
	EXPECT_EQ(ret, video_queue_user(self->fd, 1, second_target(self),
					NODE_FRAME));
	if (!ret) {
		ASSERT_EQ(0, video_stream(self->fd, true));
		EXPECT_EQ(0, node_take(self->fd, &self->first, 0));
		EXPECT_EQ(0, node_take(self->fd, &self->second, 1));
	}
	node_stop(self->fd);
	if (!ret) {
		EXPECT_TRUE(window_shows(&self->first, 0));
		EXPECT_TRUE(window_shows(&self->second, 1));
	}
	EXPECT_EQ(self->pins, observe_pins());
}

/* Two devices at a time, and one of them again */
TEST_F_TIMEOUT(part, is_beside_that_of_another_device, TIMEOUT)
{
	enum node node = variant->node == NODE_SG ? NODE_CONTIG : NODE_SG;
	int ret, other_ret;

	SKIP_IF_NONE();
	self->other = node_open(node);
	ASSERT_LE(0, self->other);
	window_poison(&self->first);
	window_poison(&self->second);
	ret = node_start(self->fd, first_target(self), &self->first);
	EXPECT_EQ(expect(variant->node, variant->place), ret);
	other_ret = node_start(self->other, second_target(self), &self->second);
	EXPECT_EQ(expect(node, variant->place), other_ret);
	if (!ret)
		EXPECT_EQ(0, node_take(self->fd, &self->first, 0));
	if (!other_ret)
		EXPECT_EQ(0, node_take(self->other, &self->second, 0));
	if (!ret) {
		EXPECT_EQ(0, node_queue(self->fd, first_target(self), &self->first));
		EXPECT_EQ(0, node_take(self->fd, &self->first, 1));
	}
	if (!other_ret)
		EXPECT_TRUE(window_shows(&self->second, 0));
	node_stop(self->other);
	if (!ret)
		EXPECT_TRUE(window_shows(&self->first, 1));
	node_stop(self->fd);
	if (!other_ret)
		EXPECT_TRUE(window_shows(&self->second, 0));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_HARNESS_MAIN
