// SPDX-License-Identifier: GPL-2.0
/*
 * A device captures by DMA, through each of videobuf2's allocators, into
 * memory of every maker: the address goes in by QBUF(USERPTR), the frame is
 * found in the memory through another mapping of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "expect.h"
#include "guest.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define PAGE		4096

/* ---- every allocator, every memory ---- */

FIXTURE(stream)
{
	struct place place;
	struct window window;
	int fd;
	int pins;
};

FIXTURE_VARIANT(stream)
{
	enum node node;
	enum place_kind place;
};

ON_EACH_NODE_AND_PLACE(stream);

FIXTURE_SETUP(stream)
{
	if (expect_none(variant->place))
		return;
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SIZE, .len = NODE_FRAME,
	};
	window_poison(&self->window);
}

FIXTURE_TEARDOWN(stream)
{
}

TEST_F_TIMEOUT(stream, captures, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	/* The memory is what the name says */
	if (!expect_device_memory(variant->place)) {
		ASSERT_EQ(expect_scattered(variant->place),
			  place_is_scattered(&self->place));
		ASSERT_EQ(!expect_scattered(variant->place),
			  place_is_contiguous(&self->place));
	}
	if (expect_above_4g(variant->place))
		ASSERT_TRUE(place_is_above_4g(&self->place));

	ret = node_capture(self->fd, self->place.target, &self->window);
	ASSERT_EQ(expect(variant->node, variant->place), ret);
	EXPECT_EQ(self->pins, observe_pins());
}

/* From one page over a whole one into a third */
TEST_F_TIMEOUT(stream, captures_at_byte_offset, TIMEOUT)
{
	int ret;

	SKIP_IF_NONE();
	self->window.offset = 2 * PAGE + 3001;
	ret = node_capture(self->fd, self->place.target + self->window.offset,
			   &self->window);
	ASSERT_EQ(expect(variant->node, variant->place), ret);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(stream, refuses_read_only, TIMEOUT)
{
	static unsigned char elsewhere[PLACE_SIZE];

	SKIP_IF_NONE();
	/* the test cannot write there either, if it has no other mapping */
	self->window.map = elsewhere;
	ASSERT_EQ(0, place_protect(&self->place));
	ASSERT_EQ(-EFAULT, node_capture(self->fd, self->place.target,
					&self->window));
	EXPECT_EQ(self->pins, observe_pins());
}

/* Whoever owns a frame once it is dequeued may write there, and let go */
TEST_F_TIMEOUT(stream, keeps_what_is_written_then, TIMEOUT)
{
	int ret = node_start(self->fd, self->place.target, &self->window);

	SKIP_IF_NONE();
	ASSERT_EQ(expect(variant->node, variant->place), ret);
	if (ret)
		return;
	ASSERT_EQ(0, node_take(self->fd, &self->window, 0));
	window_poison(&self->window);
	node_stop(self->fd);
	EXPECT_TRUE(window_is_poison(&self->window));
}

/* ---- one range, several VMAs ---- */

FIXTURE(split)
{
	struct place place;
	int fd;
};

FIXTURE_VARIANT(split)
{
	enum node node;
	enum place_kind place;
};

ON_EACH_NODE(split, vb2_contig, .place = PLACE_VB2_CONTIG);
ON_EACH_NODE(split, system_heap, .place = PLACE_SYSTEM_HEAP);
ON_EACH_NODE(split, cma_heap, .place = PLACE_CMA_HEAP);
ON_EACH_NODE(split, udmabuf, .place = PLACE_UDMABUF);
ON_EACH_NODE(split, extents_vmap, .place = PLACE_EXTENTS_VMAP);
ON_EACH_NODE(split, anonymous, .place = PLACE_ANONYMOUS);
ON_EACH_NODE(split, memfd, .place = PLACE_MEMFD);

FIXTURE_SETUP(split)
{
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_make(&self->place, variant->place));
	ASSERT_EQ(0, place_split(&self->place));
}

FIXTURE_TEARDOWN(split)
{
}

TEST_F_TIMEOUT(split, captures_across_vmas, TIMEOUT)
{
	struct window window = {
		.map = self->place.view, .size = PLACE_SIZE,
		.offset = PAGE - 1000, .len = NODE_FRAME,
	};
	int ret;

	ASSERT_LE(3, place_vmas(self->place.target));
	ret = node_capture(self->fd, self->place.target + window.offset, &window);
	ASSERT_EQ(expect(variant->node, variant->place), ret);
}

/* ---- special cases ---- */

FIXTURE(device)
{
	int fd;
};

FIXTURE_VARIANT(device)
{
	enum node node;
};

ON_NODES(device);

FIXTURE_SETUP(device)
{
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
}

