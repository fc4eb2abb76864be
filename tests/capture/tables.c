// SPDX-License-Identifier: GPL-2.0
/*
 * What a table of memory has to be for a device: in one piece, in pieces no longer
 * than it takes, with pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "guest.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define NEED_PAGES	"/sys/module/vo_capture/parameters/need_pages"

/* ---- large buffers, and devices that take short segments ---- */

#define LINES		5
#define STRIDE		((unsigned int)(PLACE_BIG - NODE_LINE) / (LINES - 1))

FIXTURE(big)
{
	struct place place;
	int pins;
	int fd;
};

FIXTURE_VARIANT(big)
{
	enum node node;
	bool udmabuf;
};

ON_EACH_NODE(big, hugetlb, .udmabuf = false);
ON_EACH_NODE(big, udmabuf, .udmabuf = true);

FIXTURE_SETUP(big)
{
	if (variant->udmabuf && !UDMABUF_TAKES_HUGETLB)
		return;
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, node_set_format(self->fd, variant->node, NODE_LINE, LINES,
				     STRIDE));
	ASSERT_EQ(0, place_make_big(&self->place, variant->udmabuf));
}

FIXTURE_TEARDOWN(big)
{
}

/* No bounce buffer is as large as the one entry of contig's table, or a udmabuf's */
static int expect_big(enum node node, bool udmabuf)
{
	if (guest_kind() != GUEST_32BIT || node == NODE_VMALLOC)
		return 0;
	if (udmabuf && UDMABUF_MAPS_PAGES)
		return node == NODE_CONTIG ? -EFAULT : 0;
	return node == NODE_CONTIG || udmabuf ? -EIO : 0;
}

/* Lines of frame @sequence, far apart, and nothing in between */
static bool shows_lines(const unsigned char *map, unsigned int sequence)
{
	unsigned int line, x;
	unsigned char due;
	size_t at;

	for (at = 0; at < PLACE_BIG; at++) {
		line = at / STRIDE;
		x = at % STRIDE;
		due = x < NODE_LINE ? node_texel(sequence, line * NODE_LINE + x) :
				      NODE_POISON;
		if (map[at] != due) {
			printf("# line %u, byte %u: %#x where %#x is due\n",
			       line, x, map[at], due);
			return false;
		}
	}
	return true;
}

TEST_F_TIMEOUT(big, captures_from_end_to_end, TIMEOUT)
{
	struct v4l2_buffer buf;
	int ret;

	if (variant->udmabuf && !UDMABUF_TAKES_HUGETLB)
		SKIP(return, "udmabuf takes no huge pages");
	memset(self->place.view, NODE_POISON, PLACE_BIG);
	if (guest_kind() == GUEST_32BIT)
		ASSERT_LE(1ULL << 32, place_phys(self->place.target));
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	ret = video_queue_user(self->fd, 0, self->place.target, PLACE_BIG);
	ASSERT_EQ(expect_big(variant->node, variant->udmabuf), ret);
	if (ret)
		return;
	ASSERT_EQ(0, video_stream(self->fd, true));
	ASSERT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf));
	EXPECT_EQ(0, buf.flags & V4L2_BUF_FLAG_ERROR);
	EXPECT_TRUE(shows_lines(self->place.view, 0));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

/* ---- pieces that adjoin ---- */

/* Of a device that bounces other memory, too */
TEST(contig_takes_pieces_that_adjoin)
{
	struct window window = { .size = PLACE_SIZE, .len = NODE_FRAME };
	int fd = node_open(NODE_CONTIG);
	struct place place;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, place_make(&place, PLACE_EXTENTS_PIECES));
	ASSERT_TRUE(place_is_contiguous(&place));
	ASSERT_FALSE(place_is_above_4g(&place));
	window.map = place.view;
	window.offset = 3000;
	EXPECT_EQ(0, node_capture(fd, place.target + window.offset, &window));
}

/* ---- pages ---- */

static int write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, line, strlen(line)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

FIXTURE(pages)
{
	struct place place;
	int fd;
};

FIXTURE_VARIANT(pages)
{
	enum place_kind place;
	int expected;
};

FIXTURE_VARIANT_ADD(pages, anonymous) { .place = PLACE_ANONYMOUS };
FIXTURE_VARIANT_ADD(pages, memfd) { .place = PLACE_MEMFD };
FIXTURE_VARIANT_ADD(pages, extents) { .place = PLACE_EXTENTS, .expected = -EOPNOTSUPP };
FIXTURE_VARIANT_ADD(pages, heap) { .place = PLACE_HEAP, .expected = -EOPNOTSUPP };
FIXTURE_VARIANT_ADD(pages, udmabuf) { .place = PLACE_UDMABUF, .expected = -EOPNOTSUPP };

FIXTURE_SETUP(pages)
{
	self->fd = node_open(NODE_SG);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	ASSERT_EQ(0, write_line(NEED_PAGES, "1"));
}

FIXTURE_TEARDOWN(pages)
{
	/* For the tests that follow, however this one ended */
	write_line(NEED_PAGES, "0");
}

/* A driver that reads pages gets them, or user space an errno */
TEST_F_TIMEOUT(pages, are_there_or_the_buffer_is_refused, TIMEOUT)
{
	struct window window = {
		.map = self->place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};

	EXPECT_EQ(variant->expected,
		  node_capture(self->fd, self->place.target, &window));
	/* and nobody else is refused */
	ASSERT_EQ(0, write_line(NEED_PAGES, "0"));
	EXPECT_EQ(expect(NODE_SG, variant->place),
		  node_capture(self->fd, self->place.target, &window));
}

/* ---- pages in the VMA, but no kernel mapping of the dma-buf ---- */

FIXTURE(no_vmap)
{
	int fd;
};

FIXTURE_VARIANT(no_vmap)
{
	enum node node;
};

ON_NODES(no_vmap);

FIXTURE_SETUP(no_vmap)
{
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(no_vmap)
{
}

/* Pages that were taken from a VMA behind its owner's back nobody could sync */
TEST_F_TIMEOUT(no_vmap, is_refused_by_who_needs_one, TIMEOUT)
{
	struct window window = { .size = PLACE_SIZE, .len = NODE_FRAME };
	struct place place;

	ASSERT_EQ(0, place_make(&place, PLACE_DMABUF_NO_VMAP));
	window.map = place.view;
	EXPECT_EQ(variant->node == NODE_VMALLOC ? -EOPNOTSUPP :
		  expect(variant->node, PLACE_DMABUF_NO_VMAP),
		  node_capture(self->fd, place.target, &window));
}

TEST_HARNESS_MAIN
