// SPDX-License-Identifier: GPL-2.0
/*
 * A device reads frames by DMA, through each of videobuf2's allocators, from
 * memory of every maker: the address goes in by QBUF(USERPTR), and the device
 * tells what it has read.
 */
#include <errno.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "guest.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"

#define PAGE		4096

FIXTURE(play)
{
	struct place place;
	struct window window;
	void *target;
	int out;
	int fd;
	int pins;
};

FIXTURE_VARIANT(play)
{
	enum node node;		/* a capture; the output is node_out() of it */
	enum place_kind place;
};

ON_EACH_NODE_AND_PLACE(play);

FIXTURE_SETUP(play)
{
	if (expect_none(variant->place))
		return;
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	self->out = node_open(node_out(variant->node));
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->out);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SIZE,
		.offset = 2 * PAGE + 3001, .len = NODE_FRAME,
	};
	self->target = self->place.target + self->window.offset;
	if (expect_above_4g(variant->place))
		ASSERT_TRUE(place_is_above_4g(&self->place));
}

FIXTURE_TEARDOWN(play)
{
}

/* The memory is what it was, too */
static int take(int out, const struct window *window, unsigned int sequence)
{
	int ret = node_out_take(out, window, sequence);

	return ret ?: window_shows(window, sequence) ? 0 : -EUCLEAN;
}

TEST_F_TIMEOUT(play, two_frames_in_one_buffer, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	window_draw(&self->window, 7);
	ret = node_out_start(self->out, self->target, &self->window);
	ASSERT_EQ(expect_out(variant->node, variant->place), ret);
	if (ret)
		return;
	EXPECT_EQ(0, take(self->out, &self->window, 7));
	window_draw(&self->window, 8);
	ASSERT_EQ(0, node_out_queue(self->out, self->target, &self->window));
	EXPECT_EQ(0, take(self->out, &self->window, 8));
	node_out_stop(self->out);
	EXPECT_TRUE(window_shows(&self->window, 8));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(play, two_frames_that_were_captured, TIMEOUT)
{
	SKIP_IF_NONE();
	EXPECT_EQ(expect(variant->node, variant->place),
		  node_round_trip(self->fd, self->out, self->target,
				  &self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* Nothing is written there */
TEST_F_TIMEOUT(play, from_a_read_only_mapping, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	window_draw(&self->window, 7);
	ASSERT_EQ(0, place_protect(&self->place));
	ret = node_out_start(self->out, self->target, &self->window);
	ASSERT_EQ(expect_out(variant->node, variant->place), ret);
	if (ret)
		return;
	EXPECT_EQ(0, take(self->out, &self->window, 7));
	node_out_stop(self->out);
	EXPECT_EQ(self->pins, observe_pins());
}

/* The other tests are worth what this comparison is worth */
TEST(notices_wrong_frames)
{
	int out = node_open(NODE_OUT_VMALLOC);
	struct window window = { .size = PLACE_SIZE, .len = NODE_FRAME };
	struct place place;

	ASSERT_LE(0, out);
	ASSERT_EQ(0, place_make(&place, PLACE_ANONYMOUS));
	window.map = place.view;
	window_draw(&window, 3);
	ASSERT_EQ(0, node_out_start(out, place.target, &window));
	EXPECT_EQ(-EBADMSG, take(out, &window, 4));
	window.map[NODE_FRAME - 1] ^= 1;
	ASSERT_EQ(0, node_out_queue(out, place.target, &window));
	EXPECT_EQ(-EBADMSG, take(out, &window, 3));
	window.map[NODE_FRAME - 1] ^= 1;
	window.map[NODE_FRAME] ^= 1;
	ASSERT_EQ(0, node_out_queue(out, place.target, &window));
	EXPECT_EQ(-EUCLEAN, take(out, &window, 3));
	node_out_stop(out);
}

TEST_HARNESS_MAIN