/* All of a dma-buf, whose table is then used as it is */
TEST_F_TIMEOUT(device, captures_into_whole_buffer, TIMEOUT)
{
	int exporter = node_open(NODE_EXPORTER);
	struct window window = { .size = 2 * PAGE, .len = 2 * PAGE };
	struct v4l2_buffer buf;
	void *target;

	ASSERT_LE(0, exporter);
	ASSERT_EQ(0, video_create_buffer(exporter, 2 * PAGE, &buf));
	target = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      exporter, buf.m.offset);
	window.map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  exporter, buf.m.offset);
	ASSERT_NE(MAP_FAILED, target);
	ASSERT_NE(MAP_FAILED, (void *)window.map);
	ASSERT_EQ(0, node_set_lines(self->fd, 2 * PAGE / NODE_LINE));
	ASSERT_EQ(0, node_capture(self->fd, target, &window));
}

/* Buffers that the exporter let go of, imported by the device they were made for */
TEST_F_TIMEOUT(device, captures_into_its_own_buffer, TIMEOUT)
{
	struct window window = { .size = PLACE_SIZE, .len = NODE_FRAME };
	struct v4l2_buffer buf;
	void *target;

	ASSERT_EQ(0, video_create_buffer(self->fd, PLACE_SIZE, &buf));
	target = mmap(NULL, PLACE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->fd, buf.m.offset);
	window.map = mmap(NULL, PLACE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, buf.m.offset);
	ASSERT_NE(MAP_FAILED, target);
	ASSERT_NE(MAP_FAILED, (void *)window.map);
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_MMAP, 0));
	window.offset = PAGE / 2;
	ASSERT_EQ(0, node_capture(self->fd, target + window.offset, &window));
}

/* What must not change */
TEST_F_TIMEOUT(device, streams_by_mmap, TIMEOUT)
{
	struct window window = { .size = NODE_FRAME, .len = NODE_FRAME };
	struct v4l2_buffer buf;

	ASSERT_EQ(0, video_create_buffer(self->fd, 2 * PAGE, &buf));
	window.map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, buf.m.offset);
	ASSERT_NE(MAP_FAILED, (void *)window.map);
	window_poison(&window);
	ASSERT_EQ(0, video_queue_mmap(self->fd, buf.index));
	ASSERT_EQ(0, video_stream(self->fd, true));
	ASSERT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_MMAP, &buf));
	ASSERT_EQ(0, video_stream(self->fd, false));
	EXPECT_TRUE(window_shows(&window, 0));
}

/* The guest is what the rules of the matrix take it for */
TEST(guest_is_as_told)
{
	char pci[64], path[256], type[32] = "", masks[64] = "";
	FILE *file;

	ASSERT_EQ(0, node_pci_name(NODE_CONTIG, pci, sizeof(pci)));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/type", pci);
	file = fopen(path, "re");
	if (file && !fgets(type, sizeof(type), file))
		type[0] = '\0';
	EXPECT_EQ(guest_kind() == GUEST_IOMMU, !strncmp(type, "DMA", 3));
	file = fopen("/sys/module/vo_capture/parameters/dma_mask", "re");
	ASSERT_NE(NULL, file);
	ASSERT_NE(NULL, fgets(masks, sizeof(masks), file));
	/* the exporter's memory is out of reach of all others */
	EXPECT_STREQ(guest_kind() == GUEST_32BIT ? "32,32,32,64,32,32,32\n" :
		     "64\n", masks);
}

/* The other tests are worth what their comparison is worth. */
TEST(notices_wrong_frames)
{
	static unsigned char memory[NODE_FRAME + 64], page[PAGE];
	struct window window = {
		.map = memory, .size = sizeof(memory), .offset = 32,
		.len = NODE_FRAME,
	};
	struct window shown = window;
	size_t i;

	window_poison(&window);
	EXPECT_FALSE(window_shows(&window, 0));
	for (i = 0; i < NODE_FRAME; i++)
		memory[32 + i] = node_texel(5, i);
	EXPECT_TRUE(window_shows(&window, 5));
	EXPECT_FALSE(window_shows(&window, 4));
	shown.offset = 33;
	EXPECT_FALSE(window_shows(&shown, 5));
	memory[32 + NODE_FRAME] ^= 1;
	EXPECT_FALSE(window_shows(&window, 5));
	memory[32 + NODE_FRAME] ^= 1;
	/* pages the wrong way round */
	memcpy(page, memory + 32, 2048);
	memcpy(memory + 32, memory + 32 + 4096, 2048);
	memcpy(memory + 32 + 4096, page, 2048);
	EXPECT_FALSE(window_shows(&window, 5));
}

TEST_HARNESS_MAIN
